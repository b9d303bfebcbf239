/** From what the worlds said to the figures of the report: percentiles, and the ratio to the bare process of the same rounds. */
import type { Random } from "../random.ts";
import type { OverheadReport } from "../schema.ts";
import { median, pairedRatio, summarize } from "../statistics.ts";
import type { Output } from "./output.ts";
import { QUANTITIES, type QuantityRow } from "./quantities.ts";

type Rounds = ReadonlyMap<number, Output>;
type Figure = OverheadReport["quantities"][number];

/**
 * @param rounds what the world said
 * @param bare what the bare process said in the same rounds; undefined for that process itself
 * @param random a fresh generator, so that a world's figures do not depend on which others were measured
 */
export function figuresOf(rounds: Rounds, bare: Rounds | undefined, random: () => Random): Figure[] {
  return QUANTITIES.flatMap((row): Figure[] => {
    const { name, unit, what } = row;
    const samples = [...rounds.values()].flatMap((output) => output.samples.get(name) ?? []);
    if (samples.length === 0) return [];
    const { p50, p95, ci95 } = summarize(samples, random());
    const ratio = bare === undefined ? null : ratioOf(row, rounds, bare, random());
    return [{ name, unit, what, samples, p50, p95, ci95: [...ci95], ratio }];
  });
}

/** Of the medians of each round; null where the process has no such quantity, or one of the two takes no time at all. */
function ratioOf({ name, unit }: QuantityRow, rounds: Rounds, bare: Rounds, random: Random): Figure["ratio"] {
  const pairs = [...rounds].flatMap(([round, output]): (readonly [number, number])[] => {
    const ours = output.samples.get(name);
    const theirs = bare.get(round)?.samples.get(name);
    if (ours === undefined || theirs === undefined) return [];
    const pair = [median(ours), median(theirs)] as const;
    // More than 1 is slower: of a rate, the time for a byte is compared.
    return [unit === "ns" ? pair : [1 / pair[0], 1 / pair[1]]];
  });
  if (pairs.length === 0) return null;
  const { ratio, ci95 } = pairedRatio(pairs, random);
  const isSound = [ratio, ...ci95].every((value) => Number.isFinite(value)) && ratio > 0;
  return isSound ? { value: ratio, ci95: [...ci95] } : null;
}
