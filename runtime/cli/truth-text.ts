/** What `ringside bench truth` prints for people: predicted beside measured, step by step, and the verdict. */
import { tableText } from "./table.ts";
import type { TruthReport } from "./truth.ts";

const NS_PER_US = 1000;

/** @returns the table and, as its last line, the verdict */
export function truthText(report: TruthReport): string {
  const { steps, between, total, wholeStartsNs, starts, profile } = report;
  const header = ["STAGE", "STEP", "PREDICTED", "MEASURED", "MIDDLE HALF", "RATIO"];
  const rows = steps.map(({ stage, op, subject, predictedNs, measuredNs: { p25, p50, p75 } }) => [
    stage,
    subject === "" ? op : `${op} ${subject}`,
    us(predictedNs),
    us(p50),
    `${us(p25)} to ${us(p75)}`,
    share(predictedNs, p50),
  ]);
  return [
    tableText([
      header.map((title, column) => (column < 2 ? title : title.padStart(NUMBER_COLUMNS))),
      ...rows.map(alignNumbers),
      alignNumbers(["", "between the steps", us(between.predictedNs), us(between.measuredNs), "", ""]),
      alignNumbers([
        "",
        "the start",
        us(total.predictedNs),
        us(total.measuredNs),
        "",
        share(total.predictedNs, total.measuredNs),
      ]),
    ]),
    `\nin µs; predicted by the simulator with ${profile}, whose parts were measured one by one; measured: medians of\n`,
    `${starts} starts of ringside/base by the launcher's stamps, from its first step until the program runs.\n`,
    `Whole starts, with whatever else took the processors meanwhile: ${us(wholeStartsNs.p50)}, middle half ${us(wholeStartsNs.p25)} to ${us(wholeStartsNs.p75)}.\n\n`,
    verdict(report),
  ].join("");
}

const NUMBER_COLUMNS = 9;

function alignNumbers(row: readonly string[]): string[] {
  return row.map((cell, column) => (column < 2 || cell === "" ? cell : cell.padStart(NUMBER_COLUMNS)));
}

function verdict({ total, tolerance, ratio, ok }: TruthReport): string {
  const off = `${Math.abs((ratio - 1) * 100).toFixed(1)} % ${ratio < 1 ? "less" : "more"}`;
  const said = `predicted ${us(total.predictedNs)} µs, measured ${us(total.measuredNs)} µs: ${off}`;
  return `${ok ? "within" : "NOT within"} ${(tolerance * 100).toFixed(0)} %: ${said}\n`;
}

function us(ns: number): string {
  return (ns / NS_PER_US).toFixed(1);
}

function share(predictedNs: number, measuredNs: number): string {
  return measuredNs === 0 ? "–" : (predictedNs / measuredNs).toFixed(2);
}
