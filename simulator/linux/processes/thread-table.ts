/**
 * The threads of processes: what the scheduler runs. Threads of one process share everything that is the process's
 * (clone(2), CLONE_THREAD); the process ends with its last one, or with all of them at once (exit_group(2)).
 */
import { PRIORITIES } from "../../engine/priorities.ts";
import type { Simulation } from "../../engine/simulation.ts";
import type { Activities, Activity } from "../../machine/activity.ts";
import type { CpuSet } from "../../machine/cpu-set.ts";
import { Thread } from "../../machine/thread.ts";
import type { EevdfPolicy } from "../scheduler/eevdf.ts";
import type { NamespaceMember, PidNamespace } from "./namespaces.ts";
import type { Process } from "./process.ts";

/** What threads sleep for until somebody of their process, or about it, wakes them. */
export const SLEEPS = { wait: "wait4", stop: "stopped" } as const;
export type Sleep = keyof typeof SLEEPS;

export interface ThreadTableOptions {
  readonly simulation: Simulation;
  readonly cpus: CpuSet;
  readonly policy: EevdfPolicy;
  /** What stands below the kernel: a hypervisor that takes its traps. */
  readonly below?: (activities: Activities) => Activities;
  /** The last thread of a process has come to its end. */
  readonly lastEnded: (process: Process) => void;
}

export interface ThreadOptions {
  readonly nice?: number;
  readonly affinity?: readonly number[];
}

export class ThreadTable {
  readonly #options: ThreadTableOptions;
  readonly #of = new Map<Process, Set<Thread>>();
  readonly #asleep: Readonly<Record<Sleep, Map<Process, Set<Thread>>>> = { wait: new Map(), stop: new Map() };
  readonly #joiners = new Map<Thread, Thread>();
  /** Numbers of threads beyond a process's first one, whose number is the process's (gettid(2)). */
  readonly #ids = new Map<Thread, NamespaceMember>();
  /** Whose activities are being drawn. */
  #current: Thread | undefined;

  constructor(options: ThreadTableOptions) {
    this.#options = options;
  }

  /** @returns the threads of a process that have not ended, the oldest first. */
  of(process: Process): readonly Thread[] {
    return [...(this.#of.get(process) ?? [])];
  }

  /** @returns a thread's number as a pid namespace shows it; undefined where it is not seen there. */
  idOf(process: Process, thread: Thread, seenFrom: PidNamespace = process.namespaces.pid): number | undefined {
    return (this.#ids.get(thread) ?? process).numbers.get(seenFrom);
  }

  /** Lets a thread of a process begin. */
  start(process: Process, activities: Activities, { nice, affinity }: ThreadOptions = {}): Thread {
    const { policy, cpus, below } = this.#options;
    const siblings = this.#of.get(process) ?? new Set<Thread>();
    this.#of.set(process, siblings);
    const name = siblings.size === 0 ? process.name : `${process.name}, thread ${siblings.size + 1}`;
    // The thread is made from its life, and its life has to know the thread: it does when it is first drawn.
    const life = this.#life(process, activities, () => thread);
    const thread: Thread = new Thread(name, below?.(life) ?? life);
    if (siblings.size > 0) {
      const member: NamespaceMember = { numbers: new Map(), isAlive: true };
      process.namespaces.pid.admit(member);
      this.#ids.set(thread, member);
      process.controlGroup.count(1);
    }
    siblings.add(thread);
    policy.admit(thread, {
      group: process.controlGroup.cpu,
      ...(nice === undefined ? {} : { nice }),
      ...(affinity === undefined ? {} : { affinity }),
    });
    cpus.start(thread);
    return thread;
  }

  /** What the thread that draws it does: sleep until it is woken. */
  sleep(process: Process, why: Sleep): Activity {
    const thread = this.#current;
    return {
      kind: "block",
      reason: SLEEPS[why],
      enter: () => {
        const sleepers = this.#asleep[why].get(process) ?? new Set<Thread>();
        this.#asleep[why].set(process, sleepers);
        if (thread !== undefined) sleepers.add(thread);
        return false;
      },
    };
  }

  /** What the thread that draws it does: sleep until another one has ended (pthread_join(3)). */
  join(other: Thread): Activity {
    const thread = this.#current;
    return {
      kind: "block",
      reason: "futex: until the other thread has ended",
      enter: () => {
        if (other.state === "ended" || thread === undefined) return true;
        this.#joiners.set(other, thread);
        return false;
      },
    };
  }

  wake(process: Process, why: Sleep): void {
    const sleepers = this.#asleep[why].get(process);
    this.#asleep[why].delete(process);
    for (const thread of sleepers ?? []) this.#options.cpus.wake(thread);
  }

  /**
   * Ends the threads of a process that has ended. It may have ended in the middle of what one of them does, so they stop
   * at this instant, but after that.
   */
  endAll(process: Process): void {
    const threads = this.of(process);
    this.#of.delete(process);
    for (const thread of threads) this.#forget(process, thread);
    for (const sleepers of Object.values(this.#asleep)) sleepers.delete(process);
    const { simulation, cpus } = this.#options;
    simulation.after(0, PRIORITIES.complete, () => {
      for (const thread of threads) cpus.kill(thread);
    });
  }

  *#life(process: Process, activities: Activities, self: () => Thread): Generator<Activity> {
    const iterator = activities[Symbol.iterator]();
    for (;;) {
      this.#current = self();
      const step = iterator.next();
      if (step.done === true) break;
      yield step.value;
    }
    const thread = self();
    const siblings = this.#of.get(process);
    siblings?.delete(thread);
    this.#forget(process, thread);
    const joiner = this.#joiners.get(thread);
    this.#joiners.delete(thread);
    if (joiner !== undefined) this.#options.cpus.wake(joiner);
    if (siblings?.size === 0 && process.isAlive) this.#options.lastEnded(process);
  }

  /** Its number can be given to another one, and pids.max has room again. */
  #forget(process: Process, thread: Thread): void {
    const member = this.#ids.get(thread);
    if (member === undefined) return;
    this.#ids.delete(thread);
    process.namespaces.pid.release(member);
    process.controlGroup.count(-1);
  }
}
