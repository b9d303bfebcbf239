/**
 * The format `ringside.bench/1`: what `ringside bench --json` writes and the history reads. Raw samples, the machine and
 * the protocol are part of it, so that others can compute their own figures and see what was compared.
 */

import * as z from "zod";
import { benchProtocolSchema, CACHE_STATES, WORKLOADS } from "./protocol.ts";

/**
 * What is timed, all from the request. `firstInstruction`: the kernel has switched the process to the program (execve
 * succeeded), where that can be observed. `firstByte`: the program's first byte can be read at our end of its standard
 * output; every system has it, so comparisons use it. `ready`: a server has answered its first client on TCP. `gone`: the
 * program has ended and everything made for it has been removed.
 */
export const MARK_NAMES = ["firstInstruction", "firstByte", "ready", "gone"] as const;
export type MarkName = (typeof MARK_NAMES)[number];

const milliseconds = z.number().nonnegative();

const markSchema = z.strictObject({
  samplesMs: z.array(milliseconds).min(1),
  p50: milliseconds,
  p95: milliseconds,
  p99: milliseconds,
  ci95: z.tuple([milliseconds, milliseconds]),
  /** Which samples lie beyond Tukey's outer fences (three interquartile ranges): shown, and in every figure all the same. */
  outliers: z.array(z.int().nonnegative()).optional(),
});

const marksSchema = z.partialRecord(z.enum(MARK_NAMES), markSchema);

/** The same system under another condition than the main one (warm, one at a time). */
const variantSchema = z.strictObject({
  workload: z.enum(WORKLOADS),
  cache: z.enum(CACHE_STATES),
  /** How many starts were asked for at once. */
  concurrency: z.int().positive(),
  /** How many really were under way, seen at each start. */
  inFlight: z.strictObject({ mean: z.number().nonnegative(), max: z.int().nonnegative() }),
  startsPerSecond: z.number().nonnegative(),
  marks: marksSchema,
});

/** Where the time of a start goes: stages in their order; the samples are of the same runs as the marks'. */
const stageSchema = z.strictObject({
  name: z.string().min(1),
  samplesMs: z.array(milliseconds).min(1),
  p50: milliseconds,
});

const systemSchema = z.strictObject({
  name: z.string().min(1),
  world: z.enum(["process", "container", "vm", "address-space"]),
  /** Of the system that was measured, as it prints it; for our own, Ringside's. */
  version: z.string().min(1),
  /** What executes the guest's instructions (`tcg`, `kvm`); null where nothing stands between program and processor. */
  accelerator: z.string().nullable(),
  /** What is compared, and every way in which this system's work differs from the others'. */
  notes: z.array(z.string()),
  marks: marksSchema,
  /** The round of each sample, so that others' of the same round can be paired with it. */
  rounds: z.array(z.int().positive()).optional(),
  variants: z.array(variantSchema).optional(),
  stages: z.array(stageSchema).optional(),
});

/** A ratio of medians, with the interval of a paired bootstrap over rounds. */
const comparisonSchema = z.strictObject({
  system: z.string().min(1),
  baseline: z.string().min(1),
  mark: z.enum(MARK_NAMES),
  ratio: z.number().positive(),
  ci95: z.tuple([z.number().positive(), z.number().positive()]),
});

const bytes = z.int().nonnegative();

/** A line through memory against the number of instances: the slope is what one more costs, the intercept what is shared. */
const lineSchema = z.strictObject({ slopeBytes: z.number(), interceptBytes: z.number(), r2: z.number() });

const densitySchema = z.strictObject({
  name: z.string().min(1),
  world: z.enum(["process", "container", "vm", "address-space"]),
  accelerator: z.string().nullable(),
  image: z.string(),
  /** One row for each k: measured when k instances were idle. Sums over all instances. */
  points: z.array(
    z.strictObject({
      instances: z.int().positive(),
      startMs: milliseconds,
      /** Proportional set size of everything that was started, VMM and monitors included. */
      pssBytes: bytes.nullable(),
      /** memory.current / usage_in_bytes of their groups; null where they have none. */
      cgroupBytes: bytes.nullable(),
      /** How much MemAvailable fell; noise of the machine included. */
      availableDropBytes: z.int(),
      diskBytes: bytes,
    }),
  ),
  lines: z.partialRecord(z.enum(["pss", "cgroup", "available", "disk"]), lineSchema),
  stoppedBecause: z.string().min(1),
  notes: z.array(z.string()),
});

