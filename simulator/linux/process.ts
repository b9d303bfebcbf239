/** Starting a process: vfork(2) and execve(2), nothing else. The plainest world, and the floor of all the others. */
import type { CostBook } from "../costs/cost-book.ts";
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import { kernel, type LinuxKernel, user } from "./kernel.ts";

/**
 * @param linux the kernel that starts it
 * @param costs what the start takes
 * @param workload the program
 * @returns the whole life of the process, from the request to the moment when its parent knows that it has gone
 */
export function* processLife(linux: LinuxKernel, costs: CostBook, workload: Workload): Generator<Activity> {
  yield kernel("vfork()", "fork", costs.ns("linux.fork"), { manual: "vfork(2)" });
  yield user("the child, still its parent's program", "exec", costs.ns("linux.clock"));
  yield kernel("execve()", "exec", costs.ns("linux.execve"), { manual: "execve(2)" });
  yield* linux.run(workload, "program");
  yield { kind: "mark", name: MARKS.gone };
}
