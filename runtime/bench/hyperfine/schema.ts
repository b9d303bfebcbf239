/** The format `ringside.hyperfine/1`: the same commands timed by us and by hyperfine(1) in one session. */

import * as z from "zod";
import { benchReportSchema } from "../schema.ts";

const milliseconds = z.number().nonnegative();
const timesSchema = z.strictObject({ samplesMs: z.array(milliseconds).min(1), p50: milliseconds });

export const hyperfineReportSchema = z.strictObject({
  schema: z.literal("ringside.hyperfine/1"),
  startedAt: z.iso.datetime(),
  interrupted: z.boolean(),
  machine: benchReportSchema.shape.machine,
  hyperfine: z.string().min(1),
  seed: z.int(),
  /** Each command is timed in so many turns by either, in an order shuffled from the seed … */
  turns: z.int().positive(),
  /** … so often in each of them. */
  runsPerTurn: z.int().positive(),
  /** How far the medians may be apart, as a part of hyperfine's. */
  tolerance: z.number().positive(),
  commands: z.array(
    z.strictObject({
      name: z.string().min(1),
      version: z.string().min(1),
      argv: z.array(z.string()).min(1),
      ours: timesSchema,
      hyperfine: timesSchema,
      /** Our median through hyperfine's, with the interval of a paired bootstrap over turns. */
      ratio: z.number().positive(),
      ci95: z.tuple([z.number().positive(), z.number().positive()]),
      within: z.boolean(),
    }),
  ),
  unavailable: benchReportSchema.shape.unavailable,
});

export type HyperfineReport = z.output<typeof hyperfineReportSchema>;
export type HyperfineRow = HyperfineReport["commands"][number];
