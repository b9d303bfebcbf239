/**
 * One step of z/OS as its manuals and the published MVS 3.8 source describe it. There are no public timings, so a step
 * is the unit: it says what is done and in which order, never how long it takes.
 */
import type { Activity } from "../machine/activity.ts";

/**
 * `verified`: read at the named source. `recalled`: from the MVS logic manuals by memory, unconfirmed; shown as such.
 */
export type Evidence = "verified" | "recalled";

export interface Step {
  readonly state: "problem" | "supervisor";
  readonly name: string;
  readonly evidence: Evidence;
  readonly source: string;
}

/** @returns the step as one unit of time on a track that counts steps. */
export function stepActivity(step: Step, stage: string): Activity {
  return {
    kind: "burst",
    mode: step.state,
    name: step.name,
    stage,
    duration: 1,
    args: { evidence: step.evidence, source: step.source },
  };
}
