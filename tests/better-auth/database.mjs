import { getAuthTables } from "@better-auth/core/db";

// Returns what goes into Better Auth's `database` option; undefined makes it stateless.
export async function openDatabase(config, options) {
  switch (config.database) {
    case "memory": {
      const { memoryAdapter } = await import("better-auth/adapters/memory");
      const tables = Object.keys(getAuthTables(options)).map((model) => [model, []]);
      return memoryAdapter(Object.fromEntries(tables));
    }
    case "sqlite": {
      const [{ default: Database }, { Kysely, SqliteDialect }, { getMigrations }] =
        await Promise.all([
          import("libsql"),
          import("kysely"),
          // Part of the whole before Better Auth 1.5.
          import("better-auth/db/migration").catch(() => import("better-auth/db")),
        ]);
      const db = new Kysely({ dialect: new SqliteDialect({ database: new Database(config.databaseFile) }) });
      const database = { db, type: "sqlite" };
      const { runMigrations } = await getMigrations({ ...options, database });
      await runMigrations();
      return database;
    }
    case "none":
      return undefined;
  }
}

// Puts a switch in front of every query of an adapter. The adapter is changed in place, because
// Better Auth holds references to it already. Returns the switch and the adapter as it was.
export function gate(adapter) {
  const ungated = { ...adapter };
  const waiting = new Set();
  let mode = "ok";

  async function pass() {
    if (mode === "throw") throw connectionError("connect", "ECONNREFUSED", -111);
    if (mode === "hang") await new Promise((_, reject) => waiting.add(reject));
  }

  function wrap(target) {
    for (const [name, method] of Object.entries(target)) {
      if (typeof method !== "function") continue;
      target[name] =
        name === "transaction"
          ? async (callback) => {
              await pass();
              return method((inner) => callback(wrap({ ...inner })));
            }
          : async (...args) => {
              await pass();
              return method(...args);
            };
    }
    return target;
  }
  wrap(adapter);

  return {
    ungated,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      for (const reject of waiting) reject(connectionError("read", "ECONNRESET", -104));
      waiting.clear();
    },
  };
}

// Shaped like the error of a Node database driver, with the fields that can leak into an answer.
function connectionError(syscall, code, errno) {
  const address = "10.0.0.5";
  const port = 5432;
  const error = new Error(`${syscall} ${code} ${address}:${port}`);
  return Object.assign(error, { errno, code, syscall, address, port });
}
