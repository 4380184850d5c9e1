import { createHmac } from "node:crypto";

export const CONTROL_PREFIX = "/__control/";

export function controlRoutes({ secret, tables, database, requests, pace }) {
  const routes = {
    "POST database": async ({ mode }) => {
      if (!["ok", "throw", "hang"].includes(mode)) throw badRequest('"mode" must be ok, throw or hang');
      database.mode = mode;
      return { mode };
    },
    "POST delay": async ({ ms }) => {
      if (typeof ms !== "number" || !(ms >= 0)) throw badRequest('"ms" must be a number >= 0');
      pace.ms = ms;
      return { ms };
    },
    "POST update": async ({ model, where, set }) => {
      const change = { model, where: conditions(model, where), update: typed(model, set) };
      // Counted here: before Better Auth 1.6 the memory adapter answers a row instead.
      const updated = await database.ungated.count({ model, where: change.where });
      await database.ungated.updateMany(change);
      return { updated };
    },
    "POST delete": async ({ model, where }) => ({
      deleted: await database.ungated.deleteMany({ model, where: conditions(model, where) }),
    }),
    "GET rows": async (_, query) => {
      const model = query.get("model");
      fieldsOf(model);
      return database.ungated.findMany({ model, limit: 10_000 });
    },
    "GET requests": async () => requests,
    "POST requests/reset": async () => ({ reset: requests.splice(0).length }),
    "POST sign-cookie": async ({ token }) => {
      if (typeof token !== "string") throw badRequest('"token" must be a string');
      const signature = createHmac("sha256", secret).update(token).digest("base64");
      return { value: encodeURIComponent(`${token}.${signature}`) };
    },
  };

  function fieldsOf(model) {
    if (!Object.hasOwn(tables, model)) {
      throw badRequest(`unknown model "${model}", known: ${Object.keys(tables).join(", ")}`);
    }
    return tables[model].fields;
  }

  // Also refuses unknown fields: a misspelt one would otherwise match or change nothing, silently.
  function typed(model, values) {
    const fields = fieldsOf(model);
    return Object.fromEntries(
      Object.entries(values ?? {}).map(([name, value]) => {
        if (name !== "id" && !Object.hasOwn(fields, name)) {
          throw badRequest(`unknown field "${name}" of ${model}`);
        }
        if (fields[name]?.type !== "date" || value === null) return [name, value];
        const date = new Date(value);
        if (Number.isNaN(date.getTime())) throw badRequest(`"${name}" must be an ISO date`);
        return [name, date];
      }),
    );
  }

  function conditions(model, where) {
    return Object.entries(typed(model, where)).map(([field, value]) => ({ field, value }));
  }

  return async (req, res) => {
    let status = 200;
    let answer;
    try {
      const url = new URL(req.url, "http://control");
      const route = routes[`${req.method} ${url.pathname.slice(CONTROL_PREFIX.length)}`];
      if (!route) throw Object.assign(new Error("no such control route"), { status: 404 });
      answer = await route(await readBody(req), url.searchParams);
    } catch (error) {
      status = error.status ?? 500;
      answer = { error: String(error.message ?? error) };
    }
    res.writeHead(status, { "content-type": "application/json" });
    res.end(JSON.stringify(answer));
  };
}

async function readBody(req) {
  let text = "";
  for await (const chunk of req.setEncoding("utf8")) text += chunk;
  try {
    return JSON.parse(text || "{}");
  } catch {
    throw badRequest("the body is not JSON");
  }
}

function badRequest(message) {
  return Object.assign(new Error(message), { status: 400 });
}
