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

/** @returns how many crossings the span stands for. */
export function countOf(span: Span): number {
  const count = span.args?.[COUNT_ARG];
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 1;
}

/**
 * Counts the crossings of one track. A span with a count stands for that many visits in a row. A span that follows one
 * of the same depth adds its visits only where it carries a count: without one it is the same visit, drawn in two parts.
 */
export function crossingsOf(timeline: Timeline, track: string): Crossings {
  let intoKernel = 0;
  let intoHypervisor = 0;
  let before: Span | undefined;
  for (const span of spansOf(timeline, track)) {
    const visits = visitsOf(before, span);
    if (DEPTH_OF_MODE[span.mode] === 1) intoKernel += visits;
    if (DEPTH_OF_MODE[span.mode] === 2) intoHypervisor += visits;
    before = span;
  }
  return { intoKernel, intoHypervisor };
}

function visitsOf(before: Span | undefined, span: Span): number {
  const depth = DEPTH_OF_MODE[span.mode];
  if (depth === 0) return 0;
  const goesDown = before === undefined || DEPTH_OF_MODE[before.mode] < depth;
  if (goesDown) return countOf(span);
  return DEPTH_OF_MODE[before.mode] === depth && span.args?.[COUNT_ARG] !== undefined ? countOf(span) : 0;
}
