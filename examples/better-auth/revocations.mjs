// A plugin for Better Auth: tells services that remember sessions what is no longer true.

import { createAuthMiddleware } from "better-auth/api";
import { Delivery, parseSecret } from "./delivery.mjs";

// What an endpoint changes is told when the endpoint is done, and at the latest then.
const HOLD_MS = 500;

// The endpoints whose changes have a name of their own.
const TYPES = {
  "/admin/ban-user": "user.banned",
  "/admin/unban-user": "user.unbanned",
  "/admin/set-role": "user.role_changed",
};

// Members are kept without database hooks: what these endpoints return says whom they were about.
const MEMBERS = {
  "/organization/add-member": "member.added",
  "/organization/accept-invitation": "member.added",
  "/organization/remove-member": "member.removed",
  "/organization/leave": "member.removed",
  "/organization/update-member-role": "member.role_changed",
};

/**
 * @param {object} options
 * @param {string | string[]} options.receivers where the services take webhooks, such as `http://api:8080/hooks/better-auth`
 * @param {string} options.secret `whsec_` and 24 to 64 random bytes in base64: the one given to `auth.revocations(..)`
 */
export function revocations({ receivers, secret }) {
  const key = parseSecret(secret);
  let log = console.warn;
  const deliveries = [receivers].flat().map((url) => new Delivery(url, key, (text) => log(text)));
  const send = (type, data) => Promise.all(deliveries.map((delivery) => delivery.send(type, data)));
  const held = heldBack(send);

  const session = (type) => async (session, ctx) => {
    if (session?.id) held.note(ctx, type, { sessionId: session.id, userId: session.userId });
  };
  const user = (type) => async (user, ctx) => {
    if (user?.id) held.note(ctx, TYPES[ctx?.path] ?? type, { userId: user.id });
  };

  return {
    id: "revocations",
    init(ctx) {
      log = (text) => ctx.logger.warn(text);
      tellDeletions(ctx.options.secondaryStorage, send);
      // What a process that ended has left unsaid does no harm then.
      send("everything");
      return {
        options: {
          databaseHooks: {
            session: {
              update: { after: session("session.updated") },
              delete: { after: session("session.revoked") },
            },
            user: {
              update: { after: user("user.updated") },
              delete: { after: user("user.deleted") },
            },
          },
        },
      };
    },
    hooks: {
      after: [
        {
          matcher: () => true,
          handler: createAuthMiddleware(async (ctx) => {
            const type = MEMBERS[ctx.path];
            const member = type && (ctx.context.returned?.member ?? ctx.context.returned);
            if (member?.userId) {
              const { userId, organizationId } = member;
              held.note(ctx, type, { userId, organizationId });
            }
            const sent = held.release(ctx);
            // Where a process is stopped after its answer, `advanced.backgroundTasks` keeps it going until then.
            if (sent) inBackground(ctx, sent);
          }),
        },
      ],
    },
  };
}

function inBackground(ctx, sent) {
  try {
    ctx.context.runInBackground?.(sent);
  } catch (error) {
    ctx.context.logger.warn("revocations are not waited for", error);
  }
}

// Keeps what an endpoint changes until it is done: before, whoever asks may still be told what was.
function heldBack(send) {
  const requests = new WeakMap();
  const done = new WeakSet();

  // The one object that hooks of one call have in common. A call from the server's own code need not have it.
  const callOf = (ctx) => ctx?.headers ?? ctx?.context;

  function release(ctx) {
    const call = callOf(ctx);
    done.add(call);
    const request = requests.get(call);
    if (!request) return null;
    requests.delete(call);
    clearTimeout(request.timer);
    return sendAll(request);
  }

  // Who is forgotten whole needs no word about each session.
  function sendAll({ sessions, users }) {
    const alone = [...sessions.values()].filter(({ data }) => !users.has(data.userId));
    return Promise.all([...users.values(), ...alone].map(({ type, data }) => send(type, data)));
  }

  function hold(call) {
    const request = { sessions: new Map(), users: new Map(), timer: null };
    // In case that the endpoint fails half-way, or takes its time.
    request.timer = setTimeout(() => sendAll(request), HOLD_MS);
    requests.set(call, request);
    return request;
  }

  function note(ctx, type, data) {
    const call = callOf(ctx);
    if (!call || done.has(call)) {
      // Outside of an endpoint nobody says when a change is through, and before 1.7 it is when the endpoint is done: told
      // now, and once more.
      send(type, data);
      setTimeout(() => send(type, data), HOLD_MS);
      return;
    }
    const request = requests.get(call) ?? hold(call);
    if (data.sessionId) request.sessions.set(data.sessionId, { type, data });
    else request.users.set(data.userId, { type, data });
  }

  return { note, release };
}

// Better Auth deletes sessions from secondary storage without a database hook, and by their token alone.
function tellDeletions(storage, send) {
  if (!storage) return;
  const remove = storage.delete;
  storage.delete = async (key) => {
    // A token is letters and digits; lists of sessions, verifications and counters are not.
    const session = /^\w+$/.test(key) ? await stored(storage, key) : null;
    const removed = await remove.call(storage, key);
    // Before 1.5, sessions there have no id.
    if (session?.userId) send("session.revoked", { sessionId: session.id, userId: session.userId });
    return removed;
  };
}

async function stored(storage, key) {
  try {
    const value = await storage.get(key);
    return (typeof value === "string" ? JSON.parse(value) : value)?.session;
  } catch {
    return null;
  }
}
