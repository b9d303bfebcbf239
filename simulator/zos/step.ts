/**
 * One step of z/OS as its manuals and the published MVS 3.8 source describe it. There are no public timings, so a step
 * is the unit: it says what is done and in which order, never how long it takes.
 */
import type { Burst } from "../machine/activity.ts";
import type { Arguments } from "../trace/recorder.ts";

/**
 * `verified`: read at the named source. `recalled`: from the MVS logic manuals by memory, unconfirmed; shown as such.
 * `assumed`: a choice of this model where no source says anything, and what the choice is.
 */
export type Evidence = "verified" | "recalled" | "assumed";

export interface Step {
  readonly state: "problem" | "supervisor";
  readonly name: string;
  readonly evidence: Evidence;
  readonly source: string;
}

/** @returns a step in supervisor state. */
export function supervisorStep(name: string, source: string, evidence: Evidence = "verified"): Step {
  return { state: "supervisor", name, evidence, source };
}

/** @returns the step as one unit of time on a track that counts steps. */
export function stepActivity(step: Step, stage: string, args: Arguments = {}): Burst {
  return {
    kind: "burst",
    mode: step.state,
    name: step.name,
    stage,
    duration: 1,
    args: { evidence: step.evidence, source: step.source, ...args },
  };
}
