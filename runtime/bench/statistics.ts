/**
 * What is said about a set of samples: percentiles (Hyndman & Fan's type 7, as R and NumPy default to) and 95 % intervals by
 * the percentile bootstrap (Efron 1979). Start times are skewed and often have two humps, so there is no mean and no
 * standard deviation here, and no sample is ever left out: what lies far out is named.
 */

import type { Random } from "./random.ts";

export interface Summary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Where the median would lie in 95 of 100 repetitions. */
  readonly ci95: readonly [number, number];
  /** Indices of the samples beyond Tukey's outer fences. */
  readonly outliers: readonly number[];
}

const RESAMPLES = 2000;
/** Tukey, Exploratory Data Analysis (1977): "far out" is beyond three interquartile ranges from the quartiles. */
const FAR_OUT = 3;

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
 * The median of samples in any order.
 * @throws RangeError when there is no sample
 */
export function median(samples: Iterable<number>): number {
  return percentile(Float64Array.from(samples).sort(), 0.5);
}

/**
 * Percentiles, the interval of the median, and which samples are far out.
 * @throws RangeError when there is no sample
 */
export function summarize(samples: readonly number[], random: Random): Summary {
  const sorted = Float64Array.from(samples).sort();
  return {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    ci95: bootstrapMedian(sorted, random),
    outliers: outliersOf(samples, sorted),
  };
}

function outliersOf(samples: readonly number[], sorted: Float64Array): number[] {
  const [low, high] = [percentile(sorted, 0.25), percentile(sorted, 0.75)];
  const reach = FAR_OUT * (high - low);
  return samples.flatMap((sample, index) => (sample < low - reach || sample > high + reach ? index : []));
}

/** The middle 95 % of the medians of resamples drawn with replacement. */
function bootstrapMedian(sorted: Float64Array, random: Random): [number, number] {
  const resample = new Float64Array(sorted.length);
  return middle95(() => {
    for (let index = 0; index < resample.length; index++) {
      resample[index] = sorted[Math.floor(random() * sorted.length)] ?? Number.NaN;
    }
    return percentile(resample.sort(), 0.5);
  });
}

/** The middle 95 % of what a draw gives. */
function middle95(draw: () => number): [number, number] {
  const drawn = Float64Array.from({ length: RESAMPLES }, draw).sort();
  return [percentile(drawn, 0.025), percentile(drawn, 0.975)];
}

export interface Ratio {
  readonly ratio: number;
  readonly ci95: readonly [number, number];
}

/**
 * The ratio of two systems' medians, with the interval of a paired bootstrap: whole rounds are drawn, each with both of its
 * samples, since what slows a round down (heat, a neighbour) slows both.
 *
 * @param pairs sample and baseline of the same round
 * @throws RangeError when there is no pair
 */
export function pairedRatio(pairs: readonly (readonly [sample: number, baseline: number])[], random: Random): Ratio {
  if (pairs.length === 0) throw new RangeError("a ratio of no pairs does not exist");
  const samples = new Float64Array(pairs.length);
  const baselines = new Float64Array(pairs.length);
  const ratioOf = (indexOf: (position: number) => number) => {
    for (let position = 0; position < pairs.length; position++) {
      const [sample = Number.NaN, baseline = Number.NaN] = pairs[indexOf(position)] ?? [];
      samples[position] = sample;
      baselines[position] = baseline;
    }
    return percentile(samples.sort(), 0.5) / percentile(baselines.sort(), 0.5);
  };
  const ratio = ratioOf((position) => position);
  return { ratio, ci95: middle95(() => ratioOf(() => Math.floor(random() * pairs.length))) };
}

/**
 * The ratio of two medians whose samples belong to no common rounds, with the interval of a bootstrap that draws each side
 * for itself.
 * @returns undefined where the baseline's median is 0
 * @throws RangeError when one of them has no samples
 */
export function ratioOfMedians(
  samples: readonly number[],
  baselines: readonly number[],
  random: Random,
): Ratio | undefined {
  const base = median(baselines);
  if (base === 0) return undefined;
  const drawnMedian = (from: readonly number[]) =>
    median(from.map(() => from[Math.floor(random() * from.length)] ?? Number.NaN));
  const ci95 = middle95(() => {
    const above = drawnMedian(samples);
    const below = drawnMedian(baselines);
    // A resample of nothing but zeros has no ratio; its neighbour at the edge stands for it.
    return below === 0 ? Number.MAX_VALUE : above / below;
  });
  return { ratio: median(samples) / base, ci95 };
}
