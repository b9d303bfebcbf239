/** The check against hyperfine for people. */

import type { HyperfineReport, HyperfineRow } from "./schema.ts";

const TITLES = ["command", "ours", "hyperfine", "ratio", "95 % interval", "verdict"];

/** The report as text, ending in a newline. */
export function hyperfineText(report: HyperfineReport): string {
  const { machine, turns, runsPerTurn, tolerance, seed } = report;
  const head = [
    `${report.startedAt.slice(0, 10)}, ${machine.kernel}, ${machine.cpu}, ${machine.cores} cores, cgroups ${machine.cgroupMode}`,
    `${report.hyperfine} and our benchmark, turn about: ${turns} turns of ${runsPerTurn} runs each, seed ${seed}; medians in ms, from the command's fork to its end`,
    ...busy(report),
    ...(report.interrupted ? ["Interrupted: what had been measured until then."] : []),
  ];
  const parts = [
    head.join("\n"),
    table(report.commands),
    report.unavailable.map(({ name, reason, fix }) => `${name}: ${reason}; to fix it: ${fix}`).join("\n"),
    `Holds where the medians are no more than ${tolerance * 100} % apart. Both start “sleep 0.02” before every run: without, the kernel takes down the namespaces of the run before while the next one is timed.`,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** Where more wants to run than there are processors, our own harness, which sees the byte as well, stands in the way. */
function busy({ machine: { loadBefore = 0, cores } }: HyperfineReport): string[] {
  return loadBefore > cores
    ? [`Others are at work here (load ${loadBefore.toFixed(1)} on ${cores} cores): repeat it when it is quiet.`]
    : [];
}

function table(rows: readonly HyperfineRow[]): string {
  if (rows.length === 0) return "Nothing was compared.";
  const cells = [
    TITLES,
    ...rows.map(({ name, ours, hyperfine, ratio, ci95, within }) => [
      name,
      ours.p50.toFixed(2),
      hyperfine.p50.toFixed(2),
      ratio.toFixed(3),
      ci95.map((end) => end.toFixed(3)).join("…"),
      within ? "holds" : "does not hold",
    ]),
  ];
  const widths = TITLES.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || column === 5 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
