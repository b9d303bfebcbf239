/**
 * The format `ringside.migration/1`: what `ringside bench migration --json` writes. Every migration with its rounds and
 * samples, the counter's whole account, and what it was measured with; docs/migration.md has it in words.
 */
import * as z from "zod";

const milliseconds = z.number().nonnegative();
const bytes = z.int().nonnegative();
const count = z.int().nonnegative();

const roundSchema = z.strictObject({
  pass: z.int().positive(),
  /** Since the migration was asked for; the last pass is the one while the guest stands still. */
  startMs: z.number(),
  endMs: z.number(),
  transferredBytes: bytes,
});

const sampleSchema = z.strictObject({
  atMs: milliseconds,
  transferredBytes: bytes,
  remainingBytes: bytes,
  /** As QEMU found it when it last read the dirty log; 0 until it has read it twice. */
  dirtyPagesPerSecond: count,
  throttlePercent: count,
  /** Pages that the guest on the other side had to wait for (post-copy). */
  pagesAskedFor: count,
});

const doneSchema = z.strictObject({
  kind: z.literal("done"),
  number: z.int().positive(),
  /** QEMU's own figures: all of it, and the standstill as the source reckons it. */
  totalMs: milliseconds,
  setupMs: milliseconds,
  qemuDowntimeMs: milliseconds,
  /** From the source's event STOP until the destination was told to go on: by QEMU's and this process's clock. */
  stoppedMs: milliseconds,
  /** The longest gap between two values of the guest's counter, less the usual one: as it arrives here. */
  gapByHostClockMs: milliseconds,
  /** The same by the stamps that the guest itself put on them. */
  gapByGuestClockMs: milliseconds,
  /** How far the guest's clock has fallen behind the host's meanwhile. */
  clockLagMs: z.number(),
  transferredBytes: bytes,
  wholePages: count,
  /** Pages with one byte all over, mostly zero, of which only that is sent. */
  uniformPages: count,
  rounds: z.array(roundSchema),
  samples: z.array(sampleSchema),
});

const failedSchema = z.strictObject({
  kind: z.literal("failed"),
  number: z.int().positive(),
  reason: z.string().min(1),
  /** Whether the source's guest went on counting. */
  sourceRanOn: z.boolean(),
});

const summarySchema = z.strictObject({
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  ci95: z.tuple([z.number(), z.number()]),
});

export const SUMMARIES = [
  "totalMs",
  "qemuDowntimeMs",
  "stoppedMs",
  "gapByHostClockMs",
  "gapByGuestClockMs",
  "clockLagMs",
] as const;
export type SummaryName = (typeof SUMMARIES)[number];

export const migrationReportSchema = z.strictObject({
  schema: z.literal("ringside.migration/1"),
  startedAt: z.iso.datetime(),
  /** Ended by Ctrl-C: what follows is what had been measured until then. */
  interrupted: z.boolean(),
  machine: z.strictObject({
    kernel: z.string(),
    cpu: z.string(),
    cores: z.int().positive(),
    memoryBytes: z.int().positive(),
  }),
  guest: z.strictObject({
    vmm: z.literal("qemu"),
    version: z.string(),
    machine: z.string(),
    accelerator: z.string(),
    kernel: z.string(),
    image: z.string(),
    memoryBytes: z.int().positive(),
  }),
  options: z.strictObject({
    runs: z.int().positive(),
    seed: z.int(),
    intervalUs: z.int().positive(),
    workingSetBytes: bytes,
    writesPerSecond: count,
    downtimeLimitMs: count,
    bandwidthBytesPerSecond: z.int().positive(),
    lastResort: z.enum(["none", "auto-converge", "post-copy"]),
  }),
  migrations: z.array(z.discriminatedUnion("kind", [doneSchema, failedSchema])),
  /** Over the whole life of the guest, all migrations together: one counter that never starts again. */
  counter: z.strictObject({ lines: count, missed: count, doubled: count, wrongPages: count, strange: count }),
  summaries: z.partialRecord(z.enum(SUMMARIES), summarySchema),
  notes: z.array(z.string()),
});

export type MigrationReport = z.output<typeof migrationReportSchema>;
export type MigrationDone = Extract<MigrationReport["migrations"][number], { kind: "done" }>;
export type MigrationFailed = Extract<MigrationReport["migrations"][number], { kind: "failed" }>;
