import { createServer } from "node:http";
import { prepareEnvironment, readConfig } from "./config.mjs";
import { CONTROL_PREFIX, controlRoutes } from "./control.mjs";

// Standard output carries the ready line only.
console.log = console.info = console.debug = console.error;

// The parent holds the other end of the pipe: when it dies, so does this server.
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
process.on("SIGTERM", () => process.exit(0));
process.on("SIGINT", () => process.exit(0));

let config;
try {
  config = readConfig(process.env.BETTER_AUTH_TEST_CONFIG);
} catch (error) {
  console.error(`BETTER_AUTH_TEST_CONFIG: ${error.message}`);
  process.exit(2);
}
prepareEnvironment(config);

// Everything that loads Better Auth is imported from here on, after the environment is set.

// `minimal` is the same library without Kysely, which only the SQL database needs.
const library = config.database === "sqlite" ? "better-auth" : "better-auth/minimal";
const [{ betterAuth }, { fromNodeHeaders, toNodeHandler }, { getAuthTables }] = await Promise.all([
  import(library),
  import("better-auth/node"),
  import("@better-auth/core/db"),
]);
const { buildOptions, loadPlugins } = await import("./options.mjs");
const { gate, openDatabase } = await import("./database.mjs");
const plugins = await loadPlugins(config);

const requests = [];
const pace = { ms: 0 };
let markReady;
const ready = new Promise((resolve) => {
  markReady = resolve;
});
const server = createServer(async (req, res) => {
  const { controlHandler, authHandler } = await ready;
  if (req.url.startsWith(CONTROL_PREFIX)) return controlHandler(req, res);
  requests.push({ method: req.method, url: req.url, rawHeaders: req.rawHeaders });
  if (pace.ms > 0) await new Promise((resolve) => setTimeout(resolve, pace.ms));
  if (isSessionRoute(req)) return answerSession(req, res);
  // Not caught on purpose: when Better Auth's handler rejects, the process of a plain
  // `node:http` application dies, and that is what its clients see.
  return authHandler(req, res);
});
await new Promise((resolve, reject) => {
  server.once("error", reject);
  server.listen(config.port, "127.0.0.1", resolve);
});
const url = `http://127.0.0.1:${server.address().port}`;

// Built after listening: the base URL, and with it the trusted origin, contains the port.
const options = buildOptions(config, plugins, url);
const database = await openDatabase(config, options);
const auth = betterAuth(database ? { ...options, database } : options);
const context = await auth.$context;

markReady({
  authHandler: toNodeHandler(auth),
  controlHandler: controlRoutes({
    secret: config.secret,
    tables: getAuthTables(options),
    database: gate(context.adapter),
    requests,
    pace,
  }),
});
process.stdout.write(`${JSON.stringify({ url })}\n`);

function isSessionRoute(req) {
  const path = req.url.split("?")[0];
  return config.sessionRoute && req.method === "GET" && path === `${config.basePath}/session`;
}

// The route that teams write by hand next to Better Auth's own ones.
async function answerSession(req, res) {
  let status;
  let body;
  try {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
    status = session ? 200 : 401;
    body = session ?? { error: "Unauthorized" };
  } catch {
    status = 500;
    body = { error: "Internal server error" };
  }
  res.writeHead(status, { "content-type": "application/json" });
  res.end(JSON.stringify(body));
}
