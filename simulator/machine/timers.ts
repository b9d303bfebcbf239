/**
 * Timers, which tell somebody (an interrupt controller, a kernel) that a time has come. One-shot: the local APIC's
 * TSC-deadline mode (Intel SDM vol. 3, "TSC-Deadline Mode"), and z/Architecture's CPU timer and clock comparator
 * (SA22-7832, "Timing") for a model that counts them in its own unit. Periodic: the local APIC's periodic mode.
 */
import type { ScheduledEvent } from "../engine/event-queue.ts";
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";

/** Fires once, at its deadline. A new deadline takes the place of the old one. */
export class OneShotTimer {
  readonly #simulation: Simulation;
  readonly #fire: (now: number) => void;
  #event: ScheduledEvent | undefined;

  constructor(simulation: Simulation, fire: (now: number) => void) {
    this.#simulation = simulation;
    this.#fire = fire;
  }

  /** When it fires; undefined where it is not armed. */
  get deadline(): number | undefined {
    return this.#event?.time;
  }

  /** Sets the deadline. One that has passed already fires at once. */
  arm(deadline: number): void {
    this.disarm();
    const { now } = this.#simulation;
    this.#event = this.#simulation.schedule(Math.max(deadline, now), PRIORITIES.expire, () => {
      this.#event = undefined;
      this.#fire(this.#simulation.now);
    });
  }

  disarm(): void {
    if (this.#event !== undefined) this.#event.cancelled = true;
    this.#event = undefined;
  }
}

/** Fires every period, reckoned from its start: whoever is late in between does not make it drift. */
export class PeriodicTimer {
  readonly #timer: OneShotTimer;
  readonly #simulation: Simulation;
  #period = 0;

  constructor(simulation: Simulation, fire: (now: number) => void) {
    this.#simulation = simulation;
    this.#timer = new OneShotTimer(simulation, (now) => {
      this.#timer.arm(now + this.#period);
      fire(now);
    });
  }

  /**
   * Starts it, or starts it anew.
   * @param period from 1; it fires first when one has passed
   * @throws RangeError where the period is not a positive integer
   */
  start(period: number): void {
    if (!Number.isSafeInteger(period) || period < 1) throw new RangeError(`start a timer: its period is ${period}`);
    this.#period = period;
    this.#timer.arm(this.#simulation.now + period);
  }

  stop(): void {
    this.#timer.disarm();
  }
}
