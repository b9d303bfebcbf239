/**
 * The processors of one machine. They carry out threads by the decisions of a scheduling policy: dispatching, time
 * slices, preemption, waiting and waking; and interrupts, which come between. A virtual machine's processors are a CpuSet
 * of their own, whose processors come and go as the host runs their vCPU threads (suspend and resume).
 */

import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Burst, Mark, Open } from "./activity.ts";
import { type Cpu, handledBurst, type InterruptRequest, idleCpu, isInterruptible, isPreemptible } from "./cpu.ts";
import type { ReadyReason, SchedulingPolicy } from "./policy.ts";
import type { Begun, Thread } from "./thread.ts";

/** One uninterrupted stretch of a thread on a processor. */
export interface Stretch<T extends Thread> {
  readonly cpu: number;
  /** Undefined where the processor works for nobody: a context switch, an interrupt. */
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
    this.#cpus = Array.from({ length: options.cpus }, (_, index) => idleCpu<T>(index));
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
    if (cpu !== undefined && cpu.handling.length === 0) this.#endStretch(cpu);
    thread.begun = undefined;
    if (cpu !== undefined) this.#goOn(cpu);
  }

  /** Ends a thread, whatever it is doing. */
  kill(thread: T): void {
    if (thread.state === "ended") return;
    const cpu = this.#cpuOf(thread);
    if (cpu === undefined) {
      if (thread.state === "ready") this.#policy.remove(thread, this.#now);
      this.#end(thread);
      return;
    }
    // A handler that came between is not the thread's, and goes on.
    if (cpu.handling.length === 0) this.#endStretch(cpu);
    cpu.switching = undefined;
    this.#end(thread);
    this.#leave(cpu);
  }

  /** Takes a processor away as a whole: its thread keeps it and stands still, and interrupts wait. */
  suspend(index: number): void {
    const cpu = this.#cpu(index);
    if (cpu.suspended) return;
    this.#endStretch(cpu);
    cpu.suspended = true;
  }

  /** Gives a processor back. */
  resume(index: number): void {
    const cpu = this.#cpu(index);
    if (!cpu.suspended) return;
    cpu.suspended = false;
    this.#goOn(cpu);
  }

  /**
   * Interrupts a processor: what it does stands still while the burst runs, and goes on after it. Where it cannot be
   * interrupted just now (a context switch, another handler, a burst that is closed to interrupts, a processor that is
   * suspended) the interrupt waits.
   * @param done called when the burst has ended
   */
  interrupt(index: number, burst: Burst, done?: (now: number) => void): void {
    this.requestInterrupt(index, () => ({ bursts: [burst], ...(done !== undefined && { done }) }));
  }

  /** The same, where what is to be done is decided only when the processor takes the interrupt: the most urgent one then. */
  requestInterrupt(index: number, request: InterruptRequest): void {
    const cpu = this.#cpu(index);
    cpu.requests.push(request);
    // At the same instant, but after everything that ends now has ended.
    this.#simulation.after(0, PRIORITIES.begin, () => {
      if (cpu.requests.length === 0 || !isInterruptible(cpu)) return;
      if (this.#takeInterrupt(cpu)) this.#goOn(cpu);
    });
  }

  /** Has every processor ask its policy again: something that it decides by has changed. */
  reschedule(): void {
    for (const cpu of this.#cpus) {
      if (cpu.thread === undefined) this.#goOn(cpu);
      else this.#preempt(cpu, "preempted");
    }
  }

  /** Has idle processors ask their policy again: somebody can run who could not. */
  offer(): void {
    for (const cpu of this.#cpus) if (cpu.thread === undefined) this.#goOn(cpu);
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
    const home = this.#policy.home?.(thread);
    const candidates = home === undefined ? this.#cpus : [this.#cpu(home)];
    const idle = candidates.find((cpu) => cpu.thread === undefined && !cpu.suspended && !cpu.stretching);
    if (idle !== undefined) {
      this.#goOn(idle);
      return;
    }
    const victim = candidates.find(
      (cpu) => !cpu.suspended && cpu.thread !== undefined && this.#policy.preempts(thread, cpu.thread, this.#now),
    );
    if (victim !== undefined) this.#preempt(victim, "preempted");
  }

  #preempt(cpu: Cpu<T>, reason: "preempted" | "slice"): void {
    const { thread } = cpu;
    if (thread === undefined || cpu.suspended) return;
    if (cpu.switching !== undefined || cpu.handling.length > 0 || !isPreemptible(thread)) {
      cpu.wanted = true;
      return;
    }
    this.#endStretch(cpu);
    cpu.thread = undefined;
    cpu.wanted = false;
    thread.state = "ready";
    thread.readyAt = this.#now;
    if (reason === "preempted") thread.preemptions++;
    this.#policy.enqueue(thread, this.#now, reason);
    this.#goOn(cpu);
  }

  #dispatch(cpu: Cpu<T>): void {
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
    cpu.switching = burst;
    if (burst === undefined) this.#beginTurn(cpu, thread);
    else this.#beginStretch(cpu, burst.duration);
  }

  #beginTurn(cpu: Cpu<T>, thread: T): void {
    cpu.sliceEndsAt = this.#now + Math.max(1, this.#policy.sliceNs(thread, cpu.index, this.#now));
    this.#goOn(cpu);
  }

  /**
   * Nothing runs on the processor: finds what is next. A switch that has begun ends first; then come handlers, then the
   * thread that it has, then whoever the policy picks.
   */
  #goOn(cpu: Cpu<T>): void {
    if (cpu.suspended || cpu.stretching) return;
    if (cpu.switching !== undefined) {
      this.#beginStretch(cpu, cpu.switching.duration);
      return;
    }
    const { thread } = cpu;
    // What the thread does next is drawn first: it may be closed to interrupts and to preemption, like what it did before.
    const begun = cpu.handling.length > 0 ? undefined : (thread?.begun ?? (thread && this.#begin(thread)));
    if (isInterruptible(cpu)) this.#takeInterrupt(cpu);
    const handling = cpu.handling.at(-1);
    if (handling !== undefined) {
      if (thread !== undefined && thread.state !== "running") cpu.thread = undefined;
      this.#beginStretch(cpu, handling.leftNs);
    } else if (thread === undefined) this.#dispatch(cpu);
    else if (begun === undefined) this.#leave(cpu);
    else this.#runOn(cpu, thread, begun);
  }

  #runOn(cpu: Cpu<T>, thread: T, { activity, leftNs }: Begun): void {
    const preemptible = isPreemptible(thread);
    if (preemptible && (cpu.wanted || this.#now >= cpu.sliceEndsAt)) {
      this.#preempt(cpu, cpu.wanted ? "preempted" : "slice");
      return;
    }
    this.#beginStretch(cpu, preemptible ? Math.min(leftNs, cpu.sliceEndsAt - this.#now) : leftNs);
    if (activity.kind === "open") activity.given(this.#now);
  }

  /** Begins the handler of the oldest interrupt that still wants one. @returns whether there was one */
  #takeInterrupt(cpu: Cpu<T>): boolean {
    for (;;) {
      const request = cpu.requests.shift();
      if (request === undefined) return false;
      const handler = request();
      const first = handler?.bursts[0];
      if (handler === undefined || first === undefined) continue;
      this.#endStretch(cpu);
      cpu.handling.push({ handler, at: 0, leftNs: first.duration });
      return true;
    }
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
    this.#goOn(cpu);
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
    cpu.stretching = true;
    cpu.startedAt = this.#now;
    cpu.event =
      duration === Number.POSITIVE_INFINITY
        ? undefined
        : this.#simulation.after(duration, PRIORITIES.complete, () => this.#stretchOver(cpu));
  }

  #stretchOver(cpu: Cpu<T>): void {
    const { thread, switching } = cpu;
    this.#endStretch(cpu);
    if (switching !== undefined && thread !== undefined) this.#beginTurn(cpu, thread);
    else if (cpu.handling.length > 0) this.#handlerOver(cpu);
    else {
      if (thread?.begun?.leftNs === 0) thread.begun = undefined;
      this.#goOn(cpu);
    }
  }

  #handlerOver(cpu: Cpu<T>): void {
    const handling = cpu.handling.at(-1);
    if (handling === undefined) return;
    handling.at++;
    const next = handledBurst(cpu);
    if (next !== undefined) handling.leftNs = next.duration;
    else {
      cpu.handling.pop();
      handling.handler.done?.(this.#now);
    }
    this.#goOn(cpu);
  }

  /** Writes down what has run since the stretch began, and stops it. */
  #endStretch(cpu: Cpu<T>): void {
    if (!cpu.stretching) return;
    if (cpu.event !== undefined) cpu.event.cancelled = true;
    cpu.event = undefined;
    cpu.stretching = false;
    const { thread, switching } = cpu;
    const ranNs = this.#now - cpu.startedAt;
    const handled = switching === undefined ? handledBurst(cpu) : undefined;
    const activity = switching ?? handled ?? thread?.begun?.activity;
    if (activity === undefined) return;
    const forThread = switching === undefined && handled === undefined;
    if (ranNs > 0) {
      const { startedAt: start, index } = cpu;
      this.#observer.ran?.({ cpu: index, thread: forThread ? thread : undefined, activity, start, end: this.#now });
    }
    if (switching !== undefined) {
      cpu.switching = ranNs < switching.duration ? { ...switching, duration: switching.duration - ranNs } : undefined;
    } else if (handled !== undefined) this.#chargeHandler(cpu, ranNs);
    else if (thread !== undefined) this.#chargeThread(thread, ranNs);
  }

  /** A handler's time is nobody's: the slice of the thread that stands still is as much later over. */
  #chargeHandler(cpu: Cpu<T>, ranNs: number): void {
    const handling = cpu.handling.at(-1);
    if (handling !== undefined) handling.leftNs -= ranNs;
    cpu.sliceEndsAt += ranNs;
  }

  #chargeThread(thread: T, ranNs: number): void {
    const { begun } = thread;
    if (begun === undefined) return;
    begun.leftNs -= ranNs;
    thread.ranNs += ranNs;
    if (begun.activity.kind === "open") begun.activity.taken(this.#now);
    this.#policy.ran(thread, ranNs, this.#now);
  }
}
