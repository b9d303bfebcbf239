/** One processor of a CpuSet: what it is doing now, and what may come between. The CpuSet alone changes it. */
import type { ScheduledEvent } from "../engine/event-queue.ts";
import type { Burst } from "./activity.ts";
import type { Thread } from "./thread.ts";

/** What a processor does for an interrupt, in place of whatever it was doing. */
export interface InterruptHandler {
  /** One after the other. Nothing interrupts them but those that say `interruptible: true`, as the late part of a handler. */
  readonly bursts: readonly Burst[];
  /** Called when the last one has ended, before the processor goes on: the place to wake who waited for it. */
  readonly done?: (now: number) => void;
}

/** Asked when the processor can take an interrupt. @returns what it is to do; undefined where nothing is to be done any more */
export type InterruptRequest = () => InterruptHandler | undefined;

/** A handler that has begun, and how far it is. */
export interface Handling {
  readonly handler: InterruptHandler;
  at: number;
  leftNs: number;
}

export interface Cpu<T extends Thread> {
  readonly index: number;
  thread: T | undefined;
  /** Who ran here last: going on with the same thread is no context switch. */
  last: T | undefined;
  /** Whether a stretch runs, since startedAt; and its end, where that is known. */
  stretching: boolean;
  startedAt: number;
  event: ScheduledEvent | undefined;
  sliceEndsAt: number;
  /** Set while a context switch runs, which nothing interrupts. */
  switching: Burst | undefined;
  suspended: boolean;
  /** A preemption that came while it could not happen. */
  wanted: boolean;
  /** Interrupts that have come and not been taken yet, the oldest first. */
  readonly requests: InterruptRequest[];
  /** Handlers that have begun, the innermost last: that one runs, and the thread below them stands still. */
  readonly handling: Handling[];
}

/** @returns a processor that has nothing to do. */
export function idleCpu<T extends Thread>(index: number): Cpu<T> {
  return {
    index,
    thread: undefined,
    last: undefined,
    stretching: false,
    startedAt: 0,
    event: undefined,
    sliceEndsAt: 0,
    switching: undefined,
    suspended: false,
    wanted: false,
    requests: [],
    handling: [],
  };
}

/**
 * @returns whether another thread may take the processor from this one, in the middle of what it does. It is an interrupt
 *   that makes it possible: what is closed to interrupts is closed to preemption too
 */
export function isPreemptible({ begun }: Thread): boolean {
  if (begun?.activity.kind !== "burst") return true;
  const { preemptible, interruptible } = begun.activity;
  return preemptible !== false && interruptible !== false;
}

/** @returns whether the processor can take an interrupt: no context switch, no handler and no burst that is closed to them. */
export function isInterruptible<T extends Thread>(cpu: Cpu<T>): boolean {
  if (cpu.suspended || cpu.switching !== undefined) return false;
  const handled = handledBurst(cpu);
  if (handled !== undefined) return handled.interruptible === true;
  const activity = cpu.thread?.begun?.activity;
  return activity?.kind !== "burst" || activity.interruptible !== false;
}

/** @returns the burst of the handler that the processor is in; undefined where it is in none. */
export function handledBurst<T extends Thread>(cpu: Cpu<T>): Burst | undefined {
  const handling = cpu.handling.at(-1);
  return handling?.handler.bursts[handling.at];
}
