const PLUGINS = ["admin", "organization", "bearer", "multiSession", "jwt", "apiKey"];

const oneOf =
  (...values) =>
  (value) =>
    values.includes(value) || `one of ${values.map((v) => JSON.stringify(v)).join(", ")}`;
const string = (value) => typeof value === "string" || "a string";
const boolean = (value) => typeof value === "boolean" || "true or false";
const number = (value) => (typeof value === "number" && value >= 0) || "a number >= 0";
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value) => isObject(value) || "an object";
const strings = (value) =>
  (Array.isArray(value) && value.every((item) => typeof item === "string")) || "an array of strings";

const KEYS = {
  port: number,
  secret: string,
  database: oneOf("memory", "sqlite", "none"),
  databaseFile: string,
  plugins: (value) =>
    (Array.isArray(value) && value.every((item) => PLUGINS.includes(item))) ||
    `an array of ${PLUGINS.join(", ")}`,
  customSession: oneOf(null, "nested", "flat", "null", "throw"),
  production: boolean,
  rateLimit: object,
  secureCookies: boolean,
  baseURL: string,
  basePath: string,
  cookiePrefix: string,
  sessionCookieName: string,
  cookieCache: (value) => value === null || object(value),
  updateAge: number,
  expiresIn: number,
  freshAge: number,
  deferSessionRefresh: boolean,
  trustedOrigins: strings,
  trustedProxies: strings,
  sessionRoute: boolean,
};

const DEFAULTS = {
  port: 0,
  secret: "test-secret-test-secret-test-secret",
  database: "memory",
  databaseFile: ":memory:",
  plugins: ["admin", "organization", "bearer", "multiSession"],
  customSession: null,
  production: false,
  basePath: "/api/auth",
  cookieCache: null,
  sessionRoute: false,
};

export function readConfig(text) {
  const given = JSON.parse(text || "{}");
  if (!isObject(given)) throw new Error("the config is not a JSON object");
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(KEYS, key)) throw new Error(`unknown key "${key}"`);
    const verdict = KEYS[key](value);
    if (verdict !== true) throw new Error(`"${key}" must be ${verdict}`);
  }
  return { ...DEFAULTS, ...given };
}

// Must run before Better Auth is imported: it reads these variables while its modules load.
export function prepareEnvironment(config) {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("BETTER_AUTH_") || name === "AUTH_SECRET") delete process.env[name];
  }
  // NODE_ENV=test or TEST=1, inherited from a test runner, would switch Better Auth's Origin check off.
  delete process.env.TEST;
  process.env.NODE_ENV = config.production ? "production" : "development";
}
