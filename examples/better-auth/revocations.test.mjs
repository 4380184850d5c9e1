// Which messages each endpoint brings about, where sessions lie in the database and where they do not.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { admin, bearer, multiSession, organization } from "better-auth/plugins";
import { revocations } from "./revocations.mjs";

// A test that waits for what does not come has an end.
const LIMIT = { timeout: 30_000 };

const SECRET = "whsec_ZXhhbXBsZSBzZWNyZXQsIG1ha2UgeW91ciBvd24h";
const URL_ = "http://localhost:3000";
const PASSWORD = "correct horse battery staple";
const TABLES = ["user", "session", "account", "verification", "organization", "member", "invitation"];

// Where Better Auth keeps what it would keep in Redis.
function storage() {
  const map = new Map();
  return {
    get: async (key) => map.get(key) ?? null,
    set: async (key, value) => void map.set(key, value),
    delete: async (key) => void map.delete(key),
    getAndDelete: async (key) => {
      const value = map.get(key) ?? null;
      map.delete(key);
      return value;
    },
    increment: async (key) => map.set(key, (map.get(key) ?? 0) + 1).get(key),
  };
}

async function world(t, secondaryStorage) {
  const received = [];
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const chunk of req.setEncoding("utf8")) body += chunk;
    received.push(JSON.parse(body));
    res.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const auth = betterAuth({
    baseURL: URL_,
    secret: "a secret of the tests, long enough",
    database: memoryAdapter(Object.fromEntries(TABLES.map((table) => [table, []]))),
    secondaryStorage,
    emailAndPassword: {
      enabled: true,
      password: { hash: async (text) => text, verify: async ({ hash, password }) => hash === password },
    },
    user: { deleteUser: { enabled: true } },
    databaseHooks: {
      user: { create: { before: async (user) => ({ data: { ...user, role: user.name } }) } },
    },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [
      admin(),
      organization(),
      bearer(),
      multiSession(),
      revocations({ receivers: `http://127.0.0.1:${server.address().port}/`, secret: SECRET }),
    ],
  });

  // A browser, which keeps its cookies.
  function browser() {
    const jar = new Map();
    return async function call(path, body = {}) {
      const headers = { origin: URL_, "content-type": "application/json" };
      headers.cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const request = new Request(`${URL_}/api/auth/${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      const response = await auth.handler(request);
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (value === "" || /max-age=0/i.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
      assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
      return response.json();
    };
  }

  let users = 0;
  async function signUp(name, call = browser()) {
    users += 1;
    const credentials = { email: `${name}${users}@example.com`, password: PASSWORD };
    const { user, token } = await call("sign-up/email", { ...credentials, name });
    return { id: user.id, token, credentials, call };
  }
  async function signIn(user, call = browser()) {
    const { token } = await call("sign-in/email", user.credentials);
    return { ...user, token, call };
  }

  // The types that were sent because of what `act` did, each with whom it is about. Waits for them for less than a message
  // is held back at most.
  async function sent(act, isAll) {
    await sleep(30);
    received.length = 0;
    await act();
    for (let waited = 0; waited < 400 && !isAll(received); waited += 5) await sleep(5);
    const names = received.map(({ type, data }) => {
      assert.ok(type === "everything" || data.userId, `${type} without a user`);
      assert.equal(Boolean(data.sessionId), type.startsWith("session."), type);
      return type;
    });
    return { types: [...new Set(names)].sort(), received: [...received] };
  }
  while (received.length === 0) await sleep(5);
  assert.deepEqual(received.map(({ type }) => type), ["everything"], "at the start");
  return { auth, browser, signUp, signIn, sent, received };
}

for (const [where, make] of [
  ["in the database", () => undefined],
  ["in secondary storage", storage],
]) {
  test(`what is sent where sessions lie ${where}`, LIMIT, async (t) => {
    const { signUp, signIn, sent } = await world(t, make());
    const boss = await signUp("admin");
    let ada = await signUp("user");
    const bob = await signUp("user");
    const again = async () => (ada = await signIn(ada));
    const about = { userId: ada.id };

    // What has to be among the messages, and about whom.
    async function expect(type, user, act) {
      const { types, received } = await sent(act, (all) => all.some((one) => one.type === type));
      assert.ok(types.includes(type), `${type} is not among ${types}`);
      assert.ok(received.every(({ data }) => data.userId === user.id), JSON.stringify(received));
    }

    const none = await sent(again, () => false);
    assert.deepEqual(none.types, [], "a sign-in takes nothing away");
    await expect("session.revoked", ada, () => ada.call("sign-out"));
    const first = await again();
    await again();
    await expect("session.revoked", ada, () => ada.call("revoke-session", { token: first.token }));
    await signIn(ada);
    await expect("session.revoked", ada, () => ada.call("revoke-other-sessions"));
    await expect("session.revoked", ada, () => ada.call("revoke-sessions"));
    await again();
    const password = { currentPassword: PASSWORD, newPassword: PASSWORD, revokeOtherSessions: true };
    await expect("session.revoked", ada, () => ada.call("change-password", password));
    await expect("user.updated", ada, () => ada.call("update-user", { name: "Ada" }));
    await again();

    const act = (path, body = about) => boss.call(`admin/${path}`, body);
    await expect("user.role_changed", ada, () => act("set-role", { ...about, role: "user" }));
    await expect("session.revoked", ada, () => act("revoke-user-session", { sessionToken: ada.token }));
    await again();
    await expect("session.revoked", ada, () => act("revoke-user-sessions"));
    await expect("user.banned", ada, () => act("ban-user"));
    await expect("user.unbanned", ada, () => act("unban-user"));
    await act("impersonate-user");
    await expect("session.revoked", ada, () => act("stop-impersonating", {}));

    await again();
    const organization = { name: "Navy", slug: "navy" };
    let id;
    await expect("session.updated", ada, async () => {
      ({ id } = await ada.call("organization/create", organization));
    });
    await expect("session.updated", ada, () => ada.call("organization/set-active", { organizationId: null }));
    await ada.call("organization/set-active", { organizationId: id });
    const { email } = bob.credentials;
    const invite = async () => {
      const invitation = await ada.call("organization/invite-member", { email, role: "member" });
      return bob.call("organization/accept-invitation", { invitationId: invitation.id });
    };
    let member;
    await expect("member.added", bob, async () => ({ member } = await invite()));
    const role = { memberId: member.id, role: "admin" };
    await expect("member.role_changed", bob, () => ada.call("organization/update-member-role", role));
    await expect("member.removed", bob, () => bob.call("organization/leave", { organizationId: id }));
    await invite();
    const gone = { memberIdOrEmail: email };
    await expect("member.removed", bob, () => ada.call("organization/remove-member", gone));

    await expect("user.deleted", bob, () => bob.call("delete-user", { password: PASSWORD }));
    await expect("user.deleted", ada, () => act("remove-user"));
  });

  test(`several accounts in one browser, where sessions lie ${where}`, LIMIT, async (t) => {
    const { browser, signUp, sent } = await world(t, make());
    const one = browser();
    const [ada, bob] = [await signUp("user", one), await signUp("user", one)];
    const users = (all) => new Set(all.map(({ data }) => data.userId));
    const { received } = await sent(() => one("sign-out"), (all) => users(all).size === 2);
    assert.deepEqual(users(received), new Set([ada.id, bob.id]));
  });
}

test("a change outside of any endpoint is sent, and once more when it must be through", LIMIT, async (t) => {
  const { auth, signUp, received } = await world(t);
  const ada = await signUp("user");
  const { internalAdapter } = await auth.$context;
  received.length = 0;
  await internalAdapter.updateUser(ada.id, { name: "Ada" });
  await sleep(250);
  assert.deepEqual(received.map(({ type }) => type), ["user.updated"]);
  await sleep(600);
  assert.deepEqual(received.map(({ type }) => type), ["user.updated", "user.updated"]);
});
