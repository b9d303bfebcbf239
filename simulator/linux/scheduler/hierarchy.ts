/**
 * Run queues within run queues: a thread stands in its group's queue, the group in its parent's, up to the processor's own
 * (Documentation/scheduler/sched-design-CFS.rst, "group scheduler extensions"). A group stands in its parent's queue while
 * it has somebody who can run and is not throttled.
 */
import type { CpuGroup } from "./cpu-group.ts";
import type { Entity } from "./entity.ts";

/** Puts an entity into its group's queue on a processor, and each group that this brings to life into its parent's. */
export function enqueueUp(entity: Entity, group: CpuGroup, cpu: number, isNew: boolean): void {
  group.at(cpu).queue.enqueue(entity, isNew);
  enqueueGroups(group, cpu);
}

/** Takes an entity out, because it sleeps or for another reason, and each group that has nobody left. */
export function dequeueUp(entity: Entity, group: CpuGroup, cpu: number, sleeps = false): void {
  group.at(cpu).queue.dequeue(entity, sleeps);
  dequeueGroups(group, cpu, sleeps);
}

/** Takes a group that has used up its quota off its parent's queue on a processor. Its own queue stays as it is. */
export function throttle(group: CpuGroup, cpu: number, now: number): void {
  const place = group.at(cpu);
  place.throttledAt = now;
  if (group.parent === undefined || !place.entity.queued) return;
  dequeueUp(place.entity, group.parent, cpu);
}

/** @returns how long the group has been throttled on a processor. */
export function unthrottle(group: CpuGroup, cpu: number, now: number): number {
  const place = group.at(cpu);
  const forNs = place.throttledAt === undefined ? 0 : now - place.throttledAt;
  place.throttledAt = undefined;
  enqueueGroups(group, cpu);
  return forNs;
}

function enqueueGroups(start: CpuGroup, cpu: number): void {
  for (let group: CpuGroup | undefined = start; group?.parent !== undefined; group = group.parent) {
    const { entity, queue, throttledAt } = group.at(cpu);
    group.spreadShares();
    if (throttledAt !== undefined || queue.size === 0) return;
    if (!entity.queued) group.parent.at(cpu).queue.enqueue(entity);
  }
}

function dequeueGroups(start: CpuGroup, cpu: number, sleeps: boolean): void {
  for (let group: CpuGroup | undefined = start; group?.parent !== undefined; group = group.parent) {
    const { entity, queue } = group.at(cpu);
    if (queue.size === 0 && entity.queued) group.parent.at(cpu).queue.dequeue(entity, sleeps);
    group.spreadShares();
  }
}
