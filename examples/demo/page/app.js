// The page of the demo. It knows who is signed in only by asking: the session cookie is not for scripts.

const $ = (selector) => document.querySelector(selector);
const state = { user: null, socket: null };

/** One request of the page's own origin. `null` as status: not even this app could be reached. */
async function call(method, path, body) {
  const request = { method, headers: {} };
  if (body !== undefined) {
    request.headers["content-type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  try {
    const response = await fetch(path, request);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  } catch {
    return { status: null, body: {} };
  }
}

/** The same, with the answer written into the card. */
async function callIn(card, method, path, body) {
  const answer = await call(method, path, body);
  say(card, `${method} ${path} → ${answer.status ?? "no answer"} ${answer.body.code ?? ""}`, isGood(answer));
  if (answer.status === 503 || answer.status === 401) await look();
  return answer;
}

const isGood = (answer) => answer.status !== null && answer.status < 400;

function say(card, text, isGood) {
  const output = $(`#${card} .said`);
  output.textContent = text.trim();
  output.dataset.good = isGood;
}

// Who is signed in.

async function look() {
  const answer = await call("GET", "/api/me");
  if (answer.status === 200) return signedIn(answer.body);
  if (answer.status === 401) return signedOut();
  // Whatever else it is, it says nothing about the session.
  show("unavailable", "Temporarily unavailable");
}

function signedIn({ user, session }) {
  const isNew = state.user?.id !== user.id;
  state.user = user;
  show("active", `Signed in as ${user.name}`);
  const rows = [
    ["Name", user.name],
    ["Email", user.email],
    ["Role", user.role ?? "user"],
    ["Session until", time(session.expiresAt)],
    ["Scripts see", document.cookie === "" ? "no cookie" : document.cookie],
  ];
  $("#me").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  if (isNew) {
    listen();
    showNotes();
    showDevices();
  }
}

function signedOut() {
  state.user = null;
  show("anonymous", "Not signed in");
  // The live connection is the app's to close.
  for (const list of ["#note-list", "#device-list"]) $(list).replaceChildren();
}

function show(name, text) {
  const status = $("#status");
  // Written only when it changes, so that it is read out only then.
  if (status.textContent !== text) status.textContent = text;
  status.dataset.state = name;
  $("#outage").hidden = name !== "unavailable";
  document.body.dataset.signedIn = state.user !== null;
}

// Account.

$("#credentials").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = Object.fromEntries(new FormData(event.target));
  const what = event.submitter?.value ?? "sign-in";
  const answer = await callIn("account", "POST", `/api/auth/${what}/email`, form);
  if (isGood(answer)) event.target.elements.password.value = "";
  await look();
});

$("#sign-out").addEventListener("click", async () => {
  await callIn("account", "POST", "/account/sign-out");
  await look();
});

// Notes.

const notesOf = (id) => `/api/users/${encodeURIComponent(id)}/notes`;

async function showNotes() {
  const answer = await call("GET", notesOf(state.user.id));
  if (isGood(answer)) $("#note-list").replaceChildren(...answer.body.map((text) => element("li", text)));
}

$("#write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { text } = Object.fromEntries(new FormData(event.target));
  const answer = await callIn("notes", "POST", notesOf(state.user?.id ?? "nobody"), { text });
  if (!isGood(answer)) return;
  event.target.reset();
  await showNotes();
});

$("#read-grace").addEventListener("click", async () => {
  const answer = await callIn("notes", "GET", notesOf("grace"));
  if (isGood(answer)) say("notes", `GET ${notesOf("grace")} → 200 “${answer.body.join("”, “")}”`, true);
});

// Admin.

$("#stats").addEventListener("click", async () => {
  const answer = await callIn("admin", "GET", "/api/admin/stats");
  if (isGood(answer)) say("admin", `GET /api/admin/stats → 200 ${answer.body.notes} notes`, true);
});

$("#promote").addEventListener("click", async () => {
  await callIn("admin", "POST", "/demo/make-me-admin");
  await look();
});

// Devices.

async function showDevices() {
  const answer = await call("GET", "/account/sessions");
  if (!isGood(answer)) return;
  $("#device-list").replaceChildren(...answer.body.map(device));
}

function device({ id, userAgent, ipAddress, createdAt, current }) {
  const row = element("li");
  const what = element("span", browser(userAgent ?? ""));
  what.append(element("small", `${ipAddress ?? "unknown address"}, since ${time(createdAt)}`));
  row.append(what);
  if (current) {
    row.append(element("strong", "this one"));
  } else {
    const button = element("button", "Sign out");
    button.className = "quiet";
    button.addEventListener("click", async () => {
      await callIn("devices", "DELETE", `/account/sessions/${encodeURIComponent(id)}`);
      await showDevices();
    });
    row.append(button);
  }
  return row;
}

$("#revoke-others").addEventListener("click", async () => {
  await callIn("devices", "DELETE", "/account/sessions");
  await showDevices();
});

/** The last product that a browser names is the one that it is called by, but for those that call themselves Safari. */
function browser(userAgent) {
  const products = userAgent.match(/(Firefox|Edg|OPR|HeadlessChrome|Chrome|Safari)\/\d+/g) ?? [];
  const name = products.find((product) => !product.startsWith("Safari")) ?? products[0];
  return name?.replace("/", " ").replace("Headless", "") ?? (userAgent || "Unknown device");
}

// Live.

function listen() {
  state.socket?.close();
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`);
  state.socket = socket;
  socket.addEventListener("open", () => say("live", "open", true));
  socket.addEventListener("message", ({ data }) => { $("#ticks").textContent = data; });
  socket.addEventListener("close", async ({ code, reason }) => {
    if (state.socket !== socket) return;
    state.socket = null;
    say("live", `closed with ${code} ${reason}`, false);
    await look();
  });
}

// Outage.

$("#power").addEventListener("click", async () => {
  const power = $("#power");
  // Not disabled, which would take the focus from whoever uses the keyboard.
  if (power.ariaBusy === "true") return;
  power.ariaBusy = "true";
  await callIn("switch", "POST", "/demo/auth-server", { running: power.getAttribute("aria-checked") !== "true" });
  await showPower();
  power.ariaBusy = "false";
  await look();
});

async function showPower() {
  const { body } = await call("GET", "/demo/auth-server");
  $("#power").setAttribute("aria-checked", body.running === true);
  $("#power").textContent = body.running === true ? "The auth server is running" : "The auth server is stopped";
  $("#note").textContent = body.note ?? "";
  $("#note").hidden = !body.note;
}

// The rest.

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

const time = (text) => (text ? new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "unknown");

$("#credentials").elements.email.value = `ada.${Math.random().toString(36).slice(2, 8)}@example.com`;
await Promise.all([showPower(), look()]);
// Notices what happens elsewhere: a sign-out on another device, an outage, its end.
setInterval(() => {
  if (!document.hidden) look();
  if (state.user !== null && state.socket === null && $("#status").dataset.state === "active") listen();
}, 1000);
