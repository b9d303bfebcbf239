/**
 * The clock and the loop: takes the next event off the queue, moves the clock to it, runs it. Time is an integer and
 * has no unit of its own; a world says what it counts (nanoseconds, or steps where no times are known).
 */
import { EventQueue, type Handler, type ScheduledEvent } from "./event-queue.ts";
import type { Priority } from "./priorities.ts";

/** Where a run has to stop even if more is scheduled. A run without limits that never ends is a defect of the world. */
export interface Limits {
  /** Events later than this stay in the queue. */
  readonly untilTime?: number;
  readonly maxEvents?: number;
}

/** How a run ended: nothing was left to do, or which limit was reached. */
export interface RunReport {
  readonly ended: "finished" | "time limit" | "event limit";
  readonly time: number;
  readonly events: number;
}

export const DEFAULT_MAX_EVENTS = 5_000_000;

export class Simulation {
  readonly #queue = new EventQueue();
  #now = 0;

  /** The simulated time, an integer that never goes back. */
  get now(): number {
    return this.#now;
  }

  /**
   * Has something happen at an instant.
   * @returns the event, which can be cancelled until it has run
   * @throws RangeError where the instant lies in the past or is not an integer
   */
  schedule(time: number, priority: Priority, action: () => void): ScheduledEvent {
    if (time < this.#now) throw this.#past(time);
    return this.#queue.push(time, priority, action);
  }

  /** Has something happen `delay` after now. */
  after(delay: number, priority: Priority, action: () => void): ScheduledEvent {
    return this.schedule(this.#now + delay, priority, action);
  }

  /**
   * Has something happen at an instant that nobody will cancel. It costs no memory: for what happens millions of times.
   * @param handler one function for all events of a kind
   * @param argument what it is told: which customer, which processor
   * @throws RangeError where the instant lies in the past or is not an integer
   */
  post(time: number, priority: Priority, handler: Handler, argument = 0): void {
    if (time < this.#now) throw this.#past(time);
    this.#queue.post(time, priority, handler, argument);
  }

  /**
   * Runs until nothing is left or a limit is reached.
   * @returns how it ended; running on after a limit continues where it stopped
   */
  run(limits: Limits = {}): RunReport {
    const { untilTime = Number.MAX_SAFE_INTEGER, maxEvents = DEFAULT_MAX_EVENTS } = limits;
    const queue = this.#queue;
    let events = 0;
    for (;;) {
      if (!queue.hasNext()) return { ended: "finished", time: this.#now, events };
      const next = queue.nextTime;
      if (next > untilTime) return { ended: "time limit", time: this.#now, events };
      if (events === maxEvents) return { ended: "event limit", time: this.#now, events };
      this.#now = next;
      queue.runFirst();
      events++;
    }
  }

  #past(time: number): RangeError {
    return new RangeError(`schedule an event at ${time}: the simulation is already at ${this.#now}`);
  }
}
