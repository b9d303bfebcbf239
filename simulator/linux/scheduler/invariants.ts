/** What always holds of the scheduler, as functions: each returns what is wrong, one sentence each. */
import type { Thread } from "../../machine/thread.ts";
import type { CpuGroup } from "./cpu-group.ts";
import type { EevdfPolicy } from "./eevdf.ts";
import type { RunQueue } from "./run-queue.ts";
import { NICE_0_WEIGHT } from "./weights.ts";

/**
 * The lags of a queue sum up to nothing, since what one has had too much the others have had too little; so as long as
 * there is anybody, somebody is eligible.
 */
export function checkRunQueue(queue: RunQueue): string[] {
  const { entities, load } = queue;
  const problems: string[] = [];
  const weights = entities.reduce((sum, { weight }) => sum + weight, 0);
  if (weights !== load) problems.push(`the load is ${load}, the weights sum up to ${weights}`);
  const lags = entities.map((entity) => (queue.lagOf(entity) * entity.weight) / NICE_0_WEIGHT);
  const sum = lags.reduce((total, lag) => total + lag, 0);
  // The average is rounded down to a virtual nanosecond, so all together are off by less than their weights.
  if (Math.abs(sum) > load / NICE_0_WEIGHT + 1) problems.push(`the lags sum up to ${sum} ns`);
  if (entities.length > 0 && queue.best(0) === undefined) problems.push("somebody waits, but nobody is eligible");
  for (const entity of entities) if (!entity.queued) problems.push(`${entity.name} is in a queue and says it is not`);
  return problems;
}

/**
 * How far anybody is from its share, in requests of the longest slice. While nobody comes or goes it is one at most
 * (Stoica and Abdel-Wahab, 1995, theorem 1); who comes brings the lag that it left with, at most two.
 */
export function largestLag(queue: RunQueue): number {
  const longestNs = Math.max(...queue.entities.map(({ sliceNs }) => sliceNs));
  const lags = queue.entities.map((entity) => Math.abs((queue.lagOf(entity) * entity.weight) / NICE_0_WEIGHT));
  return Math.max(0, ...lags) / longestNs;
}

/** A group stands in its parent's queue exactly while it has somebody who can run and is not throttled. */
export function checkScheduler<T extends Thread>(policy: EevdfPolicy<T>): string[] {
  return policy.groups.flatMap((group) => group.onCpu.flatMap((_, cpu) => checkGroup(group, cpu)));
}

function checkGroup(group: CpuGroup, cpu: number): string[] {
  const { queue, entity, throttledAt } = group.at(cpu);
  const where = `group ${group.name} on processor ${cpu}`;
  const problems = checkRunQueue(queue).map((problem) => `${where}: ${problem}`);
  if (group.parent === undefined) return problems;
  const shouldStand = queue.size > 0 && throttledAt === undefined;
  const stands = group.parent.at(cpu).queue.entities.includes(entity);
  if (stands !== shouldStand) problems.push(`${where}: ${stands ? "stands" : "does not stand"} in its parent's queue`);
  if (entity.queued !== stands)
    problems.push(`${where}: says that it ${entity.queued ? "stands" : "does not stand"} there`);
  return problems;
}
