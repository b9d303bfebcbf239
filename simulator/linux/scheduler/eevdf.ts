/**
 * Linux's fair scheduler as a scheduling policy: a run queue for each processor, groups within groups by cpu.weight,
 * cpu.max with throttling, and threads that move to where there is less to do. See run-queue.ts for who runs next, and
 * docs/model.md for what is left out.
 */
import { PRIORITIES } from "../../engine/priorities.ts";
import type { Simulation } from "../../engine/simulation.ts";
import type { ReadyReason, SchedulingPolicy } from "../../machine/policy.ts";
import type { Thread } from "../../machine/thread.ts";
import { isRunnable, movable } from "./balance.ts";
import { Bandwidth, type CpuMax } from "./bandwidth.ts";
import { CpuGroup, type CpuGroupOptions, type CpuStat } from "./cpu-group.ts";
import type { Entity } from "./entity.ts";
import { dequeueUp, enqueueUp, throttle, unthrottle } from "./hierarchy.ts";
import { type SchedulingAttributes, Task } from "./task.ts";
import { weightOfGroup } from "./weights.ts";

/** The kernel's own slice on one processor (sysctl_sched_base_slice, 0.70 ms); it grows with their number. */
const BASE_SLICE_NS = 700_000;
/** A busy processor looks for one with less to do after a millisecond for each processor, times 16 (busy_factor). */
const BALANCE_NS_PER_CPU = 16_000_000;

/** @returns the slice on so many processors: 0.70 ms times 1 + ilog2(min(processors, 8)) (get_update_sysctl_factor). */
export function defaultSliceNs(cpus: number): number {
  return BASE_SLICE_NS * (1 + 31 - Math.clz32(Math.min(cpus, 8)));
}

export interface EevdfOptions {
  readonly simulation: Simulation;
  readonly cpus: number;
  readonly sliceNs?: number;
  /** What threads are that nobody has admitted: those of a virtual machine, started by itself. */
  readonly attributesOf?: (thread: Thread) => SchedulingAttributes;
}

interface OnCpu<T extends Thread> {
  readonly index: number;
  running: Task<T> | undefined;
  /** Since when it has run without having been charged for it. */
  since: number;
  balancedAt: number;
}

export class EevdfPolicy<T extends Thread = Thread> implements SchedulingPolicy<T> {
  /** What everything belongs to that has been put nowhere else. */
  readonly root: CpuGroup;
  readonly #simulation: Simulation;
  readonly #cpus: readonly OnCpu<T>[];
  readonly #sliceNs: number;
  readonly #tasks = new Map<T, Task<T>>();
  readonly #taskOf = new Map<Entity, Task<T>>();
  readonly #groupOf = new Map<Entity, CpuGroup>();
  readonly #groups: CpuGroup[] = [];
  #nextId = 0;
  readonly #attributesOf: (thread: Thread) => SchedulingAttributes;
  #offer: () => void = () => {};

  constructor({ simulation, cpus, sliceNs, attributesOf = () => ({}) }: EevdfOptions) {
    this.#attributesOf = attributesOf;
    this.#simulation = simulation;
    this.#sliceNs = sliceNs ?? defaultSliceNs(cpus);
    this.#cpus = Array.from({ length: cpus }, (_, index) => ({ index, running: undefined, since: 0, balancedAt: 0 }));
    this.root = this.#newGroup("/", undefined, {});
  }

  /** Says how idle processors are told that somebody can run again: CpuSet.offer of the set that has this policy. */
  connect(set: { readonly offer: () => void }): void {
    this.#offer = () => set.offer();
  }

  get groups(): readonly CpuGroup[] {
    return this.#groups;
  }

  /** Makes a control group. @param parent the root where it is left out */
  group(name: string, options: CpuGroupOptions = {}, parent: CpuGroup = this.root): CpuGroup {
    return this.#newGroup(name, parent, options);
  }

