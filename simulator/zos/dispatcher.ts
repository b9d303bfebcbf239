/**
 * The dispatcher, as a scheduling policy (IEAVEDS0 of MVS 3.8; z/OS Basic Skills, "What does the dispatcher do?"): special
 * exits; global SRBs; then the ready address spaces by dispatching priority, and inside the first one its local SRBs, who
 * was interrupted with its LOCAL lock held, and its tasks, the region control task first. Nothing ready: enabled wait.
 */
import type { ReadyReason, SchedulingPolicy } from "../machine/policy.ts";
import { Thread } from "../machine/thread.ts";
import { type Ascb, isDispatchable, type WorkUnit } from "./control-blocks.ts";

/** A work unit as processors carry it out. */
export class ZosThread extends Thread {
  readonly unit: WorkUnit;
  /** An exit for alternate CPU recovery, VARY CPU and the like: before everything else. */
  readonly special: boolean;

  constructor(unit: WorkUnit, activities: Iterable<import("../machine/activity.ts").Activity>, special = false) {
    super(unit.name, activities);
    this.unit = unit;
    this.special = special;
  }
}

/** Classes in the dispatcher's order; those from `spaces` on are compared inside one address space only. */
export const DISPATCH_CLASSES = ["special exit", "global SRB", "address space"] as const;
export const SPACE_CLASSES = ["local SRB", "lock holder", "RCT", "task"] as const;

export interface DispatcherOptions {
  /** Steps after which a preemptible unit's processor is given to whoever else is ready. */
  readonly timeSlice: number;
  readonly cpus: number;
}

export class Dispatcher implements SchedulingPolicy<ZosThread> {
  readonly #timeSlice: number;
  readonly #ready = new Map<ZosThread, number>();
  /** Non-preemptible and disabled units get their processor back after every interruption. */
  readonly #resume = new Map<number, ZosThread>();
  /** Who was given each processor last; undefined where nobody was ready. */
  readonly #running: Map<number, ZosThread | undefined>;
  /** Where each address space stands among those of its priority. */
  readonly #spaceOrder = new Map<Ascb, number>();
  /** What is left of each unit's time slice: who is preempted goes on with the rest, so that equals take turns (assumed). */
  readonly #sliceLeft = new Map<ZosThread, number>();
  #sequence = 0;

  constructor({ timeSlice, cpus }: DispatcherOptions) {
    this.#timeSlice = timeSlice;
    this.#running = new Map(Array.from({ length: cpus }, (_, cpu) => [cpu, undefined]));
  }

  enqueue = (thread: ZosThread, _now: number, reason: ReadyReason): void => {
    if (reason !== "preempted") this.#sliceLeft.set(thread, this.#timeSlice);
    const interrupted = reason === "preempted" || reason === "slice";
    if (interrupted && thread.cpu !== undefined && keepsProcessor(thread.unit)) {
      this.#resume.set(thread.cpu, thread);
      return;
    }
    const { home } = thread.unit;
    if (reason === "slice" || !this.#spaceOrder.has(home)) this.#spaceOrder.set(home, this.#sequence);
    // Who lost its processor to somebody better keeps its place; everybody else goes to the end of its class.
    this.#ready.set(thread, reason === "preempted" ? -1 : this.#sequence);
    this.#sequence++;
  };

  remove = (thread: ZosThread): void => {
    this.#ready.delete(thread);
    for (const [cpu, one] of this.#resume) if (one === thread) this.#resume.delete(cpu);
  };

  pick = (cpu: number): ZosThread | undefined => {
    const next = this.#resume.get(cpu) ?? this.best();
    this.#resume.delete(cpu);
    if (next !== undefined) this.#ready.delete(next);
    this.#running.set(cpu, next);
    return next;
  };

  ran = (thread: ZosThread, steps: number): void => {
    this.#sliceLeft.set(thread, this.#leftOf(thread) - steps);
  };

  sliceNs = (thread: ZosThread): number =>
    isPreemptible(thread.unit) ? Math.max(1, this.#leftOf(thread)) : Number.POSITIVE_INFINITY;

  /** Disabled code is not spared: it loses its processor as soon as it enables (Burst.preemptible). */
  preempts = (ready: ZosThread, running: ZosThread): boolean =>
    isEligible(ready) && isPreemptible(running.unit) && this.#compareClass(ready, running) < 0;

  /** The processor whose unit is the least of those that would have to go; any, where one idles or none would. */
  home = (thread: ZosThread): number | undefined => {
    let least: readonly [cpu: number, thread: ZosThread] | undefined;
    for (const [cpu, running] of this.#running) {
      if (running === undefined) return undefined;
      if (!this.preempts(thread, running)) continue;
      if (least === undefined || this.#compareClass(least[1], running) < 0) least = [cpu, running];
    }
    return least?.[0];
  };

  /** @returns the ready work unit that comes first, without taking it. */
  best(): ZosThread | undefined {
    let best: ZosThread | undefined;
    for (const thread of this.#ready.keys()) {
      if (isEligible(thread) && (best === undefined || this.#compare(thread, best) < 0)) best = thread;
    }
    return best;
  }

  /** @returns every work unit in the queues, whether it can be dispatched or not. */
  queued(): ZosThread[] {
    return [...this.#ready.keys()];
  }

  #leftOf(thread: ZosThread): number {
    return this.#sliceLeft.get(thread) ?? this.#timeSlice;
  }

  #compare(left: ZosThread, right: ZosThread): number {
    return this.#compareClass(left, right) || (this.#ready.get(left) ?? 0) - (this.#ready.get(right) ?? 0);
  }

  #compareClass(left: ZosThread, right: ZosThread): number {
    const byClass = classOf(left) - classOf(right);
    if (byClass !== 0 || classOf(left) < DISPATCH_CLASSES.indexOf("address space")) return byClass;
    const [one, other] = [left.unit.home, right.unit.home];
    if (one !== other) {
      const byPriority = other.priority - one.priority;
      return byPriority || (this.#spaceOrder.get(one) ?? 0) - (this.#spaceOrder.get(other) ?? 0);
    }
    const inside = classInSpace(left.unit) - classInSpace(right.unit);
    if (inside !== 0 || left.unit.kind === "SRB" || right.unit.kind === "SRB") return inside;
    return right.unit.priority - left.unit.priority;
  }
}

/** @returns whether after an interruption somebody else may get the processor. */
export function isPreemptible(unit: WorkUnit): boolean {
  return unit.kind === "TCB" ? !unit.nonPreemptible : unit.preemptible;
}

/** Disabled code cannot even be interrupted; what is not preemptible goes on after the interruption. */
export function keepsProcessor(unit: WorkUnit): boolean {
  return !unit.psw.enabled || !isPreemptible(unit);
}

/** @returns whether the dispatcher may choose the work unit now: nothing of a space that is swapped out. */
export function isEligible({ unit, special }: ZosThread): boolean {
  if (special) return true;
  if (unit.home.swapped === "out") return false;
  // Of an address space that is ending only the one goes on who ends it.
  if (unit.home.terminated && !unit.ended) return false;
  // A supervisor routine that was interrupted with a lock goes on, even where its task is to wait afterwards.
  return unit.kind === "SRB" || unit.locks.length > 0 || isDispatchable(unit);
}

function classOf({ unit, special }: ZosThread): number {
  if (special) return 0;
  return unit.kind === "SRB" && unit.priority === "global" ? 1 : 2;
}

function classInSpace(unit: WorkUnit): number {
  if (unit.kind === "SRB") return 0;
  if (unit.locks.some(({ name }) => name === "LOCAL")) return 1;
  return unit.rct ? 2 : 3;
}
