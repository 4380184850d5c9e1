// A few lines in place of a test runner: one test after the other, a picture of every failure, a count at the end.

import path from "node:path";

const tests = [];

export const test = (name, run) => tests.push({ name, run });

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

export function assertEqual(actual, expected, message = "") {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  assert(a === b, `${message} expected ${b}, got ${a}`.trim());
}

/** Asks until it is so: pages change when they have heard of something. */
export async function eventually(what, isSo, limit = 10_000) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await isSo();
    if (value) return value;
    assert(Date.now() < end, `not within ${limit / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs every test with a set of browsers of its own; gives how many failed. */
export async function runAll(world, pictures) {
  let failed = 0;
  for (const { name, run } of tests) {
    const browsers = world();
    const began = Date.now();
    try {
      await run(browsers);
      browsers.assertQuiet();
      console.log(`ok      ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n        ${error.stack.replaceAll("\n", "\n        ")}`);
      await browsers.photograph(path.join(pictures, `failed-${name.replaceAll(/\W+/g, "-")}`));
    }
    await browsers.close();
  }
  console.log(`\n${tests.length - failed} passed, ${failed} failed`);
  return failed;
}
