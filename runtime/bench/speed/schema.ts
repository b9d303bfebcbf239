/**
 * The format `ringside.speed/1`, the sibling of `ringside.bench/1` for `ringside bench runtime --json`: one row for each
 * goal, with both figures, their ratio and the verdict; the raw samples of the starts are in `starts`, which is a whole
 * `ringside.bench/1`. A row is `unavailable` with its reason where one of its figures could not be measured here.
 */

import * as z from "zod";
import { benchReportSchema } from "../schema.ts";

const figureSchema = z.strictObject({
  /** What was measured: `container`, `floor`, `crun`. */
  system: z.string().min(1),
  value: z.number().nonnegative(),
  unit: z.enum(["ms", "1/s", "bytes"]),
  /** How many samples the value is the median of. */
  n: z.int().positive(),
});

const goalSchema = z.strictObject({
  /** The ratio of ours to the other, or ours alone where there is no other. */
  bound: z.enum(["at most", "at least"]),
  value: z.number(),
});

const judgedSchema = z.strictObject({
  measure: z.string().min(1),
  goal: goalSchema,
  ours: figureSchema,
  other: figureSchema.nullable(),
  /** Ours divided by the other; null where the goal is an absolute one. */
  ratio: z.number().nullable(),
  verdict: z.enum(["pass", "short"]),
});

const unavailableSchema = z.strictObject({
  measure: z.string().min(1),
  goal: goalSchema,
  verdict: z.literal("unavailable"),
  reason: z.string().min(1),
  fix: z.string().min(1),
});

export const speedRowSchema = z.union([judgedSchema, unavailableSchema]);

export const speedReportSchema = z.strictObject({
  schema: z.literal("ringside.speed/1"),
  rows: z.array(speedRowSchema),
  /** What further was done, and how. */
  notes: z.array(z.string()),
  starts: benchReportSchema,
});

export type SpeedReport = z.output<typeof speedReportSchema>;
export type SpeedRow = SpeedReport["rows"][number];
export type Figure = z.output<typeof figureSchema>;
export type Goal = z.output<typeof goalSchema>;
