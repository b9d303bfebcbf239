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
const STEPS_OF_DECADE = [1, 2, 5];

/**
 * A logarithmic axis on which all values have their place; what is not above 0 lies at its left end.
 *
 * @param values those that must be on it
 * @param label a tick in words
 */
export function logAxis(values: readonly number[], label: (value: number) => string): Axis {
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
    ticks: logTicks(from, to).map((value) => ({ at: at(value), label: label(value) })),
  };
}

/**
 * A linear axis from 0.
 *
 * @param most the largest value that must be on it
 * @param label a tick in words
 * @param count about how many ticks
 */
export function linearAxis(most: number, label: (value: number) => string, count = 4): Axis {
  const to = most > 0 && Number.isFinite(most) ? most : 1;
  const scale = scaleLinear().domain([0, to]).range([0, 100]).clamp(true);
  const ticks = scale.ticks(count).map((value) => ({ at: scale(value), label: label(value) }));
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
