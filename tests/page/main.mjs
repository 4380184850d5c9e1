// Drives the demo in Chromium. Started by `tests/browser`, which knows where everything is.

import { mkdir, open } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { Browsers } from "./browsers.mjs";
import { startDemo } from "./demo.mjs";
import { runAll } from "./harness.mjs";
import { takePictures } from "./pictures.mjs";
import "./tests.mjs";

const { values } = parseArgs({
  options: {
    demo: { type: "string" },
    chromium: { type: "string" },
    pictures: { type: "string" },
    readme: { type: "string" },
  },
});
const pictures = path.resolve(values.pictures);
await mkdir(pictures, { recursive: true });
const log = await open(path.join(pictures, "demo.log"), "w");
const startAnother = (env) => startDemo(values.demo, log.fd, env);
const demo = await startAnother({});
const browser = await chromium.launch({
  executablePath: values.chromium,
  // Its sandbox does not work for root.
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});
let failed;
try {
  const world = () => Object.assign(new Browsers(browser, demo.origin), { pictures, startAnother });
  if (values.readme) {
    await takePictures(world(), path.resolve(values.readme));
    failed = 0;
  } else {
    failed = await runAll(world, pictures);
  }
} finally {
  await browser.close();
  await demo.stop();
}
process.exitCode = failed === 0 ? 0 : 1;
