/**
 * A plan: the flat list of kernel operations that makes a container (or a plain process, or a guest's monitor).
 * Nothing in it is left to decide; the launcher executes it from top to bottom.
 */
import type { Operation, Phase } from "./operations.ts";

/** What a step carries for people, beside the operation itself; it does not travel to the launcher. */
export interface StepWords {
  readonly phase: Phase;
  /** Coarse, for the timeline's stage bars: `cgroup`, `mounts`, `identity`, `security`, `exec`. */
  readonly stage: string;
  /** One sentence: why a container needs this step. */
  readonly why: string;
}

export type PlanStep = StepWords & Operation;
export type Plan = readonly PlanStep[];
