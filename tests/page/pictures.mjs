// The pictures of the README.

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { AGENTS } from "./browsers.mjs";
import { eventually } from "./harness.mjs";

export async function takePictures(browsers, directory) {
  await mkdir(directory, { recursive: true });
  const picture = (device, name) => device.page.screenshot({ path: path.join(directory, `${name}.png`) });
  const ada = await browsers.signedIn({ viewport: { width: 1100, height: 1000 } });
  const phone = await browsers.device({ userAgent: AGENTS.FIREFOX, viewport: { width: 360, height: 740 }, colorScheme: "dark" });
  await phone.signIn(ada.email);
  await phone.isActive();
  await ada.page.reload();
  await ada.isActive();
  await ada.page.fill("#text", "Ask Charles about the looms");
  await ada.press("#write button", "notes", "→ 201");
  await ada.press("#read-grace", "notes", "→ 403");
  await ada.press("#promote", "admin", "→ 204");
  await ada.press("#stats", "admin", "→ 200");
  await eventually("both devices are listed", async () => (await ada.rows()) === 2);
  await eventually("it ticks", async () => (await ada.ticks()) > 2);
  await picture(ada, "signed-in");
  await ada.press("#power", "switch", "→ 204");
  await ada.isUnavailable();
  await phone.isUnavailable();
  await picture(ada, "outage");
  await picture(phone, "phone");
  await browsers.close();
}
