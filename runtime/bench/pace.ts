/** How far a benchmark is, and how long the rest will take: reckoned from what one start took, corrected by what came of it. */

export interface Pace {
  /** How much is done, 0 … 1, and the time that is left. */
  readonly fraction: number;
  readonly leftSeconds: number;
}

/** Counts expected time as it is worked off. */
export class Pacer {
  private readonly startedMs: number;
  private doneMs = 0;
  private expectedMs: number;

  /** @param expectedMs of all of it, as far as is known */
  constructor(expectedMs: number, nowMs: number = performance.now()) {
    this.expectedMs = expectedMs;
    this.startedMs = nowMs;
  }

  /** The rest turned out to be another amount of work. */
  expectLeft(ms: number): void {
    this.expectedMs = this.doneMs + ms;
  }

  /** Something that was expected to take so long is done. */
  worked(expectedMs: number): void {
    this.doneMs = Math.min(this.doneMs + expectedMs, this.expectedMs);
  }

  /** Where it stands: what is left takes as much longer than expected as what is done did. */
  at(nowMs: number = performance.now()): Pace {
    if (this.expectedMs === 0) return { fraction: 1, leftSeconds: 0 };
    const slowness = this.doneMs === 0 ? 1 : (nowMs - this.startedMs) / this.doneMs;
    return {
      fraction: this.doneMs / this.expectedMs,
      leftSeconds: ((this.expectedMs - this.doneMs) * slowness) / 1000,
    };
  }
}
