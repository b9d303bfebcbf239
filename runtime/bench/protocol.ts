/**
 * The format `ringside.bench-protocol/1`: everything that decides what a benchmark does. `ringside bench run FILE` does it;
 * a report carries the one that it was made by, completed with every number that was chosen on the way.
 */

import * as z from "zod";

/** What one start does: write a byte and end, or open a server on TCP, write the byte, answer one client and end. */
export const WORKLOADS = ["byte", "serve"] as const;
export type Workload = (typeof WORKLOADS)[number];

/** The state of the page cache before a start: as the warm-up left it, or emptied (drop_caches) before each. */
export const CACHE_STATES = ["warm", "cold"] as const;
export type CacheState = (typeof CACHE_STATES)[number];

const count = z.int().positive();
const name = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/);

/** A row of the table of systems, under the name that it is reported by. */
const contestantSchema = z.strictObject({
  name,
  /** The system, where that is not the name: the same one may take part twice, under two names. */
  system: name.optional(),
  /** Its own number of measured starts, where it is not that of all: what takes long is started less often. */
  runs: count.optional(),
});

/** A further set of starts, beside the main one (a byte, warm, one at a time). */
export const conditionSchema = z.strictObject({
  workload: z.enum(WORKLOADS).default("byte"),
  cache: z.enum(CACHE_STATES).default("warm"),
  concurrency: count.max(256).default(1),
  /** Measured starts of each system. */
  runs: count,
  /** By the names of the contestants; all of them unless said otherwise. */
  systems: z.array(name).optional(),
});

const startupSchema = z.strictObject({
  systems: z.array(contestantSchema).min(1),
  /** Measured rounds at most; a limit of time may have fewer. */
  runs: count,
  warmup: z.int().nonnegative().default(3),
  /** What the others are set against; the first system that was measured unless said otherwise. */
  baseline: name.optional(),
  conditions: z.array(conditionSchema).default([]),
});

export const benchProtocolSchema = z.strictObject({
  schema: z.literal("ringside.bench-protocol/1"),
  /** Of the order of the starts, and of every draw of the statistics. */
  seed: z.int().nonnegative().default(1),
  startup: startupSchema.optional(),
  density: z
    .strictObject({
      systems: z.array(name).min(1),
      image: z.string().optional(),
      /** At most so many of each system. */
      instances: count.optional(),
      /** The share of the machine's memory at which it stops. */
      memoryShare: z.number().positive().max(0.9).optional(),
    })
    .optional(),
  overhead: z.strictObject({ systems: z.array(name).min(1), runs: count.optional() }).optional(),
  migration: z.strictObject({ attempts: count }).optional(),
  /** What it may take at most; the runs are chosen to fit. */
  limits: z
    .strictObject({
      timeSeconds: z.number().positive().optional(),
      memoryBytes: count.optional(),
      diskBytes: count.optional(),
    })
    .default({}),
});

export type BenchProtocol = z.output<typeof benchProtocolSchema>;
export type StartupProtocol = NonNullable<BenchProtocol["startup"]>;
export type Contestant = z.output<typeof contestantSchema>;
export type Condition = z.output<typeof conditionSchema>;
