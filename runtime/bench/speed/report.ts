/** The speed table for people: ours, the other, the ratio, the goal and the verdict; below it what was compared. */

import type { Figure, Goal, SpeedReport, SpeedRow } from "./schema.ts";

const TITLES = ["measure", "ours", "against", "ratio", "goal", "verdict"];
/** These are words; the others are figures, which stand right. */
const LEFT = new Set([0, 5]);

const MEBIBYTE = 1024 * 1024;

/** The report as text, ending in a newline. */
export function formatSpeed(report: SpeedReport): string {
  const { starts } = report;
  const { machine, protocol } = starts;
  const head = [
    `${starts.startedAt.slice(0, 10)}, ${machine.kernel}, ${machine.cpu}, ${machine.cores} cores, cgroups ${machine.cgroupMode}`,
    `${protocol.runs} rounds after ${protocol.warmup} for warm-up, seed ${protocol.seed}, interleaved; medians; workload: ${protocol.workload}`,
    ...(starts.interrupted ? ["Interrupted: what had been measured until then."] : []),
  ];
  const versions = starts.systems.map(({ name, version }) => `${name} is ${version}`);
  const notes = [
    ...report.notes,
    ...starts.systems.flatMap(({ name, notes: own }) => own.map((note) => `${name}: ${note}`)),
  ];
  return formatRows(head, report.rows, [...notes, `Versions: ${versions.join(", ")}.`]);
}

/** A table of goals with its heading above it, and what could not be measured and what was compared below. */
export function formatRows(head: readonly string[], rows: readonly SpeedRow[], notes: readonly string[]): string {
  const parts = [
    head.join("\n"),
    table(rows),
    missing(rows),
    ["What is compared", ...notes.map((note) => `  ${note}`)].join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function table(rows: readonly SpeedRow[]): string {
  const cells = [TITLES, ...rows.map(cellsOf)];
  const widths = TITLES.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    LEFT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return cells.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function cellsOf(row: SpeedRow): string[] {
  if (row.verdict === "unavailable") return [row.measure, "", "", "", "", row.verdict];
  const other = row.other === null ? "" : `${row.other.system} ${figureText(row.other)}`;
  const ratio = row.ratio === null ? "" : row.ratio.toFixed(2);
  return [
    row.measure,
    figureText(row.ours),
    other,
    ratio,
    goalText(row.goal, row.ratio === null ? row.ours.unit : "ratio"),
    row.verdict,
  ];
}

function missing(rows: readonly SpeedRow[]): string {
  const lines = rows.flatMap((row) =>
    row.verdict === "unavailable" ? [`  ${row.measure}: ${row.reason}; fix: ${row.fix}`] : [],
  );
  return lines.length === 0 ? "" : ["Not measured", ...lines].join("\n");
}

function figureText({ value, unit }: Pick<Figure, "value" | "unit">): string {
  switch (unit) {
    case "bytes":
      return value < 10 * MEBIBYTE ? `${Math.round(value / 1024)} KiB` : `${Math.round(value / MEBIBYTE)} MiB`;
    case "1/s":
      return value < 1e5 ? `${value.toFixed(0)} /s` : `${(value / 1e6).toFixed(2)} M/s`;
    case "ms":
      return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
  }
}

function goalText({ bound, value }: Goal, unit: Figure["unit"] | "ratio"): string {
  const sign = bound === "at most" ? "≤" : "≥";
  return unit === "ratio" ? `${sign} ${value} ×` : `${sign} ${figureText({ value, unit })}`;
}
