/**
 * What is said about a set of samples: percentiles (Hyndman & Fan's type 7, as R and NumPy default to) and a 95 %
 * interval of the median by the percentile bootstrap (Efron). Start times are skewed and often have two humps, so
 * there is no mean and no standard deviation here.
 */

import type { Random } from "./random.ts";

export interface Summary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Where the median would lie in 95 of 100 repetitions. */
  readonly ci95: readonly [number, number];
}

const RESAMPLES = 2000;

/**
 * The value below which the given fraction of the samples lies, interpolated between neighbours.
 * @param sorted ascending, at least one
 * @param fraction 0…1
 * @throws RangeError when there is no sample
 */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) throw new RangeError("a percentile of no samples does not exist");
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/**
 * Percentiles and the interval of the median.
 * @throws RangeError when there is no sample
 */
export function summarize(samples: readonly number[], random: Random): Summary {
  const sorted = Float64Array.from(samples).sort();
  return {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    ci95: bootstrapMedian(sorted, random),
  };
}

/** The middle 95 % of the medians of resamples drawn with replacement. */
function bootstrapMedian(sorted: Float64Array, random: Random): [number, number] {
  const medians = new Float64Array(RESAMPLES);
  const resample = new Float64Array(sorted.length);
  for (let round = 0; round < RESAMPLES; round++) {
    for (let index = 0; index < resample.length; index++) {
      resample[index] = sorted[Math.floor(random() * sorted.length)] ?? Number.NaN;
    }
    medians[round] = percentile(resample.sort(), 0.5);
  }
  medians.sort();
  return [percentile(medians, 0.025), percentile(medians, 0.975)];
}
