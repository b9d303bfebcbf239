/** Two reports: what is comparable, what changed, and how sure that is. */
import { describe, expect, it } from "vitest";
import { compareReports, movedControl, protocolDifferences } from "../../runtime/bench/compare.ts";
import { formatComparison } from "../../runtime/bench/compare-text.ts";
import { allowedByChance } from "../../runtime/bench/null.ts";
import { benchReportSchema } from "../../runtime/bench/schema.ts";
import { madeReport } from "./made-report.ts";

describe("reports that are to be compared", () => {
  it("must be of the same systems, warm-up and conditions, and what differs is said", () => {
    const before = madeReport();
    expect(protocolDifferences(before, madeReport({ scale: { process: 1, runc: 4 } }))).toEqual([
      "systems: crun; process in the first, process; runc in the second",
    ]);
    expect(protocolDifferences(before, madeReport({ definition: { warmup: 3 } }))).toEqual([
      "warm-up rounds: 1 in the first, 3 in the second",
    ]);
    const conditions = [{ workload: "byte", cache: "cold", concurrency: 1, runs: 4 } as const];
    expect(protocolDifferences(before, madeReport({ definition: { conditions } }))).toEqual([
      "conditions: none in the first, byte, cold, one at a time in the second",
    ]);
  });

  it("may differ in seed, number of runs and order of the list", () => {
    const other = madeReport({ seed: 9, samples: 12, scale: { crun: 4, process: 1 } });
    expect(protocolDifferences(madeReport(), other)).toEqual([]);
  });

  it("must say how they were made, and be of the same benchmark", () => {
    const { definition: _, ...protocol } = madeReport().protocol;
    const silent = benchReportSchema.parse({ ...madeReport(), protocol });
    expect(protocolDifferences(madeReport(), silent)[0]).toContain("the second report does not say by what protocol");
    expect(protocolDifferences(madeReport(), { ...madeReport(), benchmark: "whole" })).toHaveLength(1);
  });
});

describe("a comparison", () => {
  it("finds nothing between a report and itself", () => {
    const { rows } = compareReports(madeReport(), madeReport());
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map(({ verdict }) => verdict))).toEqual(new Set(["no difference seen"]));
    for (const { ratio, p } of rows) expect([ratio, p]).toEqual([1, 1]);
  });

  it("finds what became a quarter slower, by how much, and leaves the rest alone", () => {
    const after = madeReport({ seed: 2, scale: { process: 1, crun: 5 } });
    const { rows } = compareReports(madeReport(), after);
    const verdicts = Object.groupBy(rows, ({ system }) => system);
    for (const { verdict, ratio, ci95 } of verdicts.crun ?? []) {
      expect(verdict).toBe("slower");
      expect(ratio).toBeGreaterThan(1.15);
      expect(ratio).toBeLessThan(1.35);
      expect(ci95?.[0]).toBeGreaterThan(1);
    }
    for (const { verdict } of verdicts.process ?? []) expect(verdict).toBe("no difference seen");
    expect(compareReports(after, madeReport()).rows.filter(({ verdict }) => verdict === "faster")).toHaveLength(2);
  });

  it("corrects for the number of questions: the adjusted p value is never below the plain one", () => {
    const { rows } = compareReports(madeReport(), madeReport({ seed: 5 }));
    for (const { p, adjustedP } of rows) expect(adjustedP).toBeGreaterThanOrEqual(p);
  });

  it("says where there are too few samples to see anything, instead of that there is nothing", () => {
    const { rows } = compareReports(
      madeReport({ samples: 3 }),
      madeReport({ samples: 3, scale: { process: 1, crun: 40 } }),
    );
    expect(rows.filter(({ system }) => system === "crun").map(({ verdict }) => verdict)).toEqual([
      "too few samples",
      "too few samples",
    ]);
  });

  it("names the control that moved, other machines and other versions", () => {
    const after = madeReport({ seed: 3, scale: { process: 2, crun: 8 }, kernel: "Linux 6.19.0" });
    const report = compareReports(madeReport(), after);
    expect(movedControl(report)).toHaveLength(2);
    const text = formatComparison(report);
    for (const part of ["the machine was not the same", "Linux 6.19.0", "Brunner–Munzel", "Holm", "1 %"])
      expect(text).toContain(part);
  });

  it("says by how much reports of the same kind are apart, so that a difference between two can be set against that", () => {
    const others = [2, 3, 4].map((seed) => madeReport({ seed }));
    const after = madeReport({ seed: 9, scale: { process: 1, crun: 5 } });
    const report = compareReports(madeReport(), after, 0.01, [...others, madeReport({ kernel: "Linux 6.19.0" })]);
    for (const { between } of report.rows) {
      // The other kernel's is no relative; the first report is one of them.
      expect(between?.reports).toBe(4);
      expect(between?.ratio).toBeGreaterThan(1);
      expect(between?.ratio).toBeLessThan(1.2);
    }
    expect(formatComparison(report)).toMatch(/slower +×1\.\d+ \(4\)/);
    const alone = compareReports(madeReport(), after);
    expect(alone.rows.map(({ between }) => between)).toEqual([null, null, null, null]);
    expect(formatComparison(alone)).toContain("is not known");
  });

  it("lists what is in one of them alone", () => {
    const { unmatched } = compareReports(madeReport(), madeReport({ scale: { process: 1 } }));
    expect(unmatched).toEqual([
      "only in the first: crun: byte, warm, one at a time, firstByte",
      "only in the first: crun: byte, warm, one at a time, gone",
    ]);
  });

  it("takes more of a rate for faster", () => {
    const overhead = (values: readonly number[]) => [
      {
        ...{ name: "container", world: "container", accelerator: null, version: "1", notes: [] },
        quantities: [
          {
            ...{ name: "memory", unit: "bytes/s", what: "a copy", samples: [...values], p50: 1, p95: 1 },
            ...{ ci95: [1, 1], ratio: null },
          },
        ],
      },
    ];
    const withRate = (base: number) =>
      benchReportSchema.parse({
        ...madeReport(),
        overhead: overhead(Array.from({ length: 20 }, (_, index) => base + index)),
      });
    const { rows } = compareReports(withRate(1000), withRate(2000));
    expect(rows.find(({ condition }) => condition === "overhead")?.verdict).toBe("faster");
  });
});

describe("the null comparison's verdict", () => {
  it("allows 3 of 100 at a level of 1 %, since more has a probability of 1.8 %", () => {
    expect(allowedByChance(100, 0.01)).toBe(3);
    expect(allowedByChance(100, 0.05)).toBe(10);
    expect(allowedByChance(1, 0.01)).toBe(0);
  });
});
