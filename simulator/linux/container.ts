/**
 * Starting a container: a list of kernel operations carried out one after the other (namespaces(7), cgroups(7),
 * pivot_root(2)). After the last one, execve(2), what runs is a process like any other.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { stepCostId } from "../costs/reference-container.ts";
import type { Activity } from "../machine/activity.ts";
import { COUNT_ARG, MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import type { ContainerPlanStep } from "./container-plan.ts";
import { type HostKernel, namespaceCosts } from "./host-kernel.ts";
import { kernel, type LinuxKernel, user } from "./kernel.ts";

export interface ContainerLifeOptions {
  /** The host's kernel, which is the container's kernel too. */
  readonly linux: LinuxKernel;
  readonly costs: CostBook;
  readonly plan: readonly ContainerPlanStep[];
  readonly hostKernel: HostKernel;
}

/**
 * @param options the plan, what its steps take, and the kernel that carries them out
 * @param workload the program
 * @returns the whole life of the container, from the request to the moment when nothing of it is left
 */
export function* containerLife(options: ContainerLifeOptions, workload: Workload): Generator<Activity> {
  const { linux, plan } = options;
  for (const step of plan) if (step.phase !== "cleanup") yield* stepActivities(options, step);
  yield* linux.run(workload, "program");
  for (const step of plan) if (step.phase === "cleanup") yield* stepActivities(options, step);
  yield { kind: "mark", name: MARKS.gone };
}

/** @returns the system calls of a step, as strace would show them. */
export function callsOf(step: ContainerPlanStep): string[] {
  return step.calls.split(", ").filter((call) => call !== "");
}

/** The launcher reads the step and stamps it in user mode, then the step's system calls follow. */
function* stepActivities(options: ContainerLifeOptions, step: ContainerPlanStep): Generator<Activity> {
  const { costs, hostKernel } = options;
  const name = step.subject === "" ? step.calls : `${step.calls} (${step.subject})`;
  yield user("launcher: next step", step.stage, costs.ns("linux.clock"));
  yield kernel(name, step.stage, stepNs(costs, step, hostKernel), {
    [COUNT_ARG]: callsOf(step).length,
    operation: step.op,
    manual: step.manual,
    why: step.why,
  });
}

/**
 * The time of one step: what was published for the chosen host kernel, or the most specific cost there is, of this very
 * step, of its operation, or of any call as often as it makes one. The program is the same in every world, so its
 * execve(2) takes what it takes in a process.
 */
export function stepNs(costs: CostBook, step: ContainerPlanStep, hostKernel: HostKernel): number {
  if (step.op === "execute") return costs.ns(costs.has("container.execute") ? "container.execute" : "linux.execve");
  if (hostKernel !== "source") {
    const published = namespaceCosts(hostKernel);
    if (step.op === "clone") return costs.ns("linux.fork") + costs.ns(published.network) + costs.ns(published.ipc);
    if (step.op === "newFilesystem" && step.subject === "mqueue") return costs.ns(published.mqueue);
  }
  if (step.phase === "cleanup") {
    const own = stepCostId(step.op, step.subject);
    return costs.has(own) ? costs.ns(own) : callsOf(step).length * costs.ns("container.cleanup.call");
  }
  const id = [stepCostId(step.op, step.subject), stepCostId(step.op, "")].find((candidate) => costs.has(candidate));
  return id === undefined ? callsOf(step).length * costs.ns("container.call") : costs.ns(id);
}
