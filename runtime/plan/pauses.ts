/** Pauses in a plan: places where a start waits until whoever watches it lets it go on. */
import type { Plan, PlanStep } from "../../native/plan/plan.ts";

/** The pause from which on a tracer may watch the process: what is left of the plan is its program. */
export const PROGRAM_PAUSE = "program";

/** Pauses of `ringside run --step` are called this and the position of the step that follows, in the plan without them. */
export const STEP_PAUSE = "step:";

function pauseStep({ phase, stage }: PlanStep, name: string): PlanStep {
  return { phase, stage, why: "The start waits here for whoever watches it.", op: "pause", name };
}

/**
 * Adds a pause before the process becomes its program, and before it is given its system call filter: what the filter
 * forbids, a pause may need.
 */
export function withProgramPause(plan: Plan): Plan {
  const last = plan.findIndex(({ op }) => op === "setSeccomp" || op === "execute");
  return plan.flatMap((step, index) => (index === last ? [pauseStep(step, PROGRAM_PAUSE), step] : [step]));
}

/**
 * Adds a pause before each step that makes the container; what cleans up runs without.
 * @param mayAskBehindFilter the container's system call filter allows what a pause needs (write and read)
 */
export function withStepPauses(plan: Plan, mayAskBehindFilter: boolean): Plan {
  const filter = plan.findIndex(({ op }) => op === "setSeccomp");
  return plan.flatMap((step, index) => {
    const isMaking = step.phase === "host" || step.phase === "child";
    const canAsk = filter === -1 || index <= filter || mayAskBehindFilter;
    const isAsked = isMaking && step.op !== "pause" && canAsk;
    return isAsked ? [pauseStep(step, `${STEP_PAUSE}${index}`), step] : [step];
  });
}
