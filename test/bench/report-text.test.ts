/** The benchmark's report: format, table, notes. */
import { describe, expect, it } from "vitest";
import { formatReport } from "../../runtime/bench/report/text.ts";
import { type BenchReport, benchReportSchema } from "../../runtime/bench/schema.ts";
import { generatedReport } from "../support/bench-report.ts";

function mark(p50: number) {
  return { samplesMs: [p50, p50], p50, p95: p50 * 1.5, p99: p50 * 2, ci95: [p50 * 0.9, p50 * 1.1] };
}

const REPORT: BenchReport = benchReportSchema.parse({
  schema: "ringside.bench/1",
  benchmark: "startup",
  startedAt: "2026-11-23T09:00:00.000Z",
  interrupted: false,
  machine: { kernel: "Linux 6.18.0", cpu: "Example", cores: 2, memoryBytes: 1e9, cgroupMode: "hybrid" },
  protocol: {
    seed: 7,
    runs: 2,
    warmup: 1,
    order: "shuffled",
    cache: "warm",
    concurrency: 1,
    settle: "yes",
    workload: "a program",
  },
  systems: [
    {
      name: "vm",
      world: "vm",
      version: "QEMU 7.2",
      accelerator: "tcg",
      notes: ["boots"],
      marks: { firstByte: mark(1500), gone: mark(1600) },
    },
    {
      name: "crun",
      world: "container",
      version: "crun 1.8.1",
      accelerator: null,
      notes: ["cold"],
      marks: { firstByte: mark(8), gone: mark(9) },
    },
    {
      name: "process",
      world: "process",
      version: "ringside 0.1.0",
      accelerator: null,
      notes: [],
      marks: { firstInstruction: mark(0.4), firstByte: mark(0.5), gone: mark(0.6) },
    },
  ],
  unavailable: [{ name: "runc", reason: "runc is not installed", fix: "apt-get install runc" }],
});

const text = formatReport(REPORT);

describe("the report for people", () => {
  const rowOf = (name: string) => text.split("\n").find((line) => line.startsWith(`${name} `)) ?? "";

  it("lists the fastest first, with ratios to the floor and to crun in the same run", () => {
    const order = ["process", "crun", "vm"].map((name) => text.indexOf(`\n${name} `));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(rowOf("crun").split(/ {2,}/)).toEqual(expect.arrayContaining(["8.00", "7.20–8.80", "16.0", "1.00"]));
    expect(rowOf("vm")).toMatch(/3000 +188 +tcg$/);
  });

  it("says which mark could not be seen instead of leaving a gap", () => {
    expect(rowOf("crun")).toContain("–");
    expect(rowOf("process")).toContain("0.40");
  });

  it("names the machine, the protocol, the versions and what is missing with its fix", () => {
    for (const part of [
      "Linux 6.18.0",
      "cgroups hybrid",
      "seed 7",
      "crun 1.8.1",
      "runc is not installed",
      "apt-get install runc",
    ]) {
      expect(text).toContain(part);
    }
  });

  it("leaves out a ratio whose anchor was not measured", () => {
    const without = formatReport({ ...REPORT, systems: REPORT.systems.filter(({ name }) => name !== "crun") });
    expect(without).toContain("× process");
    expect(without).not.toContain("× crun");
  });

  it("says when it was interrupted, also when nothing had been measured", () => {
    const text = formatReport({ ...REPORT, interrupted: true, systems: [] });
    expect(text).toContain("Interrupted");
    expect(text).toContain("Nothing was measured.");
  });
});

describe("the format ringside.bench/1", () => {
  it("survives JSON", () => {
    expect(benchReportSchema.parse(JSON.parse(JSON.stringify(REPORT)))).toEqual(REPORT);
  });

  it("refuses figures without samples, unknown marks and unknown worlds", () => {
    const [vm] = REPORT.systems;
    const broken = [
      { ...vm, marks: { firstByte: { ...mark(1), samplesMs: [] } } },
      { ...vm, marks: { booted: mark(1) } },
      { ...vm, world: "unikernel" },
    ];
    for (const system of broken)
      expect(benchReportSchema.safeParse({ ...REPORT, systems: [system] }).success).toBe(false);
  });
});

describe("the parts that not every report has", () => {
  const whole = generatedReport(1);
  const words = formatReport(whole);

  it("are there with their headings where they were measured", () => {
    for (const title of ["Other conditions", "Several at once", "Memory of one more", "Overhead", "Migration"]) {
      expect(words).toContain(`\n${title}`);
      expect(text).not.toContain(title);
    }
  });

  it("name an emulated guest so in every row", () => {
    const rows = words.split("\n").filter((line) => line.startsWith("qemu-microvm-tcg "));
    expect(rows.length).toBeGreaterThan(6);
    expect(rows.filter((row) => !row.includes("software emulation"))).toEqual([]);
  });

  it("are the whole report where no start was measured", () => {
    const { systems: _, ...rest } = whole;
    const density = formatReport({ ...rest, benchmark: "density", systems: [] });
    expect(density.startsWith("Density\n")).toBe(true);
    expect(density).not.toContain("Nothing was measured");
  });
});
