/**
 * Which moments the axis names. On a stretch where the scale is nearly linear, round steps (d3-array's ticks); over
 * decades, powers of ten first and then as many of their multiples as there is room for.
 */

import { ticks as evenTicks } from "d3";

export interface Tick {
  readonly time: number;
  readonly x: number;
  /** Whether there is room for its label; the others are only marked. */
  readonly labelled: boolean;
}

/** The multiples within a decade, in the order in which they get a label; odd ones are only marked. */
const RANKS: readonly { readonly multiples: readonly number[]; readonly named: boolean }[] = [
  { multiples: [1], named: true },
  { multiples: [5], named: true },
  { multiples: [2], named: true },
  { multiples: [3], named: true },
  { multiples: [4, 6, 7, 8, 9], named: false },
];

/** An axis is treated as even where its last moment is less than this many times its first. */
const EVEN_RATIO = 4;

/**
 * The ticks between two moments.
 *
 * @param project a moment's place on screen, in pixels
 * @param labelWidth the room that a label needs, in pixels
 */
export function axisTicks(
  range: { readonly from: number; readonly to: number },
  project: (time: number) => number,
  labelWidth: number,
): Tick[] {
  const width = project(range.to) - project(range.from);
  if (isEven(range, project)) {
    const times = evenTicks(range.from, range.to, Math.max(2, Math.floor(width / (labelWidth * 1.6))));
    // There is no half a nanosecond, and no half a step.
    return times.filter(Number.isInteger).map((time) => ({ time, x: project(time), labelled: true }));
  }
  return decadeTicks(range, project, labelWidth);
}

/** Whether the middle of the stretch lies in the middle of the screen, or the stretch spans less than a decade. */
function isEven(range: { readonly from: number; readonly to: number }, project: (time: number) => number): boolean {
  const left = project(range.from);
  const right = project(range.to);
  const middle = project((range.from + range.to) / 2);
  return (
    Math.abs((middle - left) / (right - left) - 0.5) < 0.1 || (range.from > 0 && range.to / range.from < EVEN_RATIO)
  );
}

function decadeTicks(
  range: { readonly from: number; readonly to: number },
  project: (time: number) => number,
  labelWidth: number,
): Tick[] {
  const taken: number[] = [];
  const isFree = (x: number): boolean => taken.every((other) => Math.abs(other - x) >= labelWidth);
  const ticks: Tick[] = [];
  const place = (time: number, named: boolean): void => {
    if (time < range.from || time > range.to) return;
    const x = project(time);
    const labelled = named && isFree(x);
    if (labelled) taken.push(x);
    ticks.push({ time, x, labelled });
  };
  place(0, true);
  const decades = decadesBetween(Math.max(range.from, 1), range.to);
  for (const { multiples, named } of RANKS) {
    for (const decade of decades.toReversed()) {
      for (const multiple of multiples) place(decade * multiple, named);
    }
  }
  return dropCrowded(ticks.sort((a, b) => a.time - b.time));
}

function decadesBetween(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  const last = Math.floor(Math.log10(to));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

/** Marks closer than this are a smear. */
const CLOSEST_MARKS_PX = 3;

function dropCrowded(ticks: Tick[]): Tick[] {
  return ticks.filter(
    (tick, index) => tick.labelled || Math.abs(tick.x - (ticks[index + 1]?.x ?? Infinity)) > CLOSEST_MARKS_PX,
  );
}