  /** Says what a thread is, before it is started; one of which nothing is said has nice 0 and belongs to the root. */
  admit(thread: T, attributes: SchedulingAttributes = {}): void {
    const defaults = { group: this.root, sliceNs: this.#sliceNs };
    const task = new Task(this.#nextId++, thread, attributes, defaults);
    this.#tasks.set(thread, task);
    this.#taskOf.set(task.entity, task);
  }

  /** Writes cpu.weight. */
  setWeight(group: CpuGroup, cpuWeight: number): void {
    group.shares = weightOfGroup(cpuWeight);
    for (let at: CpuGroup | undefined = group; at !== undefined; at = at.parent) at.spreadShares();
  }

  /** Writes cpu.max; undefined takes the limit away. The counts of cpu.stat begin anew with the limit. */
  setMax(group: CpuGroup, max: CpuMax | undefined): void {
    this.#unthrottleAll(group, this.#simulation.now);
    group.bandwidth = max === undefined ? undefined : new Bandwidth(max, this.#cpus.length);
    this.#offer();
  }

  /** @returns what cpu.stat of a group shows now. */
  stat(group: CpuGroup): CpuStat {
    return group.stat(this.#simulation.now);
  }

  /** The processor that a thread waits for, or has (CpuSet places it there). */
  home = (thread: T): number | undefined => this.#tasks.get(thread)?.cpu;

  enqueue = (thread: T, _now: number, reason: ReadyReason): void => {
    const task = this.#taskFor(thread);
    const at = this.#cpus.find(({ running }) => running === task);
    if (at !== undefined && (reason === "slice" || reason === "preempted")) {
      this.#putBack(at, task);
      return;
    }
    if (at !== undefined) this.#settle(at);
    const cpu = this.#select(task);
    task.cpu = cpu;
    enqueueUp(task.entity, task.group, cpu, task.isNew);
    task.isNew = false;
  };

  remove = (thread: T): void => {
    const task = this.#tasks.get(thread);
    if (task?.cpu === undefined || !task.entity.queued) return;
    dequeueUp(task.entity, task.group, task.cpu);
    this.#forgetEnded(task);
  };

  pick = (cpu: number, now: number): T | undefined => {
    const at = this.#cpu(cpu);
    this.#settle(at);
    this.#balance(at, now);
    const task = this.#pickFrom(cpu, now) ?? (this.#pull(at, 0) ? this.#pickFrom(cpu, now) : undefined);
    at.running = task;
    at.since = now;
    return task?.thread;
  };

  ran = (thread: T, ranNs: number, now: number): void => {
    const task = this.#taskFor(thread);
    const { cpu } = task;
    if (cpu === undefined) return;
    for (const { entity, group } of task.chain(cpu)) {
      group.at(cpu).queue.charge(entity, ranNs);
      group.usageNs += ranNs;
      group.bandwidth?.consume(cpu, ranNs);
    }
    this.#cpu(cpu).since = now;
  };

  sliceNs = (thread: T, cpu: number, now: number): number => {
    this.#cpu(cpu).since = now;
    const task = this.#taskFor(thread);
    const requests = task.chain(cpu).map(({ entity }) => entity.untilDeadlineNs());
    const claims = task.group.path().flatMap(({ bandwidth }) => bandwidth?.claimOf(cpu) ?? []);
    return Math.max(1, Math.min(...requests, ...claims));
  };

  preempts = (ready: T, running: T, now: number): boolean => {
    const comer = this.#taskFor(ready);
    const current = this.#taskFor(running);
    const { cpu } = current;
    if (cpu === undefined || comer.cpu !== cpu || !isRunnable(comer, cpu)) return false;
    const levels = new Map(current.chain(cpu).map(({ entity, group }) => [group, entity]));
    // The innermost group that both are in is where they compete.
    const meeting = comer.chain(cpu).find(({ group }) => levels.has(group));
    if (meeting === undefined || levels.get(meeting.group) === meeting.entity) return false;
    return meeting.group.at(cpu).queue.best(now - this.#cpu(cpu).since) === meeting.entity;
  };

  /** @returns the thread of a run queue's entity; undefined where it is a group's. */
  threadOf(entity: Entity): T | undefined {
    return this.#taskOf.get(entity)?.thread;
  }

  #newGroup(name: string, parent: CpuGroup | undefined, options: CpuGroupOptions): CpuGroup {
    const nextId = () => this.#nextId++;
    const group = new CpuGroup(name, parent, options, { cpus: this.#cpus.length, nextId, sliceNs: this.#sliceNs });
    for (const { entity } of group.onCpu) this.#groupOf.set(entity, group);
    this.#groups.push(group);
    return group;
  }

  #cpu(index: number): OnCpu<T> {
    const cpu = this.#cpus[index];
    if (cpu === undefined) throw new RangeError(`there is no processor ${index} of ${this.#cpus.length}`);
    return cpu;
  }

  #taskFor(thread: T): Task<T> {
    if (!this.#tasks.has(thread)) this.admit(thread, this.#attributesOf(thread));
    const task = this.#tasks.get(thread);
    if (task === undefined) throw new RangeError(`schedule ${thread.name}: it was not admitted`);
    return task;
  }

  #putBack(at: OnCpu<T>, task: Task<T>): void {
    at.running = undefined;
    for (const { group } of task.chain(at.index)) {
      group.at(at.index).queue.putBack();
      group.bandwidth?.release(at.index);
    }
  }

  /** A thread that had the processor and was not queued again has gone to sleep, or has ended. */
  #settle(at: OnCpu<T>): void {
    const task = at.running;
    if (task === undefined) return;
    this.#putBack(at, task);
    dequeueUp(task.entity, task.group, at.index, true);
    this.#forgetEnded(task);
  }

  #forgetEnded(task: Task<T>): void {
    if (task.thread.state !== "ended") return;
    this.#tasks.delete(task.thread);
    this.#taskOf.delete(task.entity);
  }

  /** Where it ran last if nobody is there, else where nobody is, else where least is to do. */
  #select(task: Task<T>): number {
    const allowed = this.#cpus.filter(({ index }) => task.mayRunOn(index));
    const isIdle = (at: OnCpu<T>): boolean => at.running === undefined && this.#load(at.index) === 0;
    const last = allowed.find(({ index }) => index === task.cpu);
    if (last !== undefined && isIdle(last)) return last.index;
    const [first] = [...allowed].sort((left, right) => this.#load(left.index) - this.#load(right.index));
    const chosen = allowed.find(isIdle) ?? first;
    if (chosen === undefined) throw new RangeError(`schedule ${task.thread.name}: it may run on no processor there is`);
    return chosen.index;
  }

  #load(cpu: number): number {
    return this.root.at(cpu).queue.load;
  }

  /** Goes down from the processor's queue to a thread. Groups without quota are put aside on the way. */
  #pickFrom(cpu: number, now: number): Task<T> | undefined {
    let group = this.root;
    for (;;) {
      const entity = group.at(cpu).queue.pick();
      if (entity === undefined) return undefined;
      const task = this.#taskOf.get(entity);
      if (task !== undefined) return task;
      const child = this.#groupOf.get(entity);
      if (child === undefined) throw new RangeError(`run queue of ${group.name}: ${entity.name} is nobody's`);
      if (this.#hasQuota(child, cpu)) {
        group = child;
        continue;
      }
      this.#backOut(group, cpu);
      throttle(child, cpu, now);
      group = this.root;
    }
  }

