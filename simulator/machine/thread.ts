/**
 * What a kernel dispatches: a Linux task, a vCPU, a TCB or an SRB. It is an iterator of activities with a place where it
 * stands; which processor it has, and when, is decided by a scheduling policy and carried out by a CpuSet.
 */
import type { Activities, Activity, Burst, Open } from "./activity.ts";

export type ThreadState = "new" | "ready" | "running" | "blocked" | "ended";

/** A burst that has begun, and how much of it is left: it may be cut by preemption any number of times. */
export interface Begun {
  readonly activity: Burst | Open;
  leftNs: number;
}

export class Thread {
  readonly name: string;
  readonly #activities: Iterator<Activity>;
  state: ThreadState = "new";
  begun: Begun | undefined;
  /** When it last became ready. */
  readyAt = 0;
  /** Sums over its life so far. */
  ranNs = 0;
  waitedNs = 0;
  /** How often a processor was taken away from it, and how often it gave one up. */
  preemptions = 0;
  waits = 0;
  /** The processor that it has, or had last. */
  cpu: number | undefined;

  /**
   * @param name as it is shown
   * @param activities drawn one at a time, each when the one before has ended
   */
  constructor(name: string, activities: Activities) {
    this.name = name;
    this.#activities = activities[Symbol.iterator]();
  }

  /** @returns what it does next; undefined at its end. */
  next(): Activity | undefined {
    const step = this.#activities.next();
    return step.done === true ? undefined : step.value;
  }
}
