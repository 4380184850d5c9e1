// What users of the demo see, in browsers.

import { AGENTS, COOKIE, newEmail } from "./browsers.mjs";
import { assert, assertEqual, eventually, test } from "./harness.mjs";
import { connectFrom, fetchFrom, frameOf, postForm, startHostile } from "./hostile.mjs";

const WEEK = 7 * 24 * 60 * 60;
const seconds = () => Date.now() / 1000;

test("whoever signs up is signed in, by a cookie that no script sees", async (browsers) => {
  const ada = await browsers.device();
  assertEqual(await ada.status(), "Not signed in");
  await ada.signUp(newEmail());
  assertEqual(await ada.status(), "Signed in as Ada Lovelace");
  const cookie = await ada.cookie();
  assertEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Lax", "/"]);
  assert(Math.abs(cookie.expires - seconds() - WEEK) < 60, `it lasts a week, until ${cookie.expires}`);
  assertEqual(await ada.page.evaluate(() => document.cookie), "");
  await ada.page.reload();
  await ada.isActive();
});

test("a wrong password signs nobody in, the right one does, and a sign-out takes the cookie", async (browsers) => {
  const ada = await browsers.signedIn();
  const before = await ada.token();
  await ada.press("#sign-out", "account", "POST /account/sign-out → 204");
  await ada.isOut();
  assertEqual(await ada.cookie(), undefined);

  await ada.signIn(ada.email, "wrong horse battery staple");
  await ada.says("account", "→ 401 INVALID_EMAIL_OR_PASSWORD");
  assertEqual(await ada.cookie(), undefined);

  await ada.signIn(ada.email);
  await ada.isActive();
  assert((await ada.token()) !== before, "it is another session");
});

test("the session that was signed out is over, whoever has kept its cookie", async (browsers) => {
  const ada = await browsers.signedIn();
  const kept = await ada.context.cookies();
  await ada.press("#sign-out", "account", "→ 204");
  const cookie = kept.map(({ name, value }) => `${name}=${value}`).join("; ");
  const me = await fetch(`${ada.origin}/api/me`, { headers: { cookie } });
  assertEqual([me.status, (await me.json()).code], [401, "INVALID_SESSION"]);
  assert(me.headers.getSetCookie().some((line) => line.startsWith(`${COOKIE}=;`)), "a dead cookie is taken away");
});

test("a sign-out at Better Auth's own path, through the proxy, holds at once as well", async (browsers) => {
  const ada = await browsers.signedIn();
  const kept = await ada.context.cookies();
  const out = await ada.page.evaluate(() =>
    fetch("/api/auth/sign-out", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    }).then((response) => response.status));
  assertEqual(out, 200);
  await ada.isOut();
  const cookie = kept.map(({ name, value }) => `${name}=${value}`).join("; ");
  assertEqual((await fetch(`${ada.origin}/api/me`, { headers: { cookie } })).status, 401);
});

test("own notes are written and read, and those of somebody else are a 403", async (browsers) => {
  const [ada, eve] = [await browsers.signedIn(), await browsers.signedIn()];
  await ada.page.fill("#text", "Ask about <b>looms</b>");
  await ada.press("#write button", "notes", "→ 201");
  await ada.page.reload();
  await ada.isActive();
  const note = ada.page.locator("#note-list li");
  await eventually("the note is there", async () => (await note.allTextContents()).join() === "Ask about <b>looms</b>");
  await ada.press("#read-grace", "notes", "/api/users/grace/notes → 403 USER_ID_MISMATCH");

  const me = await (await ada.context.request.get(`${ada.origin}/api/me`)).json();
  const stolen = await eve.context.request.get(`${eve.origin}/api/users/${me.user.id}/notes`);
  assertEqual([stolen.status(), (await stolen.json()).code], [403, "USER_ID_MISMATCH"]);
});

test("an admin's page is a 403, and lets in whoever has just been made one, in the same session", async (browsers) => {
  const ada = await browsers.signedIn();
  const before = await ada.token();
  await ada.press("#stats", "admin", "→ 403 INSUFFICIENT_ROLE");
  await ada.press("#promote", "admin", "→ 204");
  await ada.press("#stats", "admin", "→ 200");
  await ada.press("#read-grace", "notes", "A ship in port is safe");
  assertEqual(await ada.token(), before);
});

