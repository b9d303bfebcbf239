/** Starting a process: vfork(2) and execve(2), nothing else. The plainest world, and the floor of all the others. */
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import type { LinuxKernel } from "./kernel.ts";

/**
 * @param linux the kernel that starts it
 * @param workload the program
 * @returns the whole life of the process, from the request to the moment when its parent knows that it has gone
 */
export function* processLife(linux: LinuxKernel, workload: Workload): Generator<Activity> {
  yield* linux.start("start");
  yield* linux.run(workload, "program");
  yield { kind: "mark", name: MARKS.gone };
}
