/**
 * The format `ringside.bench/1`: what `ringside bench --json` writes and the history reads. Raw samples, the machine and
 * the protocol are part of it, so that others can compute their own figures and see what was compared.
 */

import * as z from "zod";

/**
 * What is timed, all from the request. `firstInstruction`: the kernel has switched the process to the program (execve
 * succeeded), where that can be observed. `firstByte`: the program's first byte can be read at our end of its standard
 * output; every system has it, so comparisons use it. `ready`: the system says that it is up. `gone`: the program has
 * ended and everything made for it has been removed.
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
  marks: z.partialRecord(z.enum(MARK_NAMES), markSchema),
});

const unavailableSchema = z.strictObject({
  name: z.string().min(1),
  reason: z.string().min(1),
  fix: z.string().min(1),
});

export const benchReportSchema = z.strictObject({
  schema: z.literal("ringside.bench/1"),
  benchmark: z.literal("startup"),
  startedAt: z.iso.datetime(),
  /** Ended by Ctrl-C: what follows is what had been measured until then. */
  interrupted: z.boolean(),
  machine: z.strictObject({
    kernel: z.string(),
    cpu: z.string(),
    cores: z.int().positive(),
    memoryBytes: z.int().positive(),
    cgroupMode: z.enum(["v1", "hybrid", "v2", "none"]),
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
  }),
  systems: z.array(systemSchema),
  unavailable: z.array(unavailableSchema),
});

export type BenchReport = z.output<typeof benchReportSchema>;
export type SystemReport = BenchReport["systems"][number];
export type Unavailable = BenchReport["unavailable"][number];
