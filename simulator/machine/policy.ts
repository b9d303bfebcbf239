/**
 * Whose turn it is. A CpuSet carries out what a policy decides: Linux's fair scheduler, z/OS's dispatcher, a hypervisor's
 * sharing of real processors among virtual ones are policies, and nothing else of the machine differs between them.
 */
import type { Thread } from "./thread.ts";

/** Why a thread stands in the queue again. */
export type ReadyReason = "new" | "woken" | "preempted" | "slice";

export interface SchedulingPolicy<T extends Thread = Thread> {
  /** The thread can run from now on. It is never in the queue already, and never running. */
  readonly enqueue: (thread: T, now: number, reason: ReadyReason) => void;
  /** Takes a thread out of the queue that is not to run after all: it was killed, or stopped. */
  readonly remove: (thread: T, now: number) => void;
  /** Takes the thread out of the queue that runs next on this processor; undefined leaves it idle. */
  readonly pick: (cpu: number, now: number) => T | undefined;
  /** The thread has just run for so long. Called at every end of a stretch, before it is queued or picked again. */
  readonly ran: (thread: T, ranNs: number, now: number) => void;
  /** How long the thread may run before the policy wants to be asked again; Infinity for as long as it likes. */
  readonly sliceNs: (thread: T, cpu: number, now: number) => number;
  /** Whether a thread that has just become ready takes the processor from one that runs. */
  readonly preempts: (ready: T, running: T, now: number) => boolean;
  /** The processor that a thread waits for, where the policy has a queue for each; any, where it says none. */
  readonly home?: (thread: T) => number | undefined;
}

/** First come, first served, each for one slice: the plainest policy, and what the others are compared with. */
export class RoundRobin<T extends Thread = Thread> implements SchedulingPolicy<T> {
  readonly #queue: T[] = [];
  readonly #sliceNs: number;

  constructor(sliceNs: number) {
    this.#sliceNs = sliceNs;
  }

  enqueue = (thread: T): void => {
    this.#queue.push(thread);
  };

  remove = (thread: T): void => {
    const at = this.#queue.indexOf(thread);
    if (at >= 0) this.#queue.splice(at, 1);
  };

  pick = (): T | undefined => this.#queue.shift();
  ran = (): void => {};
  sliceNs = (): number => this.#sliceNs;
  preempts = (): boolean => false;
}
