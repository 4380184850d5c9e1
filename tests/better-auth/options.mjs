// Plugins are imported one by one because the barrel `better-auth/plugins` takes much longer to load.
const PLUGINS = {
  admin: async () => (await import("better-auth/plugins/admin")).admin(),
  organization: async () =>
    (await import("better-auth/plugins/organization")).organization({ teams: { enabled: true } }),
  bearer: async () => (await import("better-auth/plugins/bearer")).bearer(),
  multiSession: async () =>
    (await import("better-auth/plugins/multi-session")).multiSession(),
  jwt: async () => (await import("better-auth/plugins/jwt")).jwt(),
  apiKey: async () =>
    (await apiKeyPackage()).apiKey({
      enableSessionForAPIKeys: true,
      // The default of 10 uses per key and day is too small for a test.
      rateLimit: { enabled: false },
    }),
};

// A package of its own since Better Auth 1.5.
function apiKeyPackage() {
  return import("@better-auth/api-key").catch(() => import("better-auth/plugins"));
}

const CUSTOM_SESSIONS = {
  nested: async ({ user, session }) => ({
    roles: ["a"],
    user: { ...user, newField: "x" },
    session,
  }),
  flat: async ({ user }) => ({ userId: user.id, email: user.email, roles: ["a", "b"] }),
  null: async () => null,
  throw: async () => {
    throw new Error("customSession callback failed");
  },
};

// Hashing takes a tenth of a second, for every user of every test.
const PLAIN_PASSWORDS = {
  hash: async (password) => password,
  verify: async ({ hash, password }) => hash === password,
};

export async function loadPlugins(config) {
  const plugins = await Promise.all(config.plugins.map((name) => PLUGINS[name]()));
  if (config.customSession !== null) {
    const { customSession } = await import("better-auth/plugins/custom-session");
    plugins.push(customSession(CUSTOM_SESSIONS[config.customSession]));
  }
  return plugins;
}

export function buildOptions(config, plugins, url) {
  return {
    appName: "tower-better-auth tests",
    secret: config.secret,
    baseURL: config.baseURL ?? url,
    basePath: config.basePath,
    trustedOrigins: config.trustedOrigins,
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true, password: PLAIN_PASSWORDS },
    plugins,
    user: {
      additionalFields: {
        plan: { type: "string", required: false, defaultValue: "free" },
        seats: { type: "number", required: false },
      },
    },
    session: defined({
      updateAge: config.updateAge,
      expiresIn: config.expiresIn,
      freshAge: config.freshAge,
      deferSessionRefresh: config.deferSessionRefresh,
      cookieCache: config.cookieCache ? { enabled: true, ...config.cookieCache } : undefined,
      additionalFields: {
        theme: { type: "string", required: false, input: true },
      },
    }),
    rateLimit: rateLimit(config.rateLimit),
    advanced: defined({
      useSecureCookies: config.secureCookies,
      cookiePrefix: config.cookiePrefix,
      cookies: config.sessionCookieName
        ? { session_token: { name: config.sessionCookieName } }
        : undefined,
      ipAddress: config.trustedProxies ? { trustedProxies: config.trustedProxies } : undefined,
    }),
    databaseHooks: config.plugins.includes("admin")
      ? { user: { create: { before: makeAdmin } } }
      : undefined,
  };
}

async function makeAdmin(user) {
  if (user.email.startsWith("admin")) return { data: { ...user, role: "admin" } };
}

// With `enabled: true` in the config Better Auth's own rule of 3 sign-ins per 10 s stays in force;
// otherwise (production turns the limiter on by itself) it would only get in the way of test setup.
function rateLimit(given) {
  if (given?.enabled === true) return given;
  return {
    ...given,
    customRules: { "/sign-up/email": false, "/sign-in/email": false, ...given?.customRules },
  };
}

// Better Auth distinguishes an absent option from one that is present and undefined.
function defined(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
