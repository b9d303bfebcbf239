/**
 * The axes of a report's figures: where a value lies, in hundredths of the width, and which values are named. Start times
 * lie decades apart, so their axes are logarithmic.
 */

import { scaleLinear, scaleLog } from "d3";

export interface Axis {
  readonly kind: "log" | "linear";
  readonly from: number;
  readonly to: number;
  /** 0…100; what lies outside is drawn at the edge. */
  at(value: number): number;
  readonly ticks: readonly Tick[];
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** What is left free at both ends, so that nothing is cut there. */
const EDGE = 1.5;
const MOST_LABELS = 6;
/** About so many on a linear axis. */
const TICKS = 4;
const STEPS_OF_DECADE = [1, 2, 5];

/**
 * A logarithmic axis on which all values have their place; what is not above 0 lies at its left end.
 *
 * @param values those that must be on it
 * @param label a tick in words
 * @param base of the ticks: 10, or 2 for bytes
 */
export function logAxis(values: readonly number[], label: (value: number) => string, base: 2 | 10 = 10): Axis {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const least = positive.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
  const most = positive.reduce((one, other) => Math.max(one, other), 0);
  const isEmpty = positive.length === 0;
  // Room for an eye at both ends, and never less than a factor of two.
  const room = !isEmpty && most / least < 2 ? Math.SQRT2 : 1.12;
  const from = isEmpty ? 1 : Math.max(least / room, Number.MIN_VALUE);
  const to = isEmpty ? 10 : Math.min(most * room, Number.MAX_VALUE);
  const scale = scaleLog()
    .domain([from, to])
    .range([EDGE, 100 - EDGE])
    .clamp(true);
  const at = (value: number): number => scale(Math.max(value, from));
  return {
    kind: "log",
    from,
    to,
    at,
    ticks: (base === 2 ? powersOfTwo(from, to) : logTicks(from, to)).map((value) => ({
      at: at(value),
      label: label(value),
    })),
  };
}

/**
 * A linear axis from 0.
 *
 * @param most the largest value that must be on it
 * @param label a tick in words
 * @param unit in which ticks are round: 1, or 1024 times 1024 for MiB
 */
export function linearAxis(most: number, label: (value: number) => string, unit = 1): Axis {
  const to = most > 0 && Number.isFinite(most) ? most : 1;
  const scale = scaleLinear().domain([0, to]).range([0, 100]).clamp(true);
  const round = scaleLinear()
    .domain([0, to / unit])
    .ticks(TICKS);
  const ticks = round.map((value) => ({ at: scale(value * unit), label: label(value * unit) }));
  return { kind: "linear", from: 0, to, at: (value) => scale(value), ticks };
}

/** Decades where there are many, else their 1, 2 and 5, else even steps. */
function logTicks(from: number, to: number): number[] {
  const decades = Math.log10(to) - Math.log10(from);
  const first = Math.floor(Math.log10(from));
  const last = Math.ceil(Math.log10(to));
  const inside = (value: number): boolean => value >= from && value <= to;
  if (decades < 0.9) return scaleLinear().domain([from, to]).ticks(4).filter(inside);
  const steps = decades < 2 ? STEPS_OF_DECADE : [1];
  const apart = decades < 2 ? 1 : Math.ceil(decades / MOST_LABELS);
  const exponents = Array.from({ length: Math.floor((last - first) / apart) + 1 }, (_, index) => first + index * apart);
  return exponents.flatMap((exponent) => steps.map((step) => Number(`${step}e${exponent}`))).filter(inside);
}

/** For bytes: 1, 4 and 16 MiB, further apart where they would be too many. */
function powersOfTwo(from: number, to: number): number[] {
  const first = Math.ceil(Math.log2(from));
  const last = Math.floor(Math.log2(to));
  const apart = Math.max(1, Math.ceil((last - first) / MOST_LABELS / 2) * 2);
  const aligned = Math.ceil(first / apart) * apart;
  const count = Math.max(0, Math.floor((last - aligned) / apart) + 1);
  return Array.from({ length: count }, (_, index) => 2 ** (aligned + index * apart));
}
