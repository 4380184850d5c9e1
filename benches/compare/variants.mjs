// What is compared, and how each variant is started and signed in to.
// `isOpen`: it answers everybody. `hasCache`: its entries have to be there before it is measured.

import { SECRET, token } from "./auth-server.mjs";

const HERE = new URL(".", import.meta.url).pathname;

// Bound by the processor: one thread on one core serves, and the other core is wrk's. Left to the scheduler, both are
// now on the same core and now not, and throughput is that of the one or the other.
const SERVERS_CORE = "0";
export const LOADS_CORE = "1";
const ONE_THREAD = "1";
// Bound by the auth server.
const TWO_THREADS = "2";

const cookie = ({ cookie }) => `Cookie: ${cookie}`;
const bearer = (user) => `Authorization: Bearer ${token(user)}`;

// The ones whose throughput says what they cost. The ratios take them by their place.
export const boundByCpu = ({ target, auth, users }) => {
  const env = { THREADS: ONE_THREAD, BETTER_AUTH_URL: auth.url, JWT_SECRET: SECRET, USER_ID: users[0].id };
  const program = `${target}/release/tower-better-auth-compare`;
  const rust = (variant) => ({ command: "taskset", args: ["-c", SERVERS_CORE, program, variant], env });
  return [
    { name: "axum, bare", ...rust("bare"), credential: cookie, isOpen: true },
    { name: "this crate, cache on", ...rust("guarded-cached"), credential: cookie, hasCache: true },
    { name: "axum, HS256 JWT", ...rust("hs256"), credential: bearer },
    { name: "axum-login, memory", ...rust("axum-login"), credential: signInToAxumLogin },
    // How far apart two measurements of the same thing are.
    { name: "axum, bare, again", ...rust("bare"), credential: cookie, isOpen: true },
  ];
};

// The ones that ask a Better Auth server, or are one, at every request. The ratios take them by their place.
export const boundByAuthServer = ({ target, auth }) => {
  const env = { THREADS: TWO_THREADS, BETTER_AUTH_URL: auth.url };
  const rust = (variant) => ({ command: `${target}/release/tower-better-auth-compare`, args: [variant], env });
  const node = (variant) => ({
    command: "node",
    args: ["server.mjs", variant],
    cwd: `${HERE}express`,
    env: { ...env, NODE_ENV: "production", BETTER_AUTH_DATABASE: auth.databaseFile, BETTER_AUTH_SECRET: SECRET },
  });
  const python = { command: `${target}/venv/bin/python`, args: ["server.py"], cwd: `${HERE}fastapi`, env };
  return [
    { name: "this crate, no cache", ...rust("guarded"), credential: cookie },
    { name: "axum, from_fn + reqwest", ...rust("from-fn"), credential: cookie },
    { name: "Express, in process", ...node("in-process"), credential: cookie, isAuthServer: true },
    { name: "Express, fetch", ...node("fetch"), credential: cookie },
    { name: "FastAPI, httpx", ...python, credential: cookie },
  ];
};

async function signInToAxumLogin({ id }, server) {
  const answer = await fetch(`${server.url}/sign-in`, { method: "POST", body: id });
  const [line] = answer.headers.getSetCookie();
  if (!answer.ok || !line) throw new Error(`axum-login: sign-in answered ${answer.status}`);
  return `Cookie: ${line.split(";")[0]}`;
}
