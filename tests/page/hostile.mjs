// Pages of somebody else, on an origin of their own.

import { createServer } from "node:http";

/** Serves an empty page, on which scripts can do what they like. */
export async function startHostile() {
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!doctype html><title>hostile</title><body></body>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    // To a browser, ports make an origin and not a site: the second is to the demo what another subdomain is.
    otherSite: `http://127.0.0.1:${port}`,
    sameSite: `http://localhost:${port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What a form on the page gets back, in the tab that it opens. */
export async function postForm(page, url) {
  const [popup] = await Promise.all([
    page.waitForEvent("popup"),
    page.evaluate((action) => {
      const form = Object.assign(document.createElement("form"), { method: "post", action, target: "_blank" });
      document.body.append(form);
      form.submit();
    }, url),
  ]);
  await popup.waitForLoadState();
  const text = await popup.locator("body").textContent();
  await popup.close();
  return text;
}

/** What a script reads; `refused` when the browser does not show it the answer. */
export function fetchFrom(page, url, method) {
  return page.evaluate(
    ([url, method]) =>
      fetch(url, { method, credentials: "include" }).then(
        (response) => `read ${response.status}`,
        () => "refused",
      ),
    [url, method],
  );
}

/** Whether a socket opens. */
export function connectFrom(page, url) {
  return page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("refused");
      }),
    url,
  );
}

/** Whether a frame shows the page. */
export async function frameOf(page, url) {
  await page.evaluate((src) => {
    const frame = Object.assign(document.createElement("iframe"), { src });
    return new Promise((resolve) => {
      frame.onload = resolve;
      document.body.append(frame);
    });
  }, url);
  const frame = page.frames().find((frame) => frame !== page.mainFrame());
  return (await frame.locator("#cards").count().catch(() => 0)) === 0 ? "refused" : "shown";
}
