/**
 * Benchmark reports that nobody measured, for tests of what is made of them: every part is in them, with the shapes that
 * real ones have (skewed times, outliers, two humps, memory that grows along a line). The same seed makes the same report.
 */
import { type Random, seededRandom } from "../../runtime/bench/random.ts";
import {
  type BenchReport,
  benchReportSchema,
  type DensityReport,
  type MarkSummary,
  type MigrationReport,
  type OverheadReport,
  type SystemReport,
} from "../../runtime/bench/schema.ts";
import { summarize } from "../../runtime/bench/statistics.ts";

const MIB = 1024 * 1024;
const RUNS = 40;

/** Every world, and a guest of each kind of accelerator, with about what its start takes. */
const SYSTEMS = [
  { name: "process", world: "process", accelerator: null, version: "ringside 0.1.0", ms: 0.6 },
  { name: "floor", world: "container", accelerator: null, version: "ringside 0.1.0", ms: 2.1 },
  { name: "container", world: "container", accelerator: null, version: "ringside 0.1.0", ms: 2.6 },
  { name: "crun", world: "container", accelerator: null, version: "crun version 1.8.1", ms: 21 },
  { name: "runc", world: "container", accelerator: null, version: "runc version 1.1.5", ms: 31 },
  { name: "docker-runc", world: "container", accelerator: null, version: "Docker 20.10.24", ms: 420 },
  { name: "tiny", world: "vm", accelerator: "kvm", version: "ringside 0.1.0", ms: 0.9 },
  { name: "qemu-microvm-tcg", world: "vm", accelerator: "tcg (software emulation)", version: "QEMU 7.2.22", ms: 1700 },
  { name: "qemu-microvm-kvm", world: "vm", accelerator: "kvm", version: "QEMU 7.2.22", ms: 140 },
] as const;

/** Samples with a long tail, and one far away. */
function times(random: Random, typicalMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const skewed = typicalMs * (0.85 + 0.3 * random() + 0.4 * random() ** 6);
    return index === Math.floor(count / 3) ? skewed * 4 : skewed;
  });
}

function summary(samplesMs: readonly number[], random: Random): MarkSummary {
  const { p50, p95, p99, ci95 } = summarize(samplesMs, random);
  return { samplesMs: [...samplesMs], p50, p95, p99, ci95: [ci95[0], ci95[1]] };
}

function system(row: (typeof SYSTEMS)[number], random: Random): SystemReport {
  const { name, world, accelerator, version, ms } = row;
  const firstByte = times(random, ms, RUNS);
  const longer = (by: number): number[] => firstByte.map((sample) => sample * by * (1 + 0.05 * random()));
  const variants = [1, 2, 4, 8, 16].map((concurrency) => {
    const crowded = ms * Math.max(1, concurrency / 2) * (1 + 0.05 * concurrency);
    const marks = { firstByte: summary(times(random, crowded, RUNS), random) };
    const inFlight = { mean: concurrency * 0.8, max: concurrency };
    return {
      workload: "byte",
      cache: "warm",
      concurrency,
      inFlight,
      startsPerSecond: (1000 * concurrency) / crowded,
      marks,
    } as const;
  });
  const once = { concurrency: 1, inFlight: { mean: 1, max: 1 }, startsPerSecond: 1000 / ms };
  return {
    name,
    world,
    version,
    accelerator,
    notes: [`${name} is made up`, "nobody measured this"],
    rounds: firstByte.map((_, index) => index + 1),
    marks: { firstByte: summary(firstByte, random), gone: summary(longer(1.3), random) },
    variants: [
      ...variants.slice(1),
      { ...once, workload: "byte", cache: "cold", marks: { firstByte: summary(times(random, ms * 3, 10), random) } },
      {
        ...once,
        workload: "serve",
        cache: "warm",
        marks: { firstByte: summary(firstByte, random), ready: summary(longer(1.15), random) },
      },
    ],
    stages: ["clone", "namespaces", "mounts", "exec", "gone"].map((stage, index) => {
      const samplesMs = times(random, (ms * (index + 1)) / 15, RUNS);
      return { name: stage, samplesMs, p50: summary(samplesMs, random).p50 };
    }),
  };
}

function density({ name, world, accelerator, ms }: (typeof SYSTEMS)[number], random: Random): DensityReport {
  const one = world === "vm" ? 90 * MIB : 1.4 * MIB;
  const shared = world === "vm" ? 30 * MIB : 6 * MIB;
  const points = [1, 2, 4, 8, 12, 16, 24, 32].map((instances) => ({
    instances,
    startMs: ms * (1 + 0.02 * instances + 0.1 * random()),
    pssBytes: Math.round(shared + one * instances * (1 + 0.02 * random())),
    cgroupBytes: world === "vm" ? null : Math.round(one * 0.7 * instances * (1 + 0.02 * random())),
    availableDropBytes: Math.round(shared * 0.5 + one * 1.2 * instances + MIB * random()),
    diskBytes: 4096 * instances,
  }));
  return {
    name,
    world,
    accelerator,
    image: "ringside/base",
    points,
    lines: {
      pss: { slopeBytes: one, interceptBytes: shared, r2: 0.998 },
      ...(world === "vm" ? {} : { cgroup: { slopeBytes: one * 0.7, interceptBytes: 0, r2: 0.997 } }),
      available: { slopeBytes: one * 1.2, interceptBytes: shared * 0.5, r2: 0.991 },
      disk: { slopeBytes: 4096, interceptBytes: 0, r2: 1 },
    },
    stoppedBecause: "32 instances were asked for",
    notes: [],
  };
}

