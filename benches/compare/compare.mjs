// Measures the variants side by side and prints one table and the ratios. Started by `run`.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signUp, startAuthServer } from "./auth-server.mjs";
import { measure } from "./load.mjs";
import { startServer } from "./processes.mjs";
import { figure, ratio, table } from "./report.mjs";
import { LOADS_CORE, boundByAuthServer, boundByCpu } from "./variants.mjs";

const SESSIONS = 200;
const ONE_SESSION = { name: "1 session", connections: 32, sessions: 1 };
const MANY_SESSIONS = { name: `${SESSIONS} sessions`, connections: 32, sessions: SESSIONS };
// Without a queue before the auth server, so that what is added to its answer can be seen.
const ALONE = { name: `${SESSIONS} sessions, 1 connection`, connections: 1, sessions: SESSIONS };

const quick = process.argv.includes("--quick");
const LENGTHS = quick
  ? { cpu: { rounds: 10, seconds: 1 }, authServer: { rounds: 5, seconds: 1 } }
  : { cpu: { rounds: 30, seconds: 1 }, authServer: { rounds: 12, seconds: 2 } };

const unknown = process.argv.slice(2).filter((argument) => argument !== "--quick");
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(" ")}; there is --quick`);
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), "compare-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
try {
  await compare();
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

async function compare() {
  const auth = await startAuthServer(join(directory, "auth.sqlite"));
  const users = await signUp(auth, SESSIONS);
  const world = { target: process.env.COMPARE_TARGET, auth, users };
  const cpu = await measureGroup(world, boundByCpu(world), [ONE_SESSION, MANY_SESSIONS], { ...LENGTHS.cpu, core: LOADS_CORE });
  const phases = [ONE_SESSION, MANY_SESSIONS, ALONE];
  const authServer = await measureGroup(world, boundByAuthServer(world), phases, LENGTHS.authServer);
  console.log(`\n${table([...cpu, ...authServer])}\n`);
  printRatios(cpu, authServer);
}

async function measureGroup({ auth, users }, variants, phases, { rounds, seconds, core }) {
  const results = [];
  for (const variant of variants) {
    const server = await startServer(variant);
    const headers = await credentials(variant, server, users);
    await check(variant, server, users, headers);
    // Fills a cache whose entries have ended meanwhile.
    const warmUp = () => variant.hasCache && check(variant, server, users, headers);
    for (const phase of phases) {
      const headersFile = join(directory, `${results.length}`);
      writeFileSync(headersFile, headers.slice(0, phase.sessions).map((line) => `${line}\n`).join(""));
      results.push({ variant, server, phase, headersFile, warmUp, rounds: [] });
    }
  }
  for (let round = 0; round < rounds; round++) {
    console.error(`round ${round + 1} of ${rounds}: ${variants.map(({ name }) => name).join("; ")}`);
    for (const phase of phases) {
      const turn = results.filter((result) => result.phase === phase);
      // Whoever came first comes last in the next round.
      for (const result of [...turn.slice(round % turn.length), ...turn.slice(0, round % turn.length)]) {
        await result.warmUp();
        const load = { connections: phase.connections, headersFile: result.headersFile, seconds, core };
        result.rounds.push(await measure(result.server, auth, load));
      }
    }
  }
  return results;
}

async function credentials(variant, server, users) {
  const lines = [];
  for (const user of users) lines.push(await variant.credential(user, server));
  return lines;
}

// A server that answers wrongly is fast for no good reason.
async function check(variant, server, users, headers) {
  for (const [index, line] of headers.entries()) {
    const answer = await ask(server, line);
    const expected = `200 ${variant.isOpen ? users[0].id : users[index].id}`;
    if (answer !== expected) throw new Error(`${server.name}: expected ${expected} and got ${answer}`);
  }
  if (variant.isOpen) return;
  const forged = headers[0].replace(/=?.{8}$/, "AAAAAAAA");
  for (const line of [undefined, forged]) {
    const answer = await ask(server, line);
    if (!answer.startsWith("401 ")) throw new Error(`${server.name}: expected 401 for ${line} and got ${answer}`);
  }
}

async function ask(server, line) {
  const colon = line?.indexOf(": ");
  const headers = line ? { [line.slice(0, colon)]: line.slice(colon + 2) } : {};
  const answer = await fetch(`${server.url}/me`, { headers });
  return `${answer.status} ${await answer.text()}`;
}

function namesOf(results) {
  return [...new Set(results.map(({ variant }) => variant.name))];
}

// What one adds to the bare server, as a part of what another one adds.
function addedCpuTime(results, one, other, bare) {
  const [a, b, none] = [one, other, bare].map((name) => figure(results, "cpu", MANY_SESSIONS, name));
  return (a - none) / (b - none);
}

function printRatios(cpu, authServer) {
  const [bare, guarded, hs256, axumLogin, again] = namesOf(cpu);
  const [uncached, fromFn] = namesOf(authServer);
  const throughput = (over, under) => ratio(cpu, "throughput", MANY_SESSIONS, over, under).toFixed(3);
  const cpuTime = (over, under) => ratio(cpu, "cpu", MANY_SESSIONS, over, under).toFixed(3);
  const p50 = (phase) => ratio(authServer, "p50", phase, uncached, fromFn).toFixed(3);
  console.log(`ratio guarded_to_bare ${throughput(guarded, bare)}`);
  console.log(`ratio guarded_to_hs256 ${throughput(guarded, hs256)}`);
  console.log(`ratio guarded_to_axum_login ${throughput(guarded, axumLogin)}`);
  console.log(`ratio bare_to_itself ${throughput(again, bare)}`);
  console.log(`added CPU time ratio guarded_to_hs256 ${addedCpuTime(cpu, guarded, hs256, bare).toFixed(3)}`);
  console.log(`CPU time ratio guarded_to_bare ${cpuTime(guarded, bare)}`);
  console.log(`CPU time ratio guarded_to_hs256 ${cpuTime(guarded, hs256)}`);
  console.log(`CPU time ratio guarded_to_axum_login ${cpuTime(guarded, axumLogin)}`);
  console.log(`CPU time ratio bare_to_itself ${cpuTime(again, bare)}`);
  console.log(`uncached p50 ratio to from_fn ${p50(MANY_SESSIONS)}`);
  console.log(`uncached p50 ratio to from_fn, one connection ${p50(ALONE)}`);
  console.log(`cached p95 ms ${figure(cpu, "p95", MANY_SESSIONS, guarded).toFixed(3)}`);
}
