/**
 * The start of one machine as a timed list, and as a timeline: `GET /api/lab/:id/plan`. The rows of a container are
 * the plan's operations in the order in which they ran; a virtual machine has no plan, so no rows.
 */

import * as z from "zod/mini";
import type { Timeline } from "../../simulator/trace/timeline.ts";
import { timelineSchema } from "./timeline.ts";

export const planRowSchema = z.object({
  stage: z.string(),
  /** The operation's name in native/plan/operations.ts. */
  op: z.string(),
  why: z.string(),
  manual: z.string(),
  calls: z.string(),
  startNs: z.number(),
  endNs: z.number(),
  /** 0: done. */
  errno: z.int(),
});

export type PlanRow = z.infer<typeof planRowSchema>;

export const machinePlanSchema = z.object({ rows: z.array(planRowSchema), timeline: timelineSchema });

export interface MachinePlan {
  readonly rows: readonly PlanRow[];
  readonly timeline: Timeline;
}
