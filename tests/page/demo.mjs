// The demo as a process of its own, on a free port.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** `env` is added to that of this process. */
export async function startDemo(program, log, env = {}) {
  const demo = spawn(program, [], {
    env: { ...process.env, DEMO_PORT: "0", ...env },
    // It logs every outage that the tests make.
    stdio: ["ignore", "pipe", log],
  });
  const ended = new Promise((resolve) => demo.once("exit", resolve));
  const origin = await new Promise((resolve, reject) => {
    createInterface({ input: demo.stdout }).on("line", (line) => {
      const url = line.match(/http:\/\/localhost:\d+/);
      if (url) resolve(url[0]);
    });
    demo.once("error", reject);
    ended.then((code) => reject(new Error(`the demo ended with ${code}`)));
  });
  return {
    origin,
    async stop() {
      demo.kill("SIGINT");
      await ended;
    },
  };
}
