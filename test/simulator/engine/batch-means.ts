/**
 * Intervals for means of simulated customers, who are not independent of one another: the run is cut into long batches,
 * whose means nearly are (Law and Kelton, "Simulation Modeling and Analysis", §9.5.3). The first batch, which begins with
 * an empty queue, is left out.
 */

export const BATCHES = 30;

/** Student's t for 29 degrees of freedom: 99.9 % lie between -3.659 and 3.659. */
const T_999 = 3.6594;

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export class BatchMeans {
  readonly #size: number;
  readonly #means: number[] = [];
  #sum = 0;
  #count = 0;

  /** @param size values in each batch; @param of how many there will be is `BatchMeans.needed(size)` */
  constructor(size: number) {
    this.#size = size;
  }

  /** @returns how many values are needed. */
  static needed(size: number): number {
    return size * (BATCHES + 1);
  }

  add(value: number): void {
    this.#sum += value;
    if (++this.#count < this.#size) return;
    this.#means.push(this.#sum / this.#size);
    this.#sum = 0;
    this.#count = 0;
  }

  /** @returns the interval that the true mean lies in, in 999 of 1000 runs. */
  interval(): Interval {
    const means = this.#means.slice(1);
    if (means.length !== BATCHES) throw new Error(`${means.length} batches of ${BATCHES}`);
    const mean = means.reduce((sum, value) => sum + value, 0) / BATCHES;
    const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (BATCHES - 1);
    const half = T_999 * Math.sqrt(variance / BATCHES);
    return { mean, low: mean - half, high: mean + half };
  }
}
