// The real Better Auth server of `tests/better-auth`, with signed-up users.

import { createHmac } from "node:crypto";
import { startServer } from "./processes.mjs";

export const SECRET = "a-secret-of-the-comparison-and-of-nothing-else";

const DIRECTORY = new URL("../../tests/better-auth", import.meta.url).pathname;
const HOUR = 60 * 60;

export async function startAuthServer(databaseFile) {
  const config = {
    secret: SECRET,
    database: "sqlite",
    databaseFile,
    // The same plain Better Auth that Express has in its own process.
    plugins: [],
    production: true,
    rateLimit: { enabled: false },
  };
  const env = { BETTER_AUTH_TEST_CONFIG: JSON.stringify(config) };
  const server = await startServer({ name: "Better Auth", command: "node", args: ["server.mjs"], cwd: DIRECTORY, env });
  return { ...server, databaseFile };
}

// Signs users up, each with a session of their own.
export async function signUp(server, count) {
  const users = [];
  for (let number = 0; number < count; number++) users.push(await signUpOne(server, number));
  return users;
}

async function signUpOne(server, number) {
  const [name, email] = [`User ${number}`, `user${number}@example.com`];
  const answer = await fetch(`${server.url}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: server.url },
    body: JSON.stringify({ name, email, password: "password1234" }),
  });
  if (!answer.ok) throw new Error(`sign-up of ${email}: ${answer.status} ${await answer.text()}`);
  const { user } = await answer.json();
  const cookies = answer.headers.getSetCookie().map((line) => line.split(";")[0]);
  const session = cookies.find((cookie) => cookie.includes("session_token="));
  if (!session) throw new Error(`sign-up of ${email} set no session cookie`);
  return { id: user.id, name, email, cookie: session };
}

// How many requests have reached Better Auth since this was last called.
export async function takeCalls(server) {
  const answer = await fetch(`${server.url}/__control/requests/reset`, { method: "POST" });
  return (await answer.json()).reset;
}

// The user as an HS256 JSON Web Token.
export function token({ id, name, email }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + HOUR;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: id, name, email, role: "user", exp })}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}
