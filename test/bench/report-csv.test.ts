/** The report as rows: every sample once, readable by whoever keeps to RFC 4180, and no formula for a spreadsheet. */
import { csvParse } from "d3";
import { describe, expect, it } from "vitest";
import { CSV_COLUMNS, csvReport } from "../../runtime/bench/report/csv.ts";
import { type BenchReport, MARK_NAMES } from "../../runtime/bench/schema.ts";
import { generatedReport } from "../support/bench-report.ts";

const REPORT = generatedReport(3);
const text = csvReport(REPORT);
const rows = csvParse(text);

function samplesOf({ systems, density = [], overhead = [], migration = [] }: BenchReport): number {
  const marks = systems.flatMap((system) => [system.marks, ...(system.variants ?? []).map((variant) => variant.marks)]);
  const counts = [
    ...marks.flatMap((known) => MARK_NAMES.map((mark) => known[mark]?.samplesMs.length ?? 0)),
    ...systems.flatMap(({ stages = [] }) => stages.map(({ samplesMs }) => samplesMs.length)),
    ...density.flatMap(({ points }) =>
      points.map(({ pssBytes, cgroupBytes }) => 3 + Number(pssBytes !== null) + Number(cgroupBytes !== null)),
    ),
    ...overhead.flatMap(({ quantities }) => quantities.map(({ samples }) => samples.length)),
    ...migration.map(({ downtimeMs, totalMs, transferredBytes = [] }) => {
      return (downtimeMs?.samplesMs.length ?? 0) + (totalMs?.samplesMs.length ?? 0) + transferredBytes.length;
    }),
  ];
  return counts.reduce((sum, count) => sum + count, 0);
}

describe("a report's rows", () => {
  it("have a row for each sample under the documented columns", () => {
    expect(rows.columns).toEqual([...CSV_COLUMNS]);
    expect(rows).toHaveLength(samplesOf(REPORT));
    expect(
      rows.filter(({ value = "", unit = "" }) => !Number.isFinite(Number(value)) || value === "" || unit === ""),
    ).toEqual([]);
  });

  it("end their lines as RFC 4180 wants it, the last one too", () => {
    expect(text.endsWith("\r\n")).toBe(true);
    expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  it("keep every digit of a sample, and its round", () => {
    const [first] = REPORT.systems;
    const mine = rows.filter(({ part, system, measure, cache, workload, concurrency }) => {
      return (
        part === "startup" &&
        system === first?.name &&
        measure === "firstByte" &&
        `${cache} ${workload} ${concurrency}` === "warm byte 1"
      );
    });
    expect(mine.map(({ value }) => Number(value))).toEqual(first?.marks.firstByte?.samplesMs);
    expect(mine.map(({ round }) => Number(round))).toEqual(first?.rounds);
  });

  it("survive names with commas, quotes and line breaks, and make no formula of them", () => {
    const odd = 'a,"b"\r\nc';
    const named = REPORT.systems.map((system, index) => ({
      ...system,
      name: ["=1+1", odd, "@x"][index] ?? system.name,
    }));
    const parsed = csvParse(csvReport({ ...REPORT, systems: named }));
    const names = new Set(parsed.map(({ system }) => system));
    expect(names.has(odd)).toBe(true);
    expect([...names].filter((name) => /^[=+\-@]/.test(name ?? ""))).toEqual([]);
    expect(names.has("'=1+1")).toBe(true);
  });
});
