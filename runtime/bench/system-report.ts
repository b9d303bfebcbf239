/** What is reported of one system: marks, variants, stages, and its ratio to the baseline. */

import { inFlight } from "./flight.ts";
import { seededRandom } from "./random.ts";
import type { Circumstances, Outcome, TimedSample } from "./rounds.ts";
import { type Comparison, MARK_NAMES, type MarkSummary, type SystemReport, type SystemVariant } from "./schema.ts";
import { median, pairedRatio, summarize } from "./statistics.ts";
import type { System, SystemRow } from "./system.ts";

/**
 * The main figures of a system: a byte, warm, one at a time.
 * @param seed of the intervals; the same for all, so that a system's figures do not depend on which others were measured
 */
export function reportSystem(
  name: string,
  { world }: Pick<SystemRow, "world">,
  system: System,
  { samples, failure, missed }: Outcome,
  seed: number,
): SystemReport {
  const notes = [
    ...system.notes,
    ...(failure === undefined ? [] : [`stopped after ${samples.length} samples: ${failure}`]),
    ...(missed === 0 ? [] : [`${missed} planned starts were not made: the time was over`]),
  ];
  const stages = stagesOf(samples);
  return {
    name,
    world,
    version: system.version,
    accelerator: system.accelerator,
    notes,
    marks: marksOf(samples, seed),
    rounds: samples.map(({ round }) => round),
    ...(stages.length === 0 ? {} : { stages }),
  };
}

/** The figures of a system under another condition; undefined where there is no sample. */
export function reportVariant(
  { workload, cache, concurrency }: Circumstances,
  { samples, busyMs }: Outcome,
  seed: number,
): SystemVariant | undefined {
  if (samples.length === 0) return undefined;
  return {
    workload,
    cache,
    concurrency,
    inFlight: inFlight(samples),
    startsPerSecond: busyMs === 0 ? 0 : (samples.length * 1000) / busyMs,
    marks: marksOf(samples, seed),
  };
}

function marksOf(samples: readonly TimedSample[], seed: number): SystemReport["marks"] {
  const marks: SystemReport["marks"] = {};
  for (const mark of MARK_NAMES) {
    const samplesMs = samples.flatMap((sample) => sample[mark] ?? []);
    if (samplesMs.length > 0) marks[mark] = summaryOf(samplesMs, seed);
  }
  return marks;
}

/** Samples in milliseconds with what is said about them. */
export function summaryOf(samplesMs: readonly number[], seed: number): MarkSummary {
  const { ci95, outliers, ...percentiles } = summarize(samplesMs, seededRandom(seed));
  return { samplesMs: [...samplesMs], ...percentiles, ci95: [...ci95], outliers: [...outliers] };
}

/** Only of the runs that have all of the first one's stages, so that they add up. */
function stagesOf(samples: readonly TimedSample[]): NonNullable<SystemReport["stages"]> {
  const names = samples[0]?.stages?.map(({ name }) => name) ?? [];
  const complete = samples.filter(({ stages = [] }) => stages.map(({ name }) => name).join() === names.join());
  return names.map((name, index) => {
    const samplesMs = complete.map(({ stages = [] }) => Math.max(0, stages[index]?.ms ?? 0));
    return { name, samplesMs, p50: median(samplesMs) };
  });
}

/**
 * Every system's ratio to the baseline, mark by mark, over the rounds in which both took part.
 * @returns nothing where the baseline was not measured
 */
export function compareToBaseline(systems: readonly SystemReport[], baseline: string, seed: number): Comparison[] {
  const base = systems.find(({ name }) => name === baseline);
  if (base === undefined) return [];
  return systems
    .filter(({ name }) => name !== baseline)
    .flatMap((system) =>
      MARK_NAMES.flatMap((mark): Comparison[] => {
        const pairs = pairsOf(system, base, mark);
        if (pairs.length === 0) return [];
        const { ratio, ci95 } = pairedRatio(pairs, seededRandom(seed));
        return ratio > 0 && Number.isFinite(ratio)
          ? [{ system: system.name, baseline, mark, ratio, ci95: [...ci95] }]
          : [];
      }),
    );
}

/** Samples of the same round; a mark that some runs did not see cannot be paired. */
function pairsOf(system: SystemReport, base: SystemReport, mark: (typeof MARK_NAMES)[number]): [number, number][] {
  const ofBase = byRound(base, mark);
  return [...byRound(system, mark)].flatMap(([round, sample]) => {
    const other = ofBase.get(round);
    return other === undefined ? [] : [[sample, other]];
  });
}

function byRound({ marks, rounds = [] }: SystemReport, mark: (typeof MARK_NAMES)[number]): Map<number, number> {
  const samples = marks[mark]?.samplesMs ?? [];
  return samples.length === rounds.length
    ? new Map(rounds.map((round, index) => [round, samples[index] ?? 0]))
    : new Map();
}
