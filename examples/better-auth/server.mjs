// A Better Auth server that tells the services in RECEIVERS what is revoked. `npm install && npm start`.

import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { admin, bearer, organization } from "better-auth/plugins";
import { revocations } from "./revocations.mjs";

const { PORT = "3000", RECEIVERS = "http://127.0.0.1:8080/hooks/better-auth", REDIS_URL } = process.env;
const SECRET = process.env.REVOCATIONS_SECRET ?? "whsec_ZXhhbXBsZSBzZWNyZXQsIG1ha2UgeW91ciBvd24h";

const server = createServer();
await new Promise((resolve) => server.listen(Number(PORT), "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}`;

const tables = ["user", "session", "account", "verification", "organization", "member", "invitation"];

const auth = betterAuth({
  baseURL: url,
  secret: process.env.BETTER_AUTH_SECRET ?? "an example's secret, make your own!!",
  // Your database here. This one forgets everything when the process ends.
  database: memoryAdapter(Object.fromEntries(tables.map((table) => [table, []]))),
  secondaryStorage: REDIS_URL ? await redis(REDIS_URL) : undefined,
  emailAndPassword: {
    enabled: true,
    // Hashing takes longer than all else here. Leave these two lines out of your own server!
    password: { hash: async (password) => password, verify: async ({ hash, password }) => hash === password },
  },
  user: { deleteUser: { enabled: true } },
  databaseHooks: {
    user: {
      create: {
        // Whose name begins with `admin` is an admin, to have one to try with.
        before: async (user) => ({ data: { ...user, role: user.name.startsWith("admin") ? "admin" : "user" } }),
      },
    },
  },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    admin(),
    organization(),
    bearer(),
    // Last, so that it runs when the other plugins' hooks have changed what they change.
    ...(RECEIVERS === "" ? [] : [revocations({ receivers: RECEIVERS.split(","), secret: SECRET })]),
  ],
});

server.on("request", toNodeHandler(auth));
await auth.$context;
console.log(JSON.stringify({ url }));

// What Better Auth's documentation shows for Redis.
async function redis(url) {
  const [{ default: Redis }, { redisStorage }] = await Promise.all([
    import("ioredis"),
    import("@better-auth/redis-storage"),
  ]);
  return redisStorage({ client: new Redis(url), keyPrefix: "better-auth:" });
}

// Started by a program, as the tests do, it ends with that program.
if (!process.stdin.isTTY && process.env.END_WITH_STDIN) {
  process.stdin.on("end", () => process.exit(0)).resume();
}
