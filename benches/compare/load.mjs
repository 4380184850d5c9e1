// One measurement: wrk against one server.

import { setTimeout } from "node:timers/promises";
import { takeCalls } from "./auth-server.mjs";
import { cpuSeconds, run } from "./processes.mjs";

const SCRIPT = new URL("rotate.lua", import.meta.url).pathname;
const SETTLING_MS = 100;

export async function measure(server, auth, load) {
  await takeCalls(auth);
  const before = cpuSeconds(server.pid);
  const result = await wrk(server, load);
  const cpu = cpuSeconds(server.pid) - before;
  const calls = await takeAllCalls(auth);
  return {
    throughput: result.requests / result.seconds,
    p50: result.p50,
    p95: result.p95,
    p99: result.p99,
    cpu: (cpu / result.requests) * 1e6,
    cores: cpu / result.seconds,
    // When wrk stops, each of its connections has sent one more request than was answered.
    calls: (calls / (result.requests + load.connections)) * 1000,
  };
}

// Also those that a server makes for clients that have gone meanwhile.
async function takeAllCalls(auth) {
  let calls = 0;
  for (let more = await takeCalls(auth); more > 0; more = await takeCalls(auth)) {
    calls += more;
    await setTimeout(SETTLING_MS);
  }
  return calls;
}

// On `core`, if one is given.
async function wrk(server, { connections, headersFile, seconds, core }) {
  const url = `${server.url}/me`;
  const wrk = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", SCRIPT, url, "--", headersFile];
  const [command, ...args] = core === undefined ? wrk : ["taskset", "-c", core, ...wrk];
  const output = await run(command, args);
  const result = JSON.parse(output.trim().split("\n").at(-1));
  if (result.requests === 0 || result.failed + result.refused > 0) {
    throw new Error(`${server.name}: not every request was answered with success: ${JSON.stringify(result)}`);
  }
  return result;
}
