/** What is thrown when the launcher could not do a plan: which step, why, and what the steps before it took. */
import { errorName } from "./names.ts";
import type { Plan, PlanStep } from "./plan/plan.ts";
import type { Reply, StepTime } from "./reply.ts";

/** A step of a plan failed, or the process was killed before it could exec. Everything has been cleaned up already. */
export class StepError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  /** Position in the plan; -1 when no step failed but the process was killed from outside. */
  readonly step: number;
  readonly failed: PlanStep | undefined;
  readonly steps: readonly StepTime[];
  readonly reports: Readonly<Record<string, string>>;

  constructor(reply: Reply, plan: Plan) {
    const failed = plan[reply.failedStep - 1];
    const code = errorName(reply.error);
    const kernel = reply.reports.kernel === undefined ? "" : `: ${reply.reports.kernel.trim()}`;
    super(
      `${code}: ${failed === undefined ? "before exec" : `step ${reply.failedStep} of ${plan.length}, ${failed.op}`}${kernel}`,
    );
    this.name = "StepError";
    this.code = code;
    this.errno = -reply.error;
    this.syscall = failed?.op ?? "execute";
    this.step = reply.failedStep - 1;
    this.failed = failed;
    this.steps = reply.steps;
    this.reports = reply.reports;
  }
}
