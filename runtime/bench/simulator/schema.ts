/**
 * The format `ringside.simulator-speed/1`: what `ringside bench simulator --json` writes. One row for each goal, as in
 * `ringside.speed/1`, and the raw samples of every round.
 */

import * as z from "zod";
import { benchReportSchema } from "../schema.ts";
import { speedRowSchema } from "../speed/schema.ts";

const samples = z.array(z.number().positive());

export const simulatorReportSchema = z.strictObject({
  schema: z.literal("ringside.simulator-speed/1"),
  startedAt: z.iso.datetime(),
  interrupted: z.boolean(),
  machine: benchReportSchema.shape.machine,
  node: z.string(),
  protocol: z.strictObject({
    seed: z.int(),
    runs: z.int().positive(),
    warmup: z.int().nonnegative(),
    order: z.string(),
    workload: z.string(),
  }),
  rows: z.array(speedRowSchema),
  notes: z.array(z.string()),
  /** Of each round, per second of processor time: events, and SimPy's customers; and our events per second of the clock. */
  samples: z.strictObject({
    traced: samples,
    tracedByTheClock: samples,
    untraced: samples,
    bare: samples,
    crowded: samples,
    simpyCustomers: samples,
  }),
});

export type SimulatorReport = z.output<typeof simulatorReportSchema>;
