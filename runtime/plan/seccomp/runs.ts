/** Ranges of numbers and the balanced tree that finds, for a number in the accumulator, the range that it is in. */
import type { Assembler, Label } from "./assembler.ts";

/** From `start` up to the next run's start, all numbers are treated alike. The first run starts at 0. */
export interface Run<Target> {
  readonly start: number;
  readonly target: Target;
}

/** Joins neighbours that are treated alike. */
export function joinRuns<Target>(runs: readonly Run<Target>[]): Run<Target>[] {
  return runs.filter(({ target }, index) => index === 0 || runs[index - 1]?.target !== target);
}

/**
 * A balanced tree of comparisons: about log2(n) of them for n runs, whatever the number.
 *
 * @param runs in ascending order, at least one
 */
export function searchTree(assembler: Assembler, runs: readonly Run<Label>[]): Label {
  const [first] = runs;
  if (!first) throw new RangeError("a search tree needs a run");
  if (runs.length === 1) return first.target;
  const middle = runs.length >> 1;
  const upper = runs.slice(middle);
  const yes = searchTree(assembler, upper);
  const no = searchTree(assembler, runs.slice(0, middle));
  return assembler.branch("greaterOrEqual", upper[0]?.start ?? 0, yes, no);
}
