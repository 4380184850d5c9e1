// Browsers that know nothing of each other: each is a device.

import { assert, assertEqual, eventually } from "./harness.mjs";

export const PASSWORD = "correct horse battery staple";
export const COOKIE = "better-auth.session_token";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0 Safari/537.36";
const FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0";
export const AGENTS = { CHROME, FIREFOX };

let people = 0;

/** An address that nobody has signed up with. */
export const newEmail = () => `ada.${(people += 1)}@example.com`;

export class Browsers {
  devices = [];

  constructor(chromium, origin) {
    this.chromium = chromium;
    this.origin = origin;
  }

  /** A new browser with the demo in front. */
  async device(options = {}) {
    const context = await this.chromium.newContext({
      userAgent: CHROME,
      viewport: { width: 1100, height: 860 },
      locale: "en-GB",
      timezoneId: "UTC",
      ...options,
    });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const device = new Device(context, page, this.origin);
    this.devices.push(device);
    await page.goto(this.origin);
    await eventually("the page has looked who is signed in", () =>
      page.locator("#power").textContent().then((text) => text.includes("running")));
    return device;
  }

  /** A browser in which somebody new is signed in. */
  async signedIn(options = {}) {
    const device = await this.device(options);
    await device.signUp(newEmail());
    return device;
  }

  /** No script failed, and nothing broke the page's own policy. */
  assertQuiet() {
    for (const device of this.devices) assertEqual(device.complaints, [], "the console");
  }

  async photograph(name) {
    for (const [index, { page }] of this.devices.entries()) {
      await page.screenshot({ path: `${name}-${index}.png`, fullPage: true }).catch(() => {});
    }
  }

  async close() {
    // Whatever a test has left behind.
    const headers = { "content-type": "application/json", origin: this.origin };
    const body = JSON.stringify({ running: true });
    await fetch(`${this.origin}/demo/auth-server`, { method: "POST", headers, body });
    await Promise.all(this.devices.map(({ context }) => context.close()));
  }
}

export class Device {
  complaints = [];

  constructor(context, page, origin) {
    Object.assign(this, { context, page, origin });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      // The browser writes a line for each answer that is an error, and those are what the tests are about.
      const isAnswer = /Failed to load resource|WebSocket connection/.test(message.text());
      if (message.type() === "error" && !isAnswer) this.complaints.push(message.text());
    });
  }

  async fill(email, password = PASSWORD) {
    await this.page.fill("[name=email]", email);
    await this.page.fill("[name=password]", password);
  }

  async signUp(email) {
    this.email = email;
    await this.fill(email);
    await this.page.click("button[value=sign-up]");
    await this.isActive();
  }

  async signIn(email, password = PASSWORD) {
    this.email = email;
    await this.fill(email, password);
    await this.page.click("button[value=sign-in]");
  }

  status() {
    return this.page.locator("#status").textContent();
  }

  isActive() {
    return eventually("the page says who is signed in", async () => (await this.status()).startsWith("Signed in as"));
  }

  isOut() {
    return eventually("the page says that nobody is signed in", async () => (await this.status()) === "Not signed in");
  }

  isUnavailable() {
    return eventually("the page says that it is unavailable", async () =>
      (await this.status()) === "Temporarily unavailable" && this.page.locator("#outage").isVisible());
  }

  /** Clicks, and waits for what the card says. */
  async press(button, card, expected) {
    await this.page.locator(`#${card} .said`).evaluate((output) => (output.textContent = ""));
    await this.page.click(button);
    await this.says(card, expected);
  }

  says(card, expected) {
    return eventually(`the card "${card}" says ${expected}`, async () =>
      (await this.page.locator(`#${card} .said`).textContent()).includes(expected));
  }

  async ticks() {
    return Number(await this.page.locator("#ticks").textContent());
  }

  /** The session cookie as the browser keeps it; nothing when there is none. */
  async cookie() {
    const cookies = await this.context.cookies(this.origin);
    return cookies.find(({ name }) => name === COOKIE);
  }

  async token() {
    const cookie = await this.cookie();
    assert(cookie, "there is a session cookie");
    return cookie.value;
  }

  rows() {
    return this.page.locator("#device-list li").count();
  }
}
