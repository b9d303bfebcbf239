/** The density benchmark for people: what one more instance takes, what all share, why it stopped. */

import { acceleratorOf, formatBytes, formatMs } from "../report/words.ts";
import type { BenchReport, DensityReport } from "../schema.ts";

/** The report as text, ending in a newline. */
export function formatDensity(report: BenchReport): string {
  const { machine, density = [], unavailable } = report;
  const head = [
    `Idle instances of one image, added one by one: ${report.protocol.workload}`,
    `${report.startedAt.slice(0, 10)}, ${machine.kernel}, ${machine.cpu}, ${machine.cores} cores, cgroups ${machine.cgroupMode}`,
    "a line is laid through all points: its slope is what one more takes, r² how well it fits",
    ...(report.interrupted ? ["Interrupted: what had been measured until then."] : []),
  ];
  const missing = unavailable.map(({ name, reason, fix }) => `  ${name}: ${reason}\n    fix: ${fix}`);
  const parts = [
    head.join("\n"),
    density.length === 0 ? "Nothing was measured." : table(density),
    notes(density),
    missing.length === 0 ? "" : ["Not measured", ...missing].join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

interface Column {
  readonly title: string;
  readonly left?: true;
  value(system: DensityReport): string;
}

type LineName = keyof DensityReport["lines"];

const slope = (title: string, name: LineName): Column => ({
  title,
  value: ({ lines }) => signed(lines[name]?.slopeBytes),
});

const COLUMNS: readonly Column[] = [
  { title: "system", left: true, value: ({ name }) => name },
  { title: "instances", value: ({ points }) => String(points.length) },
  slope("PSS each", "pss"),
  { title: "shared", value: ({ lines }) => signed(lines.pss?.interceptBytes) },
  { title: "r²", value: ({ lines }) => lines.pss?.r2.toFixed(3) ?? "" },
  slope("cgroup each", "cgroup"),
  slope("available each", "available"),
  slope("disk each", "disk"),
  { title: "1st start", value: ({ points }) => startOf(points.at(0)) },
  { title: "last", value: ({ points }) => startOf(points.at(-1)) },
  { title: "", left: true, value: ({ accelerator }) => acceleratorOf(accelerator)?.words ?? "" },
];

function table(density: readonly DensityReport[]): string {
  const cells = [
    COLUMNS.map(({ title }) => title),
    ...density.map((system) => COLUMNS.map((column) => column.value(system))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    COLUMNS[column]?.left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return cells.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** What is available can rise while others end. */
function signed(bytes: number | undefined): string {
  if (bytes === undefined) return "";
  return bytes < 0 ? `−${formatBytes(-bytes)}` : formatBytes(bytes);
}

function startOf(point: DensityReport["points"][number] | undefined): string {
  return point === undefined ? "" : formatMs(point.startMs);
}

function notes(density: readonly DensityReport[]): string {
  const lines = density.flatMap(({ name, notes: own, stoppedBecause }) =>
    [...own, `stopped: ${stoppedBecause}`].map((note) => `  ${name}: ${note}`),
  );
  return lines.length === 0 ? "" : ["What is compared", ...lines].join("\n");
}