const QUANTITIES = [
  { name: "getpid", what: "a system call that does nothing", unit: "ns", typical: 70, guest: 1.2 },
  { name: "page fault", what: "first touch of a page of anonymous memory", unit: "ns", typical: 700, guest: 6 },
  { name: "fork and exec", what: "a child that ends at once", unit: "ns", typical: 400_000, guest: 14 },
  { name: "memory bandwidth", what: "a copy of 64 MiB", unit: "bytes/s", typical: 9e9, guest: 1.1 },
] as const;

function overhead({ name, world, accelerator, version }: (typeof SYSTEMS)[number], random: Random): OverheadReport {
  const isBare = name === "process";
  const quantities = QUANTITIES.map(({ name: quantity, what, unit, typical, guest }) => {
    const factor = isBare ? 1 : world === "vm" ? guest : 1.02;
    const samples = times(random, unit === "ns" ? typical * factor : typical / factor, 15);
    const { p50, p95, ci95 } = summary(samples, random);
    const ratio = isBare ? null : { value: factor, ci95: [factor * 0.95, factor * 1.08] satisfies [number, number] };
    return { name: quantity, what, unit, samples, p50, p95, ci95, ratio };
  });
  return { name, world, accelerator, version, notes: [], quantities };
}

function migration(random: Random): MigrationReport {
  return {
    name: "qemu-microvm-tcg",
    accelerator: "tcg (software emulation)",
    version: "QEMU 7.2.22",
    attempts: 20,
    succeeded: 20,
    counterComplete: 20,
    downtimeMs: summary(times(random, 24, 20), random),
    totalMs: summary(times(random, 900, 20), random),
    transferredBytes: times(random, 60 * MIB, 20).map(Math.round),
    notes: ["both monitors are on this machine"],
  };
}

/**
 * A report with every part.
 *
 * @param seed of all that chance decides
 */
export function generatedReport(seed: number): BenchReport {
  const random = seededRandom(seed);
  const pick = (...names: string[]) => SYSTEMS.filter(({ name }) => names.includes(name));
  const systems = SYSTEMS.map((row) => system(row, random));
  const base = systems[0]?.marks.firstByte?.p50 ?? 1;
  return benchReportSchema.parse({
    schema: "ringside.bench/1",
    benchmark: "whole",
    startedAt: "2026-11-23T09:00:00.000Z",
    interrupted: false,
    machine: { kernel: "Linux 6.18.0", cpu: "Example Processor", cores: 2, memoryBytes: 24e9, cgroupMode: "hybrid" },
    protocol: {
      seed,
      runs: RUNS,
      warmup: 3,
      order: "shuffled in every round",
      cache: "warm",
      concurrency: 1,
      settle: "waits for the kernel’s workers",
      workload: "a static program that writes one byte",
    },
    limits: { timeSeconds: 540, memoryBytes: 4e9, diskBytes: 2e9 },
    systems,
    comparisons: systems.slice(1).map(({ name, marks }) => {
      const ratio = (marks.firstByte?.p50 ?? 1) / base;
      return { system: name, baseline: "process", mark: "firstByte", ratio, ci95: [ratio * 0.96, ratio * 1.05] };
    }),
    density: pick("container", "crun", "qemu-microvm-tcg").map((row) => density(row, random)),
    overhead: pick("process", "container", "qemu-microvm-tcg", "qemu-microvm-kvm").map((row) => overhead(row, random)),
    migration: [migration(random)],
    unavailable: [{ name: "youki", reason: "youki is not installed", fix: "put youki into the search path" }],
  } satisfies BenchReport);
}

/** Keys whose texts are words of the format. */
const WORDS_OF_FORMAT = new Set([
  "schema",
  "benchmark",
  "startedAt",
  "world",
  "workload",
  "cache",
  "cgroupMode",
  "mark",
  "unit",
  "accelerator",
]);

/**
 * The same report with a text behind every name, note, reason and version in it: what a hostile report would have.
 */
export function poisoned(report: BenchReport, text: string): BenchReport {
  const changed = JSON.stringify(report, (key, value: unknown) =>
    typeof value === "string" && !WORDS_OF_FORMAT.has(key) ? value + text : value,
  );
  return benchReportSchema.parse(JSON.parse(changed));
}
