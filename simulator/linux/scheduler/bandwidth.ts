/**
 * cpu.max of a control group: at most a quota of processor time in each period; who has used it up is throttled until
 * the next (Documentation/scheduler/sched-bwc.rst). Processors take the quota in slices of 5 ms, as the kernel's do; what
 * one has not used when its thread leaves goes back at once, so that no period is ever overdrawn.
 */

export interface CpuMax {
  readonly quotaNs: number;
  readonly periodNs: number;
  /** How much unused quota may be saved for later periods (cpu.max.burst). */
  readonly burstNs?: number;
}

/** How much a processor takes at a time (sched_cfs_bandwidth_slice_us). */
const CLAIM_NS = 5_000_000;
/** What cpu.max's period is where nobody says another. */
export const DEFAULT_PERIOD_NS = 100_000_000;

export class Bandwidth {
  readonly max: CpuMax;
  /** What is left of the quota and has not been taken by a processor. Negative where a stretch could not be cut. */
  #runtimeNs: number;
  #atStartNs: number;
  readonly #claims: number[];
  /** Whether anybody has taken anything in this period: the timer rests where nobody does. */
  used = false;
  timerRuns = false;
  periods = 0;
  throttledPeriods = 0;
  throttledNs = 0;
  bursts = 0;
  burstNs = 0;

  /** @throws RangeError where the kernel would refuse: quota and period of at least 1 ms, a period of at most 1 s */
  constructor(max: CpuMax, cpus: number) {
    const { quotaNs, periodNs, burstNs = 0 } = max;
    if (quotaNs < 1_000_000 || periodNs < 1_000_000 || periodNs > 1_000_000_000) {
      throw new RangeError(`cpu.max ${quotaNs} ${periodNs} ns: at least 1 ms each, and a period of at most 1 s`);
    }
    if (burstNs < 0 || burstNs > quotaNs) throw new RangeError(`cpu.max.burst ${burstNs} ns: at most the quota`);
    this.max = max;
    this.#runtimeNs = quotaNs;
    this.#atStartNs = quotaNs;
    this.#claims = Array.from({ length: cpus }, () => 0);
  }

  get runtimeNs(): number {
    return this.#runtimeNs;
  }

  /** What a processor still has of what it has taken. */
  claimOf(cpu: number): number {
    return this.#claims[cpu] ?? 0;
  }

  /** A processor takes its next slice, or what there is. @returns whether it has any time now */
  claim(cpu: number): boolean {
    const wanted = Math.min(CLAIM_NS - this.claimOf(cpu), Math.max(0, this.#runtimeNs));
    this.used = true;
    this.#claims[cpu] = this.claimOf(cpu) + wanted;
    this.#runtimeNs -= wanted;
    return this.claimOf(cpu) > 0;
  }

  /** A processor has used time. What it had not taken is a debt. */
  consume(cpu: number, ns: number): void {
    const fromClaim = Math.min(this.claimOf(cpu), ns);
    this.#claims[cpu] = this.claimOf(cpu) - fromClaim;
    this.#runtimeNs -= ns - fromClaim;
  }

  /** A processor gives back what it has not used. */
  release(cpu: number): void {
    this.#runtimeNs += this.claimOf(cpu);
    this.#claims[cpu] = 0;
  }

  /**
   * A period ends and the next begins.
   * @param pendingOf how much of its claim a processor has used that it has not been charged for yet
   */
  refill(pendingOf: (cpu: number) => number): void {
    const { quotaNs, burstNs = 0 } = this.max;
    const held = this.#claims.reduce((sum, claim, cpu) => sum + claim - Math.min(claim, pendingOf(cpu)), 0);
    const left = this.#runtimeNs + held;
    const usedNs = this.#atStartNs - left;
    if (usedNs > quotaNs) {
      this.bursts++;
      this.burstNs += usedNs - quotaNs;
    }
    this.#atStartNs = Math.min(left + quotaNs, quotaNs + burstNs);
    // What processors hold they will use in the new period, so it counts there.
    this.#runtimeNs = this.#atStartNs - held;
    this.used = held > 0;
  }
}
