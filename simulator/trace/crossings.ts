/**
 * Counting the dips of the waterline: every time that a track goes down across a border of privilege (user to kernel,
 * problem to supervisor, guest to hypervisor). Coming back up is the same visit and is not counted again.
 */
import { spansOf } from "./stages.ts";
import { COUNT_ARG, DEPTH_OF_MODE, type Span, type Timeline } from "./timeline.ts";

export interface Crossings {
  /** From user to kernel mode, from problem to supervisor state. */
  readonly intoKernel: number;
  /** From a guest, whatever its mode, to the hypervisor. */
  readonly intoHypervisor: number;
}

/** The depth of whatever comes before a track's first span: above the water. */
export const SURFACE = 0;

/** @returns how many crossings the span stands for. */
export function countOf(span: Span): number {
  return countGiven(span.args) || 1;
}

/** @returns how many crossings a span with these arguments says that it stands for; 0 where it does not say. */
export function countGiven(args: Span["args"]): number {
  const count = args?.[COUNT_ARG];
  if (count === undefined) return 0;
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 1;
}

/**
 * How many crossings a span adds. A span with a count stands for that many visits in a row. A span that follows one of the
 * same depth adds its visits only where it carries a count: without one it is the same visit, drawn in two parts.
 * @param before the depth of the span before, SURFACE where there is none
 * @param depth the span's own
 * @param given its count; 0 where it has none
 */
export function visits(before: number, depth: number, given: number): number {
  if (depth === 0 || before > depth) return 0;
  return before < depth ? given || 1 : given;
}

/** A walk over the spans of one track in the order of time, which knows at each of them how often it has gone down. */
export class CrossingCount {
  intoKernel = 0;
  intoHypervisor = 0;
  #before = SURFACE;

  add(span: Span): void {
    const depth = DEPTH_OF_MODE[span.mode];
    const added = visits(this.#before, depth, countGiven(span.args));
    if (depth === 1) this.intoKernel += added;
    if (depth === 2) this.intoHypervisor += added;
    this.#before = depth;
  }
}

/** @returns the crossings of one track. */
export function crossingsOf(timeline: Timeline, track: string): Crossings {
  const count = new CrossingCount();
  for (const span of spansOf(timeline, track)) count.add(span);
  return { intoKernel: count.intoKernel, intoHypervisor: count.intoHypervisor };
}
