/**
 * The processors of one machine. They carry out threads by the decisions of a scheduling policy: dispatching, time
 * slices, preemption, waiting and waking. A virtual machine's processors are a CpuSet of their own, whose processors
 * come and go as the host runs their vCPU threads (suspend and resume).
 */

import type { ScheduledEvent } from "../engine/event-queue.ts";
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Burst, Mark, Open } from "./activity.ts";
import type { ReadyReason, SchedulingPolicy } from "./policy.ts";
import type { Begun, Thread } from "./thread.ts";

/** One uninterrupted stretch of a thread on a processor. */
export interface Stretch<T extends Thread> {
  readonly cpu: number;
  /** Undefined where the processor works for nobody: a context switch. */
  readonly thread: T | undefined;
  readonly activity: Burst | Open;
  readonly start: number;
  readonly end: number;
}

/** Whoever wants to know: a trace, counters, a test. */
export interface CpuObserver<T extends Thread> {
  readonly ran?: (stretch: Stretch<T>) => void;
  readonly marked?: (thread: T, mark: Mark, now: number) => void;
  readonly ended?: (thread: T, now: number) => void;
  readonly idled?: (cpu: number, now: number) => void;
  readonly dispatched?: (thread: T, cpu: number, now: number) => void;
}

export interface CpuSetOptions<T extends Thread> {
  readonly simulation: Simulation;
  readonly cpus: number;
  readonly policy: SchedulingPolicy<T>;
  /** What changing from one thread to another costs; nothing where it is undefined, and between a thread and itself. */
  readonly contextSwitch?: (from: T | undefined, to: T) => Burst | undefined;
  readonly observer?: CpuObserver<T>;
}

interface Cpu<T extends Thread> {
  readonly index: number;
  thread: T | undefined;
  /** Who ran here last: going on with the same thread is no context switch. */
  last: T | undefined;
  /** The end of the stretch that runs. */
  event: ScheduledEvent | undefined;
  startedAt: number;
  sliceEndsAt: number;
  /** Set while a context switch runs, which nothing interrupts. */
  switching: Burst | undefined;
  suspended: boolean;
  /** A preemption that came while it could not happen. */
  wanted: boolean;
}

export class CpuSet<T extends Thread = Thread> {
  readonly #simulation: Simulation;
  readonly #policy: SchedulingPolicy<T>;
  readonly #options: CpuSetOptions<T>;
  readonly #observer: CpuObserver<T>;
  readonly #cpus: readonly Cpu<T>[];

