/** What the scheduler keeps of a thread: its place among the groups, its weight, and where it may run. */
import type { Thread } from "../../machine/thread.ts";
import type { CpuGroup } from "./cpu-group.ts";
import { Entity } from "./entity.ts";
import { weightOfNice } from "./weights.ts";

/** What can be said of a thread; what is left out is as it is for a plain one. */
export interface SchedulingAttributes {
  readonly group?: CpuGroup;
  /** nice(2). */
  readonly nice?: number;
  /** The processors that it may run on (sched_setaffinity(2), cpuset.cpus). */
  readonly affinity?: readonly number[];
  /** How much it asks for at a time (sched_setattr(2), sched_runtime): 0.1 to 100 ms. */
  readonly sliceNs?: number;
}

export class Task<T extends Thread> {
  readonly thread: T;
  readonly entity: Entity;
  group: CpuGroup;
  affinity: readonly number[] | undefined;
  /** The processor in whose run queue it stands, or stood last. */
  cpu: number | undefined;
  isNew = true;

  constructor(id: number, thread: T, attributes: SchedulingAttributes, defaults: { group: CpuGroup; sliceNs: number }) {
    const { group = defaults.group, nice = 0, affinity, sliceNs = defaults.sliceNs } = attributes;
    this.thread = thread;
    this.group = group;
    this.affinity = affinity;
    this.entity = new Entity(id, thread.name, weightOfNice(nice), sliceNs);
  }

  mayRunOn(cpu: number): boolean {
    return this.affinity === undefined || this.affinity.includes(cpu);
  }

  /** @returns its place on a processor, the innermost first: itself, then the groups that stand for it. */
  chain(cpu: number): { readonly entity: Entity; readonly group: CpuGroup }[] {
    const links = [{ entity: this.entity, group: this.group }];
    for (let group = this.group; group.parent !== undefined; group = group.parent) {
      links.push({ entity: group.at(cpu).entity, group: group.parent });
    }
    return links;
  }
}