const overheadSchema = z.strictObject({
  name: z.string().min(1),
  world: z.enum(["process", "container", "vm", "address-space"]),
  accelerator: z.string().nullable(),
  version: z.string().min(1),
  notes: z.array(z.string()),
  quantities: z.array(
    z.strictObject({
      name: z.string().min(1),
      /** `ns` for one operation, or `bytes/s`. */
      unit: z.enum(["ns", "bytes/s"]),
      what: z.string().min(1),
      samples: z.array(z.number().nonnegative()).min(1),
      p50: z.number().nonnegative(),
      p95: z.number().nonnegative(),
      ci95: z.tuple([z.number().nonnegative(), z.number().nonnegative()]),
      /** To the bare process of the same run; more than 1 is slower. Null for the process itself and where it has none. */
      ratio: z.strictObject({ value: z.number().positive(), ci95: z.tuple([z.number(), z.number()]) }).nullable(),
    }),
  ),
});

/** Guests moved between two monitors of this machine while they run; all figures of the migrations that succeeded. */
const migrationSchema = z.strictObject({
  name: z.string().min(1),
  accelerator: z.string().nullable(),
  version: z.string().min(1),
  attempts: z.int().positive(),
  succeeded: z.int().nonnegative(),
  /** In how many of them the guest's own counter misses no value and repeats none. */
  counterComplete: z.int().nonnegative(),
  /** The longest gap between two values of that counter: the pause as the guest's user sees it. */
  downtimeMs: markSchema.optional(),
  totalMs: markSchema.optional(),
  transferredBytes: z.array(bytes).optional(),
  notes: z.array(z.string()),
});

/** What the benchmark says before it begins that it will take at most. */
const limitsSchema = z.strictObject({
  timeSeconds: z.number().positive(),
  memoryBytes: bytes,
  diskBytes: bytes,
});

const unavailableSchema = z.strictObject({
  name: z.string().min(1),
  reason: z.string().min(1),
  fix: z.string().min(1),
});

export const benchReportSchema = z.strictObject({
  schema: z.literal("ringside.bench/1"),
  /** `whole` has every part that was asked for. */
  benchmark: z.enum(["startup", "density", "overhead", "whole"]),
  startedAt: z.iso.datetime(),
  /** Ended by Ctrl-C: what follows is what had been measured until then. */
  interrupted: z.boolean(),
  machine: z.strictObject({
    kernel: z.string(),
    cpu: z.string(),
    cores: z.int().positive(),
    memoryBytes: z.int().positive(),
    cgroupMode: z.enum(["v1", "hybrid", "v2", "none"]),
    /** Whether this machine is a guest itself, which makes exits of its own guests dearer (cpuid(1), ecx bit 31). */
    virtualized: z.boolean().optional(),
    /** Whether two of the cores share one: null where the kernel does not say. */
    smt: z.boolean().nullable().optional(),
    /** The frequency governor of core 0; null where there is none, as in most guests. */
    governor: z.string().nullable().optional(),
    /** Of /sys/devices/system/cpu/vulnerabilities, those with a mitigation or none. */
    mitigations: z.record(z.string(), z.string()).optional(),
    /** Mean number of runnable tasks in the minute before (proc(5), loadavg): what else was going on. */
    loadBefore: z.number().nonnegative().optional(),
  }),
  protocol: z.strictObject({
    seed: z.int(),
    runs: z.int().positive(),
    warmup: z.int().nonnegative(),
    order: z.string(),
    cache: z.string(),
    concurrency: z.int().positive(),
    /** How one round is kept from disturbing the next. */
    settle: z.string(),
    workload: z.string(),
    /** The same for a machine, as it was run: `ringside bench run` does it again, `compare` wants it to be equal. */
    definition: benchProtocolSchema.optional(),
  }),
  limits: limitsSchema.optional(),
  systems: z.array(systemSchema),
  comparisons: z.array(comparisonSchema).optional(),
  density: z.array(densitySchema).optional(),
  overhead: z.array(overheadSchema).optional(),
  migration: z.array(migrationSchema).optional(),
  unavailable: z.array(unavailableSchema),
});

export type BenchReport = z.output<typeof benchReportSchema>;
export type SystemReport = BenchReport["systems"][number];
export type Unavailable = BenchReport["unavailable"][number];
export type SystemVariant = NonNullable<SystemReport["variants"]>[number];
export type Comparison = NonNullable<BenchReport["comparisons"]>[number];
export type DensityReport = NonNullable<BenchReport["density"]>[number];
export type MarkSummary = z.output<typeof markSchema>;
export type MigrationReport = NonNullable<BenchReport["migration"]>[number];
export type OverheadReport = NonNullable<BenchReport["overhead"]>[number];
