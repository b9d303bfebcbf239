/**
 * The benchmark of starts, run by the server and watched in the browser.
 *
 *     GET    /api/benchmark                     → BenchmarkOverview: what can be measured, and whether something is
 *     POST   /api/benchmark/limits BenchmarkRequest → BenchmarkLimits: what it would take at most
 *     POST   /api/benchmark        BenchmarkRequest → 201: it runs. One runs at a time: another gets 429 and a problem
 *     GET    /api/benchmark/lines               → JSON lines, one BenchmarkLine each: all from its beginning, then live
 *     DELETE /api/benchmark                     → 204: it ends, and what was measured is kept as interrupted
 *     GET    /api/benchmark/history             → BenchmarkHistory
 *     GET    /api/benchmark/history/:id/:file   → report.json, report.csv or report.html
 *     GET    /api/benchmark/compare?before=&after=  → BenchmarkComparison
 *
 * It goes on when the browser leaves: it takes minutes, and whoever comes back finds it again. It ends with the server.
 */

import * as z from "zod/mini";
import { idSchema } from "./machine.ts";

const worldSchema = z.enum(["process", "container", "vm", "address-space"]);
const milliseconds = z.number().check(z.minimum(0));
const bytes = z.number().check(z.minimum(0));

/** Names of systems, as in `--systems`. */
const nameSchema = z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/));

export const benchmarkRequestSchema = z.strictObject({
  systems: z.array(nameSchema).check(z.minLength(1), z.maxLength(64)),
  /** Measured rounds at most; the limit of time may make them fewer. */
  runs: z.int().check(z.minimum(1), z.maximum(1000)),
  /** What it may take. */
  timeSeconds: z.int().check(z.minimum(10), z.maximum(7200)),
});

export type BenchmarkRequest = z.infer<typeof benchmarkRequestSchema>;

/** One that can be chosen; whether it works here is found out when it is prepared. */
export const benchmarkSystemSchema = z.object({ name: z.string(), world: worldSchema, what: z.string() });

export type BenchmarkSystem = z.infer<typeof benchmarkSystemSchema>;

export const benchmarkOverviewSchema = z.object({
  systems: z.array(benchmarkSystemSchema),
  /** What runs now. */
  running: z.nullable(benchmarkRequestSchema),
});

export type BenchmarkOverview = z.infer<typeof benchmarkOverviewSchema>;

/** What it takes at most; it says so before it begins. */
export const benchmarkLimitsSchema = z.object({ timeSeconds: z.number(), memoryBytes: bytes, diskBytes: bytes });

export type BenchmarkLimits = z.infer<typeof benchmarkLimitsSchema>;

export const benchmarkLineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("started"), request: benchmarkRequestSchema, limits: benchmarkLimitsSchema }),
  z.object({
    kind: z.literal("progress"),
    /** In words: `preparing podman`, `round 3 of 20: crun`. */
    message: z.string(),
    /** 0 … 1, and what is left, once that can be told. */
    fraction: z.exactOptional(z.number()),
    leftSeconds: z.exactOptional(z.number()),
  }),
  z.object({
    kind: z.literal("sample"),
    system: z.string(),
    world: worldSchema,
    accelerator: z.nullable(z.string()),
    firstByteMs: milliseconds,
  }),
  z.object({ kind: z.literal("unavailable"), system: z.string(), reason: z.string(), fix: z.string() }),
  /** The last line; `id` is its place in the history, null where nothing was measured. */
  z.object({ kind: z.literal("done"), id: z.nullable(idSchema), interrupted: z.boolean() }),
  /** The last line of one that could not begin, or broke down. */
  z.object({ kind: z.literal("failed"), reason: z.string(), fix: z.string() }),
]);

export type BenchmarkLine = z.infer<typeof benchmarkLineSchema>;

export const historyEntrySchema = z.object({
  id: idSchema,
  /** ISO 8601. */
  startedAt: z.string(),
  /** Which benchmark: startup, density … */
  benchmark: z.string(),
  kernel: z.string(),
  /** How many were measured. */
  systems: z.number(),
  interrupted: z.boolean(),
});

export type HistoryEntry = z.infer<typeof historyEntrySchema>;

export const benchmarkHistorySchema = z.object({ entries: z.array(historyEntrySchema) });

export type BenchmarkHistory = z.infer<typeof benchmarkHistorySchema>;

const sideSchema = z.object({ n: z.number(), p50: z.number() });

/** What changed from one report (a) to another (b), as `ringside bench compare --json` says it. */
export const benchmarkComparisonSchema = z.object({
  /** The test by which a difference is told from noise, and its level. */
  test: z.string(),
  level: z.number(),
  /** What of the machines and versions is not the same: a difference may be theirs. */
  circumstances: z.array(z.string()),
  rows: z.array(
    z.object({
      system: z.string(),
      condition: z.string(),
      mark: z.string(),
      a: sideSchema,
      b: sideSchema,
      /** B's median to A's, with its interval; null where a median is 0. */
      ratio: z.nullable(z.number()),
      ci95: z.nullable(z.tuple([z.number(), z.number()])),
      /** After the correction for many questions. */
      adjustedP: z.number(),
      verdict: z.string(),
    }),
  ),
  /** In only one of the two. */
  unmatched: z.array(z.string()),
});

export type BenchmarkComparison = z.infer<typeof benchmarkComparisonSchema>;

/** What the page needs of a stored report: the distributions of the first byte, and what is missing. */
export const storedReportSchema = z.object({
  startedAt: z.string(),
  interrupted: z.boolean(),
  systems: z.array(
    z.object({
      name: z.string(),
      world: worldSchema,
      accelerator: z.nullable(z.string()),
      marks: z.object({ firstByte: z.exactOptional(z.object({ samplesMs: z.array(milliseconds) })) }),
    }),
  ),
  unavailable: z.array(z.object({ name: z.string(), reason: z.string(), fix: z.string() })),
});

export type StoredReport = z.infer<typeof storedReportSchema>;

/** The files that a stored report can be had as. */
export const REPORT_FILES = ["report.json", "report.csv", "report.html"] as const;

export type ReportFile = (typeof REPORT_FILES)[number];

/**
 * One line of a benchmark.
 *
 * @throws SyntaxError where it is no JSON, z.core.$ZodError where it is another thing
 */
export function parseBenchmarkLine(line: string): BenchmarkLine {
  return z.parse(benchmarkLineSchema, JSON.parse(line));
}
