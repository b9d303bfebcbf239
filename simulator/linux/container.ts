/**
 * Starting a container: a list of kernel operations carried out one after the other (namespaces(7), cgroups(7),
 * pivot_root(2)). After the last one, execve(2), what runs is a process like any other.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Activity } from "../machine/activity.ts";
import { COUNT_ARG, MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import type { ContainerPlanStep } from "./container-plan.ts";
import { kernel, type LinuxKernel, user } from "./kernel.ts";

/**
 * @param linux the host's kernel, which is the container's kernel too
 * @param costs what the steps take
 * @param plan the steps of a container's start and end
 * @param workload the program
 * @returns the whole life of the container, from the request to the moment when nothing of it is left
 */
export function* containerLife(
  linux: LinuxKernel,
  costs: CostBook,
  plan: readonly ContainerPlanStep[],
  workload: Workload,
): Generator<Activity> {
  for (const step of plan) if (step.phase !== "cleanup") yield* stepActivities(costs, step);
  yield* linux.run(workload, "program");
  for (const step of plan) if (step.phase === "cleanup") yield* stepActivities(costs, step);
  yield { kind: "mark", name: MARKS.gone };
}

/** @returns the system calls of a step, as strace would show them. */
export function callsOf(step: ContainerPlanStep): string[] {
  return step.calls.split(", ").filter((call) => call !== "");
}

/** The launcher reads the step and stamps it in user mode, then the step's system calls follow. */
function* stepActivities(costs: CostBook, step: ContainerPlanStep): Generator<Activity> {
  const calls = callsOf(step);
  yield user("launcher: next step", step.stage, costs.ns("linux.clock"));
  yield kernel(step.subject === "" ? step.calls : `${step.calls} (${step.subject})`, step.stage, stepNs(costs, step), {
    [COUNT_ARG]: calls.length,
    operation: step.op,
    manual: step.manual,
    why: step.why,
  });
}

/** The most specific cost there is: of this step, of its operation, or of any call as often as it makes one. */
export function stepNs(costs: CostBook, step: ContainerPlanStep): number {
  if (step.op === "execute") return costs.ns("linux.execve");
  const id = [`container.${step.op}.${step.subject}`, `container.${step.op}`].find((candidate) => costs.has(candidate));
  return id === undefined ? callsOf(step).length * costs.ns("container.call") : costs.ns(id);
}