test("two browsers are two devices, and the one that is signed out is out at once", async (browsers) => {
  const laptop = await browsers.signedIn();
  const phone = await browsers.device({ userAgent: AGENTS.FIREFOX });
  await phone.signIn(laptop.email);
  await phone.isActive();
  await phone.says("live", "open");
  await laptop.page.reload();
  await laptop.isActive();
  await eventually("both are listed", async () => (await laptop.rows()) === 2);
  const rows = await laptop.page.locator("#device-list li").allTextContents();
  assert(rows[0].startsWith("Chrome 148") && rows[0].includes("this one"), rows[0]);
  assert(rows[1].startsWith("Firefox 150") && rows[1].includes("127.0.0.1"), rows[1]);
  const list = await laptop.context.request.get(`${laptop.origin}/account/sessions`);
  const said = await list.text();
  for (const device of [laptop, phone]) {
    const [token] = decodeURIComponent(await device.token()).split(".");
    assert(token.length === 32 && !said.includes(token), "no token is in the list");
  }

  const began = Date.now();
  await laptop.press("#device-list button", "devices", "→ 204");
  await phone.says("live", "closed with 1008");
  await phone.isOut();
  assert(Date.now() - began < 3000, `it took ${Date.now() - began} ms`);
  await laptop.isActive();
  await eventually("one is left", async () => (await laptop.rows()) === 1);
});

test("all other devices are signed out at once, and the one in hand stays", async (browsers) => {
  const laptop = await browsers.signedIn();
  const others = [await browsers.device(), await browsers.device()];
  for (const device of others) {
    await device.signIn(laptop.email);
    await device.isActive();
  }
  await laptop.press("#revoke-others", "devices", "DELETE /account/sessions → 204");
  for (const device of others) await device.isOut();
  await laptop.isActive();
});

test("a live connection ticks, and is closed with 1008 when its user signs out", async (browsers) => {
  const ada = await browsers.signedIn();
  await ada.says("live", "open");
  const before = await ada.ticks();
  await eventually("it ticks", async () => (await ada.ticks()) > before);
  await ada.press("#sign-out", "account", "→ 204");
  await ada.says("live", "closed with 1008");
  const after = await ada.ticks();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assertEqual(await ada.ticks(), after, "it ticks no more:");
});

test("in an outage the page says so, and goes on afterwards without a new sign-in", async (browsers) => {
  const ada = await browsers.signedIn();
  const before = await ada.token();
  await ada.press("#power", "switch", "→ 204");
  await ada.isUnavailable();
  await browsers.photograph(`${browsers.pictures}/outage`);
  await ada.press("#stats", "admin", "→ 503 AUTH_SERVICE_UNAVAILABLE");
  await ada.press("#sign-out", "account", "→ 503 AUTH_SERVICE_UNAVAILABLE");
  await ada.page.reload();
  await ada.isUnavailable();
  const anonymous = await browsers.chromium.newContext();
  const me = await anonymous.request.get(`${ada.origin}/api/me`);
  assertEqual(me.status(), 401, "whoever shows no session is told so in an outage too:");
  await anonymous.close();

  await ada.page.click("#power");
  await ada.isActive();
  await ada.press("#stats", "admin", "→ 403 INSUFFICIENT_ROLE");
  assertEqual(await ada.token(), before);
  await ada.says("live", "open");
});

test("a session in use is prolonged, and the cookie with it", async (browsers) => {
  const ada = await browsers.signedIn();
  const before = await ada.cookie();
  const later = await eventually(
    "the cookie lasts longer",
    async () => {
      const cookie = await ada.cookie();
      return cookie.expires > before.expires + 3 ? cookie : null;
    },
    15_000,
  );
  assertEqual([later.value, later.httpOnly, later.sameSite], [before.value, true, "Lax"]);
});

for (const where of ["otherSite", "sameSite"]) {
  const kind = where === "otherSite" ? "another site" : "another origin of the same site";
  test(`${kind} can neither change, read, frame nor listen`, async (browsers) => {
    const ada = await browsers.signedIn();
    const hostile = await startHostile();
    try {
      const page = await ada.context.newPage();
      await page.goto(hostile[where]);
      for (const path of ["/account/sign-out", "/demo/make-me-admin", "/api/auth/sign-out"]) {
        const said = await postForm(page, ada.origin + path);
        assert(/CROSS_SITE|ORIGIN|UNAUTHENTICATED/.test(said), `a form to ${path} is told: ${said}`);
      }
      const me = await (await ada.context.request.get(`${ada.origin}/api/me`)).json();
      assertEqual(me.user.role, "user");
      for (const [method, path] of [
        ["GET", "/api/me"],
        ["POST", "/account/sign-out"],
        ["DELETE", "/account/sessions"],
        ["POST", "/demo/auth-server"],
      ]) {
        assertEqual(await fetchFrom(page, ada.origin + path, method), "refused", `${method} ${path}`);
      }
      const socket = `${ada.origin.replace("http", "ws")}/api/live`;
      assertEqual(await connectFrom(page, socket), "refused", "a socket");
      assertEqual(await connectFrom(ada.page, socket), "open", "the page's own socket");
      assertEqual(await frameOf(page, ada.origin), "refused", "a frame");
      await page.close();
      await ada.page.reload();
      await ada.isActive();
    } finally {
      hostile.stop();
    }
  });
}

