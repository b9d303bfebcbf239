/**
 * Which thread moves to a processor with less to do (Documentation/scheduler/sched-domains.rst). The kernel averages load
 * over time; here it is what stands in the queues now.
 */
import type { Thread } from "../../machine/thread.ts";
import type { Task } from "./task.ts";

/**
 * @param waiting threads in the queue of the processor with more to do
 * @param difference how much more it has to do
 * @returns one that may run on the other, and whose moving does not turn the difference round
 */
export function movable<T extends Thread>(
  waiting: readonly Task<T>[],
  from: number,
  to: number,
  difference: number,
): Task<T> | undefined {
  return waiting.find(
    (task) => task.entity.queued && task.mayRunOn(to) && isRunnable(task, from) && loadOf(task, from) <= difference,
  );
}

/** @returns whether none of the groups that a thread is in is throttled on a processor. */
export function isRunnable<T extends Thread>(task: Task<T>, cpu: number): boolean {
  return task.group.path().every((group) => group.at(cpu).throttledAt === undefined);
}

/** What a thread's moving takes off a processor's load: its share of its group's share, and so on. */
function loadOf<T extends Thread>(task: Task<T>, cpu: number): number {
  let load = task.entity.weight;
  for (const group of task.group.path()) {
    const { queue, entity } = group.at(cpu);
    load = Math.floor((load * entity.weight) / Math.max(1, queue.load));
  }
  return load;
}
