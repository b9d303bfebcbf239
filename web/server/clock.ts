/**
 * Time as the server sees it: handed in, so that a test decides when a ticket is old.
 */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds that only ever grow; not a date. */
  nowMs(): number;
  date(): Date;
  /** Calls `action` once, after `delayMs`. A pending timer does not keep the process alive. */
  after(delayMs: number, action: () => void): Timer;
}

/** The machine's own clock (clock_gettime(2), CLOCK_MONOTONIC). */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  date: () => new Date(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
