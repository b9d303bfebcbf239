/** A comparison in words: the differences first, what they may come from, and how it was decided. */

import { type ComparedRow, type ComparisonReport, movedControl } from "./compare.ts";

/** The comparison as text, ending in a newline. */
export function formatComparison(report: ComparisonReport): string {
  const { rows, level, test, a, b, circumstances, unmatched } = report;
  const changed = rows.filter(({ verdict }) => verdict === "slower" || verdict === "faster");
  const tooFew = rows.filter(({ verdict }) => verdict === "too few samples");
  const moved = movedControl(report);
  const parts = [
    `${a.startedAt.slice(0, 16)} against ${b.startedAt.slice(0, 16)} (UTC)`,
    changed.length === 0
      ? `No difference beyond noise in ${rows.length} comparisons.`
      : `${changed.length} of ${rows.length} differ by more than noise:\n${table(changed)}`,
    ...(moved.length === 0
      ? []
      : [
          "The bare process, which no runtime has to do with, changed as well: the machine was not the same, and other differences may be its.",
        ]),
    ...sessions(changed),
    ...section("Not the same in both, and perhaps the reason:", circumstances),
    ...section("Not compared:", unmatched),
    ...(tooFew.length === 0
      ? []
      : [
          `Too few samples to see any difference at this level: ${tooFew.map(({ system, condition, mark }) => `${system} (${condition}, ${mark})`).join("; ")}.`,
        ]),
    `How: ${test}; level ${level * 100} % for each condition as a whole, by Holm's correction over its systems and marks; the ratio is of medians, B to A, with a bootstrap interval of 95 %. The two were measured at different times: what the machine did differently then is a difference, too.`,
  ];
  return `${parts.join("\n\n")}\n`;
}

/** What two reports are apart where nothing changed: known only where there are others of the same kind. */
function sessions(changed: readonly ComparedRow[]): string[] {
  if (changed.length === 0) return [];
  const known = changed.filter(({ between }) => between !== null);
  if (known.length === 0)
    return [
      "How far apart two reports are where nothing changed is not known: the history has no others of this protocol, machine and versions. ringside bench verify makes one.",
    ];
  const within = known.filter(({ ratio, between }) => isWithin(ratio, between?.ratio ?? 1));
  return [
    `others: by how much the medians of reports of the same protocol, machine and versions are apart, and how many there are.${
      within.length === 0
        ? ""
        : ` No further apart than those: ${within.map(({ system, condition, mark }) => `${system} (${condition}, ${mark})`).join("; ")}.`
    }`,
  ];
}

function isWithin(ratio: number | null, spread: number): boolean {
  return ratio !== null && ratio <= spread && ratio >= 1 / spread;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[title, ...lines.map((line) => `  ${line}`)].join("\n")];
}

function table(rows: readonly ComparedRow[]): string {
  const cells = [
    ["system", "condition", "mark", "A p50", "B p50", "B/A", "95 %", "p", "", "others"],
    ...rows.map(({ system, condition, mark, a, b, ratio, ci95, adjustedP, verdict, between }) => [
      system,
      condition,
      mark,
      amount(a.p50),
      amount(b.p50),
      ratio === null ? "–" : amount(ratio),
      ci95 === null ? "–" : `${amount(ci95[0])}–${amount(ci95[1])}`,
      adjustedP < 0.0001 ? "< 0.0001" : adjustedP.toFixed(4),
      verdict,
      between === null ? "–" : `×${amount(between.ratio)} (${between.reports})`,
    ]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  return cells
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}

/** Three significant digits. */
function amount(value: number): string {
  return value >= 1e6 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}
