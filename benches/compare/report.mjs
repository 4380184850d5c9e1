// Medians, the table, and the ratios.

const COLUMNS = [
  ["requests/s", ({ throughput }) => throughput.toFixed(0)],
  ["p50 ms", ({ p50 }) => p50.toFixed(2)],
  ["p95 ms", ({ p95 }) => p95.toFixed(2)],
  ["p99 ms", ({ p99 }) => p99.toFixed(2)],
  ["CPU us/request", ({ cpu }) => cpu.toFixed(1)],
  ["cores busy", ({ cores }) => cores.toFixed(2)],
  ["auth calls/1000", ({ calls }, { isAuthServer }) => (isAuthServer ? "in process" : calls.toFixed(1))],
];

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// One row per variant and phase, each figure the median of its rounds.
export function table(results) {
  const head = ["variant", "load", ...COLUMNS.map(([name]) => name)];
  const rows = results.map(({ variant, phase, rounds }) => {
    const medians = Object.fromEntries(
      Object.keys(rounds[0]).map((key) => [key, median(rounds.map((round) => round[key]))]),
    );
    return [variant.name, phase.name, ...COLUMNS.map(([, show]) => show(medians, variant))];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

// The median of the ratios of each round, so that what slows a whole round down changes nothing.
export function ratio(results, key, phase, over, under) {
  const rounds = (name) => find(results, name, phase).rounds.map((round) => round[key]);
  const below = rounds(under);
  return median(rounds(over).map((value, round) => value / below[round]));
}

export function figure(results, key, phase, name) {
  return median(find(results, name, phase).rounds.map((round) => round[key]));
}

function find(results, name, phase) {
  return results.find((result) => result.variant.name === name && result.phase === phase);
}