  /** Undoes the way down to a group. */
  #backOut(start: CpuGroup, cpu: number): void {
    this.root.at(cpu).queue.putBack();
    for (const group of start.path()) {
      group.at(cpu).queue.putBack();
      group.bandwidth?.release(cpu);
    }
  }

  #hasQuota(group: CpuGroup, cpu: number): boolean {
    const { bandwidth } = group;
    if (bandwidth === undefined) return true;
    this.#startTimer(group, bandwidth);
    return bandwidth.claim(cpu);
  }

  #startTimer(group: CpuGroup, bandwidth: Bandwidth): void {
    if (bandwidth.timerRuns) return;
    bandwidth.timerRuns = true;
    // The timer goes on by whole periods, however long it has rested (hrtimer_forward_now).
    const { periodNs } = bandwidth.max;
    const restNs = periodNs - (this.#simulation.now % periodNs);
    this.#simulation.after(restNs, PRIORITIES.expire, () => this.#periodOver(group, bandwidth));
  }

  #periodOver(group: CpuGroup, bandwidth: Bandwidth): void {
    bandwidth.timerRuns = false;
    if (group.bandwidth !== bandwidth) return;
    const now = this.#simulation.now;
    const isThrottled = group.onCpu.some(({ throttledAt }) => throttledAt !== undefined);
    if (!bandwidth.used && !isThrottled) return;
    bandwidth.periods++;
    if (isThrottled) bandwidth.throttledPeriods++;
    bandwidth.refill((cpu) => now - this.#cpu(cpu).since);
    this.#startTimer(group, bandwidth);
    if (!isThrottled || bandwidth.runtimeNs <= 0) return;
    this.#unthrottleAll(group, now);
    this.#offer();
  }

  #unthrottleAll(group: CpuGroup, now: number): void {
    for (const [cpu, { throttledAt }] of group.onCpu.entries()) {
      if (throttledAt === undefined) continue;
      const forNs = unthrottle(group, cpu, now);
      if (group.bandwidth !== undefined) group.bandwidth.throttledNs += forNs;
    }
  }

  /** From time to time a processor looks whether another one has more to do by so much that a thread should move. */
  #balance(at: OnCpu<T>, now: number): void {
    if (now - at.balancedAt < BALANCE_NS_PER_CPU * this.#cpus.length) return;
    at.balancedAt = now;
    if (this.#load(at.index) > 0) this.#pull(at, this.#load(at.index));
  }

  /** Threads that wait for a processor. Those that were killed while they slept or waited are forgotten on the way. */
  #waitingAt(cpu: number): Task<T>[] {
    const { running } = this.#cpu(cpu);
    for (const task of this.#tasks.values()) if (task !== running) this.#forgetEnded(task);
    return [...this.#tasks.values()].filter((task) => task.cpu === cpu && task !== running);
  }

  /** Takes a waiting thread from the processor with most to do. @returns whether there was one */
  #pull(at: OnCpu<T>, ownLoad: number): boolean {
    const others = this.#cpus.filter((other) => other !== at && this.#load(other.index) > ownLoad);
    others.sort((left, right) => this.#load(right.index) - this.#load(left.index) || left.index - right.index);
    for (const { index } of others) {
      const task = movable(this.#waitingAt(index), index, at.index, this.#load(index) - ownLoad);
      if (task === undefined) continue;
      dequeueUp(task.entity, task.group, index);
      task.cpu = at.index;
      enqueueUp(task.entity, task.group, at.index, false);
      return true;
    }
    return false;
  }
}