test("every answer carries the security headers", async (browsers) => {
  const ada = await browsers.signedIn();
  for (const path of ["/", "/app.js", "/api/me", "/api/auth/get-session", "/api/admin/stats", "/nowhere"]) {
    const headers = (await ada.context.request.get(ada.origin + path)).headers();
    assert(headers["content-security-policy"]?.includes("frame-ancestors 'none'"), `${path}: CSP`);
    assert(!headers["content-security-policy"].includes("unsafe"), `${path}: CSP`);
    assert(headers["strict-transport-security"]?.startsWith("max-age="), `${path}: HSTS`);
    assertEqual(headers["x-content-type-options"], "nosniff", path);
  }
});

test("it works by keyboard alone", async (browsers) => {
  const ada = await browsers.device();
  await ada.page.focus("[name=email]");
  await ada.page.keyboard.press("ControlOrMeta+a");
  await ada.page.keyboard.type(newEmail());
  await ada.page.keyboard.press("Tab");
  await ada.page.keyboard.type("correct horse battery staple");
  await ada.page.keyboard.press("Tab");
  await ada.page.keyboard.press("Enter");
  await ada.isActive();
  await ada.page.focus("#power");
  await ada.page.keyboard.press("Space");
  await ada.isUnavailable();
  await eventually("the switch is ready", async () => (await ada.page.locator("#power").getAttribute("aria-busy")) === "false");
  await ada.page.keyboard.press("Space");
  await ada.isActive();
});

for (const colorScheme of ["light", "dark"]) {
  test(`it fits a phone in the ${colorScheme}`, async (browsers) => {
    const ada = await browsers.signedIn({ viewport: { width: 360, height: 740 }, colorScheme });
    const overflow = await ada.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assertEqual(overflow, 0, "it scrolls sideways by");
    const [ink, ground] = await ada.page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return [style.color, style.backgroundColor];
    });
    assert(contrast(ink, ground) >= 7, `${ink} on ${ground}`);
    await browsers.photograph(`${browsers.pictures}/phone-${colorScheme}`);
  });
}

test("without Node there is another auth server, and the page says so", async (browsers) => {
  const demo = await browsers.startAnother({ PATH: "/nowhere" });
  const ours = browsers.origin;
  try {
    browsers.origin = demo.origin;
    const ada = await browsers.signedIn();
    assert((await ada.page.locator("#note").textContent()).includes("Node is not in the PATH"), "the note");
    const before = await ada.token();
    await ada.press("#promote", "admin", "→ 204");
    await ada.press("#stats", "admin", "→ 200");
    await ada.press("#power", "switch", "→ 204");
    await ada.isUnavailable();
    await ada.page.click("#power");
    await ada.isActive();
    assertEqual(await ada.token(), before);
    await ada.press("#sign-out", "account", "→ 204");
    await ada.says("live", "closed with 1008");
    await ada.isOut();
  } finally {
    browsers.origin = ours;
    await demo.stop();
  }
});

// Last, because it uses up what one address may try.
test("passwords can be guessed only so fast", async (browsers) => {
  const ada = await browsers.device();
  const answers = await ada.page.evaluate(async () => {
    const body = JSON.stringify({ email: "ada@example.com", password: "guess guess guess" });
    const headers = { "content-type": "application/json" };
    const statuses = [];
    for (let guess = 0; guess < 20; guess += 1) {
      statuses.push((await fetch("/api/auth/sign-in/email", { method: "POST", headers, body })).status);
    }
    return statuses;
  });
  const limited = answers.filter((status) => status === 429).length;
  assert(limited >= 10 && answers.at(-1) === 429, answers.join());
});

/** Of two colours, as WCAG computes it. */
function contrast(one, other) {
  const luminance = (color) => {
    const [r, g, b] = color.match(/\d+/g).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}
