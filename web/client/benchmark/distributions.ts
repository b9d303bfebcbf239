/**
 * Samples as distributions: pure, so that what is drawn can be tested without a canvas.
 */

import type { World } from "../../../simulator/trace/timeline.ts";

/** The first bytes of one system so far, in the order in which they came. */
export interface Distribution {
  readonly name: string;
  readonly world: World;
  /** What executes the guest's instructions; null where nothing stands between program and processor. */
  readonly accelerator: string | null;
  readonly samplesMs: readonly number[];
}

/** Columns as uPlot wants them: ascending moments, and for each system its share of starts by then. */
export interface Columns {
  readonly momentsMs: readonly number[];
  readonly shares: readonly (readonly number[])[];
}

/**
 * The empirical distribution functions of all systems over the same moments. Every sample is a moment, so nothing is
 * smoothed and no outlier is left out; one moment before the first shows where all are still 0.
 */
export function ecdfColumns(distributions: readonly Distribution[]): Columns {
  const sorted = distributions.map(({ samplesMs }) => Float64Array.from(samplesMs).sort());
  const moments = [...new Set(sorted.flatMap((samples) => [...samples]))].sort((one, other) => one - other);
  const [first] = moments;
  const momentsMs = first === undefined ? [] : [first * 0.98, ...moments];
  const shares = sorted.map((samples) => {
    let count = 0;
    return momentsMs.map((moment) => {
      while (count < samples.length && (samples[count] ?? 0) <= moment) count++;
      return samples.length === 0 ? 0 : count / samples.length;
    });
  });
  return { momentsMs, shares };
}

/**
 * The value below which a share of the samples lies, between neighbours (Hyndman and Fan, type 7, as in the reports).
 */
export function quantile(samplesMs: readonly number[], share: number): number | undefined {
  const sorted = Float64Array.from(samplesMs).sort();
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  return below === undefined || above === undefined ? undefined : below + (above - below) * (position % 1);
}

/**
 * Whether a guest's instructions are executed by a program, rather than by a processor.
 */
export function isEmulated(accelerator: string | null): boolean {
  return accelerator !== null && /\btcg\b|emulat/i.test(accelerator);
}

/**
 * What to call an accelerator; undefined where nothing stands between program and processor.
 */
export function acceleratorWords(accelerator: string | null): string | undefined {
  if (accelerator === null) return undefined;
  if (/\btcg\b/i.test(accelerator)) return "software emulation (TCG)";
  return /^(hardware )?kvm$/i.test(accelerator) ? "hardware virtualization (KVM)" : accelerator;
}
