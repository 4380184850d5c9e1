// Express, with Better Auth in the same process (`node server.mjs in-process`) or over fetch
// (`node server.mjs fetch`).
//
// Prints one line when it is ready, {"url":"http://127.0.0.1:PORT"}, and ends when its standard input
// closes. The environment says the rest: `BETTER_AUTH_URL`, and for `in-process` also
// `BETTER_AUTH_DATABASE` and `BETTER_AUTH_SECRET`.

import express from "express";

process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();

const ASK = { "in-process": inProcess, fetch: overFetch };
const make = ASK[process.argv[2]];
if (!make) throw new Error(`which one: ${Object.keys(ASK).join(" or ")}?`);
const getSession = await make();

const app = express();
app.disable("x-powered-by");
app.set("etag", false);
app.use(requireSession);
app.get("/me", (req, res) => {
  res.type("text").send(req.user.id);
});
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});

async function requireSession(req, res, next) {
  let session;
  try {
    session = await getSession(req);
  } catch {
    return res.sendStatus(503);
  }
  if (!session) return res.sendStatus(401);
  req.user = session.user;
  next();
}

async function inProcess() {
  const [{ betterAuth }, { fromNodeHeaders }, { default: Database }, { Kysely, SqliteDialect }] =
    await Promise.all([
      import("better-auth"),
      import("better-auth/node"),
      import("libsql"),
      import("kysely"),
    ]);
  const sqlite = new Database(process.env.BETTER_AUTH_DATABASE);
  const auth = betterAuth({
    secret: process.env.BETTER_AUTH_SECRET,
    baseURL: process.env.BETTER_AUTH_URL,
    database: { db: new Kysely({ dialect: new SqliteDialect({ database: sqlite }) }), type: "sqlite" },
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
  });
  const query = { disableCookieCache: true, disableRefresh: true };
  return (req) => auth.api.getSession({ headers: fromNodeHeaders(req.headers), query });
}

// Node's fetch keeps its connections open by itself.
function overFetch() {
  const url = `${process.env.BETTER_AUTH_URL}/api/auth/get-session?disableCookieCache=true&disableRefresh=true`;
  return async (req) => {
    const { cookie } = req.headers;
    if (!cookie) return null;
    const answer = await fetch(url, { headers: { cookie }, signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`the auth server answered ${answer.status}`);
    return answer.json();
  };
}
