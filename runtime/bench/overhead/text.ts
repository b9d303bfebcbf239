/** The overhead benchmark for people: a table by quantity, what is compared, what is missing. */
import { acceleratorOf, formatQuantity, formatRatio } from "../report/words.ts";
import type { BenchReport, OverheadReport } from "../schema.ts";
import { QUANTITIES } from "./quantities.ts";

/** The report as text, ending in a newline. */
export function formatOverhead(report: BenchReport): string {
  const { machine, protocol, overhead = [], unavailable } = report;
  const head = [
    "What each world costs a running program",
    `${report.startedAt.slice(0, 10)}, ${machine.kernel}, ${machine.cpu}, ${machine.cores} cores, cgroups ${machine.cgroupMode}`,
    `${protocol.runs} rounds, seed ${protocol.seed}; ${protocol.workload}`,
    ...(report.interrupted ? ["Interrupted: what had been measured until then."] : []),
  ];
  const parts = [
    head.join("\n"),
    overhead.length === 0 ? "Nothing was measured." : tables(overhead, protocol.runs),
    notes(overhead),
  ];
  if (unavailable.length > 0) {
    const rows = unavailable.map(({ name, reason, fix }) => `  ${name}: ${reason}\n    fix: ${fix}`);
    parts.push(["Not measured", ...rows].join("\n"));
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const HEADER = ["", "median", "95 % interval", "p95", "× process", "95 % interval", ""] as const;
const LEFT = [true, false, false, false, false, false, true] as const;

function tables(overhead: readonly OverheadReport[], rounds: number): string {
  const measured = QUANTITIES.filter(({ name }) => overhead.some((world) => find(world, name) !== undefined));
  const blocks = measured.map(({ name, what }) => ({
    title: `${name}: ${what}`,
    rows: overhead.flatMap((world) => {
      const quantity = find(world, name);
      return quantity === undefined ? [] : [cells(world, quantity, rounds)];
    }),
  }));
  const all = [HEADER, ...blocks.flatMap(({ rows }) => rows)];
  const widths = HEADER.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => (LEFT[column] ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`.trimEnd();
  return blocks.map(({ title, rows }) => [title, line(HEADER), ...rows.map(line)].join("\n")).join("\n\n");
}

type Quantity = OverheadReport["quantities"][number];

function find({ quantities }: OverheadReport, name: string): Quantity | undefined {
  return quantities.find((quantity) => quantity.name === name);
}

/** Of a single round there is nothing to draw from, so no interval of a ratio. */
const LEAST_ROUNDS = 2;

function cells(
  { name, accelerator }: OverheadReport,
  { unit, p50, p95, ci95, ratio }: Quantity,
  rounds: number,
): string[] {
  const value = (number: number): string => formatQuantity(number, unit);
  return [
    name,
    value(p50),
    `${value(ci95[0])}–${value(ci95[1])}`,
    value(p95),
    ratio === null ? "–" : formatRatio(ratio.value),
    ratio === null || rounds < LEAST_ROUNDS ? "" : `${formatRatio(ratio.ci95[0])}–${formatRatio(ratio.ci95[1])}`,
    acceleratorOf(accelerator)?.words ?? "",
  ];
}

function notes(overhead: readonly OverheadReport[]): string {
  const worldsOf = new Map<string, string[]>();
  for (const { name, notes: lines } of overhead) {
    for (const line of lines) worldsOf.set(line, [...(worldsOf.get(line) ?? []), name]);
  }
  return [
    "What is compared",
    "  × process: the ratio of medians to the bare process of the same rounds, more than 1 is slower; paired bootstrap.",
    ...[...worldsOf].map(([line, names]) => `  ${names.join(", ")}: ${line.replace(/\.+$/, "")}.`),
    `  Versions: ${overhead.map(({ name, version }) => `${name} is ${version}`).join(", ")}.`,
  ].join("\n");
}
