// Processes that end with this one: by their own pid when it ends, and because their standard input closes.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const START_LIMIT = 30_000;
const TICKS_PER_SECOND = 100;

const running = new Set();

process.on("exit", endAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

// Starts a server and waits for its line `{"url":…}`.
export async function startServer({ name, command, args, cwd, env }) {
  const child = track(spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] }));
  const said = tail(child.stderr);
  const ready = new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${name} is not ready: ${why}\n${said()}`));
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`it ended with ${signal ?? code}`));
    setTimeout(() => fail(`it said nothing for ${START_LIMIT / 1000} s`), START_LIMIT).unref();
  });
  const { url } = JSON.parse(await ready);
  return { name, pid: child.pid, url };
}

// Runs a program to its end and returns what it printed.
export async function run(command, args) {
  const child = track(spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] }));
  const said = tail(child.stderr);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code));
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}\n${output}${said()}`);
  return output;
}

// The processor time that a process and its descendants have used.
export function cpuSeconds(pid) {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(stat).filter(Boolean);
  const family = new Set([pid]);
  // A child can have a smaller pid than its parent, so until nothing is added.
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  const ticks = processes.filter(({ pid }) => family.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0);
  return ticks / TICKS_PER_SECOND;
}

// `undefined` for a process that has just ended.
function stat(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name of the program is in parentheses and can hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const [, parent] = fields;
  // utime, stime, and those of the children that have ended.
  const ticks = fields.slice(11, 15).reduce((sum, part) => sum + part, 0);
  return { pid: Number(pid), parent, ticks };
}

function track(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

function endAll() {
  for (const child of running) child.kill("SIGKILL");
}

function tail(stream) {
  let text = "";
  stream.setEncoding("utf8").on("data", (more) => (text = (text + more).slice(-4000)));
  return () => text;
}