  constructor(options: CpuSetOptions<T>) {
    this.#simulation = options.simulation;
    this.#policy = options.policy;
    this.#options = options;
    this.#observer = options.observer ?? {};
    this.#cpus = Array.from({ length: options.cpus }, (_, index) => ({
      index,
      thread: undefined,
      last: undefined,
      event: undefined,
      startedAt: 0,
      sliceEndsAt: 0,
      switching: undefined,
      suspended: false,
      wanted: false,
    }));
  }

  get count(): number {
    return this.#cpus.length;
  }

  /** @returns the thread that a processor has now. */
  runningOn(cpu: number): T | undefined {
    return this.#cpus[cpu]?.thread;
  }

  /** Lets a new thread begin. */
  start(thread: T): void {
    if (thread.state !== "new") throw new RangeError(`start ${thread.name}: it is ${thread.state}`);
    this.#makeReady(thread, "new");
  }

  /** Wakes a thread that is blocked; one that is not is left as it is. @returns whether it was */
  wake(thread: T): boolean {
    if (thread.state !== "blocked") return false;
    this.#makeReady(thread, "woken");
    return true;
  }

  /** Ends the open activity of a thread: a vCPU leaves its guest. Its next activity begins, or begins when it runs again. */
  close(thread: T): void {
    if (thread.begun?.activity.kind !== "open") throw new RangeError(`close ${thread.name}: it is in no open activity`);
    const cpu = this.#cpuOf(thread);
    if (cpu === undefined) {
      thread.begun = undefined;
      return;
    }
    this.#endStretch(cpu);
    thread.begun = undefined;
    this.#goOn(cpu);
  }

  /** Ends a thread, whatever it is doing. */
  kill(thread: T): void {
    if (thread.state === "ended") return;
    const cpu = this.#cpuOf(thread);
    if (cpu !== undefined) this.#endStretch(cpu);
    else if (thread.state === "ready") this.#policy.remove(thread, this.#now);
    this.#end(thread);
    if (cpu === undefined) return;
    cpu.thread = undefined;
    this.#dispatch(cpu);
  }

  /** Takes a processor away as a whole: its thread keeps it and stands still. */
  suspend(index: number): void {
    const cpu = this.#cpu(index);
    if (cpu.suspended) return;
    if (cpu.thread !== undefined) this.#endStretch(cpu);
    cpu.suspended = true;
  }

  /** Gives a processor back. */
  resume(index: number): void {
    const cpu = this.#cpu(index);
    if (!cpu.suspended) return;
    cpu.suspended = false;
    if (cpu.thread === undefined) this.#dispatch(cpu);
    else this.#goOn(cpu);
  }

  /** Has every processor ask its policy again: something that it decides by has changed. */
  reschedule(): void {
    for (const cpu of this.#cpus) {
      if (cpu.thread === undefined) this.#dispatch(cpu);
      else this.#preempt(cpu, "preempted");
    }
  }

  get #now(): number {
    return this.#simulation.now;
  }

  #cpu(index: number): Cpu<T> {
    const cpu = this.#cpus[index];
    if (cpu === undefined) throw new RangeError(`there is no processor ${index} of ${this.#cpus.length}`);
    return cpu;
  }

  #cpuOf(thread: T): Cpu<T> | undefined {
    return this.#cpus.find((cpu) => cpu.thread === thread);
  }

  #makeReady(thread: T, reason: ReadyReason): void {
    thread.state = "ready";
    thread.readyAt = this.#now;
    this.#policy.enqueue(thread, this.#now, reason);
    // At the same instant, but after everything that ends now has ended.
    this.#simulation.after(0, PRIORITIES.begin, () => this.#place(thread));
  }

  /** Finds a processor for a thread that has become ready: an idle one, else one that it takes from another thread. */
  #place(thread: T): void {
    if (thread.state !== "ready") return;
    const idle = this.#cpus.find((cpu) => cpu.thread === undefined && !cpu.suspended);
    if (idle !== undefined) {
      this.#dispatch(idle);
      return;
    }
    const victim = this.#cpus.find(
      (cpu) => !cpu.suspended && cpu.thread !== undefined && this.#policy.preempts(thread, cpu.thread, this.#now),
    );
    if (victim !== undefined) this.#preempt(victim, "preempted");
  }

  #preempt(cpu: Cpu<T>, reason: "preempted" | "slice"): void {
    const { thread } = cpu;
    if (thread === undefined || cpu.suspended) return;
    if (cpu.switching !== undefined || !isPreemptible(thread)) {
      cpu.wanted = true;
      return;
    }
    this.#endStretch(cpu);
    cpu.thread = undefined;
    thread.state = "ready";
    thread.readyAt = this.#now;
    if (reason === "preempted") thread.preemptions++;
    this.#policy.enqueue(thread, this.#now, reason);
    this.#dispatch(cpu);
  }

  #dispatch(cpu: Cpu<T>): void {
    if (cpu.suspended || cpu.thread !== undefined) return;
    const thread = this.#policy.pick(cpu.index, this.#now);
    if (thread === undefined) {
      this.#observer.idled?.(cpu.index, this.#now);
      return;
    }
    cpu.thread = thread;
    thread.state = "running";
    thread.cpu = cpu.index;
    thread.waitedNs += this.#now - thread.readyAt;
    const burst = cpu.last === thread ? undefined : this.#options.contextSwitch?.(cpu.last, thread);
    cpu.last = thread;
    this.#observer.dispatched?.(thread, cpu.index, this.#now);
    if (burst === undefined) {
      this.#beginTurn(cpu, thread);
      return;
    }
    cpu.switching = burst;
    this.#beginStretch(cpu, burst.duration);
  }

  #beginTurn(cpu: Cpu<T>, thread: T): void {
    cpu.sliceEndsAt = this.#now + this.#policy.sliceNs(thread, cpu.index, this.#now);
    this.#goOn(cpu);
  }

  /** Carries on with the thread that the processor has: its begun activity, or its next ones. */
  #goOn(cpu: Cpu<T>): void {
    const { thread } = cpu;
    if (cpu.suspended || thread === undefined) return;
    if (cpu.switching !== undefined) {
      this.#beginStretch(cpu, cpu.switching.duration);
      return;
    }
    if (cpu.wanted && isPreemptible(thread)) {
      cpu.wanted = false;
      this.#preempt(cpu, "preempted");
      return;
    }
    const begun = thread.begun ?? this.#begin(thread);
    if (begun === undefined) {
      this.#leave(cpu);
      return;
    }
    const { activity, leftNs } = begun;
    const leftOfSlice = Math.max(1, cpu.sliceEndsAt - this.#now);
    this.#beginStretch(cpu, isPreemptible(thread) ? Math.min(leftNs, leftOfSlice) : leftNs);
    if (activity.kind === "open") activity.given(this.#now);
  }

  /** Draws activities up to one that takes a processor. @returns undefined where the thread waits, or has ended */
  #begin(thread: T): Begun | undefined {
    for (;;) {
      const activity = thread.next();
      if (activity === undefined) {
        this.#end(thread);
        return undefined;
      }
      switch (activity.kind) {
        case "mark":
          this.#observer.marked?.(thread, activity, this.#now);
          break;
        case "pause":
          this.#sleep(thread, activity.duration);
          return undefined;
        case "block":
          thread.state = "blocked";
          thread.waits++;
          if (activity.enter?.() !== true) return undefined;
          thread.state = "running";
          break;
        case "burst":
        case "open":
          thread.begun = {
            activity,
            leftNs: activity.kind === "burst" ? activity.duration : Number.POSITIVE_INFINITY,
          };
          return thread.begun;
        default:
          activity satisfies never;
      }
    }
  }

  #leave(cpu: Cpu<T>): void {
    cpu.thread = undefined;
    cpu.wanted = false;
    this.#dispatch(cpu);
  }

  #sleep(thread: T, duration: number): void {
    thread.state = "blocked";
    thread.waits++;
    this.#simulation.after(duration, PRIORITIES.expire, () => this.wake(thread));
  }

  #end(thread: T): void {
    thread.state = "ended";
    thread.begun = undefined;
    this.#observer.ended?.(thread, this.#now);
  }

  #beginStretch(cpu: Cpu<T>, duration: number): void {
    cpu.startedAt = this.#now;
    cpu.event =
      duration === Number.POSITIVE_INFINITY
        ? undefined
        : this.#simulation.after(duration, PRIORITIES.complete, () => this.#stretchOver(cpu));
  }

  #stretchOver(cpu: Cpu<T>): void {
    cpu.event = undefined;
    const { thread } = cpu;
    if (thread === undefined) return;
    const switched = cpu.switching !== undefined;
    this.#endStretch(cpu);
    if (switched) {
      this.#beginTurn(cpu, thread);
      return;
    }
    if (thread.begun?.leftNs === 0) thread.begun = undefined;
    if (thread.begun !== undefined || this.#now >= cpu.sliceEndsAt) this.#preempt(cpu, "slice");
    else this.#goOn(cpu);
  }

  /** Writes down what has run since the stretch began, and stops it. */
  #endStretch(cpu: Cpu<T>): void {
    const { thread, switching } = cpu;
    if (cpu.event !== undefined) cpu.event.cancelled = true;
    cpu.event = undefined;
    const ranNs = this.#now - cpu.startedAt;
    const activity = switching ?? thread?.begun?.activity;
    if (activity === undefined) return;
    if (ranNs > 0) {
      this.#observer.ran?.({
        cpu: cpu.index,
        thread: switching === undefined ? thread : undefined,
        activity,
        start: cpu.startedAt,
        end: this.#now,
      });
    }
    cpu.startedAt = this.#now;
    if (switching !== undefined) {
      const left = switching.duration - ranNs;
      cpu.switching = left > 0 ? { ...switching, duration: left } : undefined;
      return;
    }
    if (thread?.begun === undefined) return;
    thread.begun.leftNs -= ranNs;
    thread.ranNs += ranNs;
    if (activity.kind === "open") activity.taken(this.#now);
    this.#policy.ran(thread, ranNs, this.#now);
  }
}

function isPreemptible({ begun }: Thread): boolean {
  return begun?.activity.kind !== "burst" || begun.activity.preemptible !== false;
}
