/** The benchmark's report for people: one row a system, ratios to the floor and to crun, what is compared, what is missing. */

import type { BenchReport, MarkName, SystemReport } from "../schema.ts";
import { furtherParts } from "./text-parts.ts";
import { textTable } from "./text-table.ts";

/** The systems that others are set against, where they were measured. */
const ANCHORS = ["process", "floor", "crun"] as const;

const TITLES = { density: "Density", overhead: "Overhead" } as const;

/** The report as text, ending in a newline. */
export function formatReport(report: BenchReport): string {
  const { machine, protocol } = report;
  const head = [
    report.benchmark === "startup" || report.benchmark === "whole"
      ? `Start of ${protocol.workload}`
      : TITLES[report.benchmark],
    `${report.startedAt.slice(0, 10)}, ${machine.kernel}, ${machine.cpu}, ${machine.cores} cores, cgroups ${machine.cgroupMode}`,
    `${protocol.runs} runs after ${protocol.warmup} for warm-up, seed ${protocol.seed}, one at a time, interleaved; milliseconds from the request`,
    ...(report.interrupted ? ["Interrupted: what had been measured until then."] : []),
  ];
  const further = furtherParts(report);
  const nothing = report.systems.length === 0 && further.length === 0;
  const parts = [head.join("\n"), nothing ? "Nothing was measured." : table(report), ...further, notes(report)];
  if (report.unavailable.length > 0) parts.push(missing(report));
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

interface Column {
  readonly title: string;
  readonly left?: true;
  value(system: SystemReport): string;
}

function table(report: BenchReport): string {
  if (report.systems.length === 0) return "";
  const anchors = ANCHORS.filter((name) => medianOf(report, name) !== undefined);
  const columns: Column[] = [
    { title: "system", left: true, value: ({ name }) => name },
    { title: "n", value: ({ marks }) => String(marks.firstByte?.samplesMs.length ?? 0) },
    { title: "exec p50", value: (system) => figure(system, "firstInstruction", "p50") },
    { title: "first byte p50", value: (system) => figure(system, "firstByte", "p50") },
    { title: "95 % interval", value: intervalOf },
    { title: "p95", value: (system) => figure(system, "firstByte", "p95") },
    { title: "gone p50", value: (system) => figure(system, "gone", "p50") },
    ...anchors.map((name) => ({
      title: `× ${name}`,
      value: (system: SystemReport) => ratio(system, medianOf(report, name)),
    })),
    { title: "", left: true, value: ({ accelerator }) => accelerator ?? "" },
  ];
  const systems = report.systems.toSorted((a, b) => (a.marks.firstByte?.p50 ?? 0) - (b.marks.firstByte?.p50 ?? 0));
  const cells = [
    columns.map(({ title }) => title),
    ...systems.map((system) => columns.map(({ value }) => value(system))),
  ];
  return textTable(cells, (column) => columns[column]?.left ?? false);
}

function medianOf(report: BenchReport, name: string): number | undefined {
  return report.systems.find((system) => system.name === name)?.marks.firstByte?.p50;
}

function figure({ marks }: SystemReport, mark: MarkName, key: "p50" | "p95"): string {
  const summary = marks[mark];
  return summary === undefined ? "–" : milliseconds(summary[key]);
}

function intervalOf({ marks }: SystemReport): string {
  const summary = marks.firstByte;
  return summary === undefined ? "–" : `${milliseconds(summary.ci95[0])}–${milliseconds(summary.ci95[1])}`;
}

/** Three significant digits: more would be noise. */
function milliseconds(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function ratio({ marks }: SystemReport, anchor: number | undefined): string {
  const median = marks.firstByte?.p50;
  if (median === undefined || anchor === undefined || anchor === 0) return "–";
  return milliseconds(median / anchor);
}

function notes(report: BenchReport): string {
  // A note that several systems share is said once, with their names.
  const systemsOf = new Map<string, string[]>();
  for (const { name, notes: lines } of report.systems) {
    for (const line of lines) systemsOf.set(line, [...(systemsOf.get(line) ?? []), name]);
  }
  if (report.systems.length === 0) return "";
  return [
    "What is compared",
    "  exec: the kernel has switched to the program, seen where the launcher executes it itself.",
    "  first byte: the program's byte can be read at our end; every system has it, so the ratios use it.",
    "  gone: the program has ended and what was made for it is removed.",
    ...[...systemsOf].map(([line, names]) => `  ${names.join(", ")}: ${line.replace(/\.+$/, "")}.`),
    `  Versions: ${report.systems.map(({ name, version }) => `${name} is ${version}`).join(", ")}.`,
  ].join("\n");
}

function missing(report: BenchReport): string {
  return [
    "Not measured",
    ...report.unavailable.map(({ name, reason, fix }) => `  ${name}: ${reason}\n    fix: ${fix}`),
  ].join("\n");
}
