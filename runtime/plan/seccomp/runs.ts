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
 * A balanced tree of comparisons: about log2(n) of them for n runs, whatever the number. Every instruction saved is
 * time saved at each container's start, when the kernel translates the filter.
 *
 * @param runs in ascending order, at least one
 */
export function searchTree(assembler: Assembler, runs: readonly Run<Label>[]): Label {
  return leafTree(assembler, gatherLeaves(runs));
}

/** A stretch of numbers with one target, but for a few single numbers in it. */
interface Leaf {
  readonly start: number;
  readonly target: Label;
  readonly exceptions: Run<Label>[];
}

/** More in one leaf would make the way to its last number longer than the tree's depth. */
const MOST_EXCEPTIONS = 3;

/** Single numbers between two runs with equal targets are asked for by equality: one comparison instead of two. */
function gatherLeaves(runs: readonly Run<Label>[]): Leaf[] {
  const leaves: Leaf[] = [];
  for (let index = 0; index < runs.length; index++) {
    const [run, next] = [runs[index], runs[index + 1]];
    const leaf = leaves.at(-1);
    if (!run) continue;
    const fits = next && leaf && next.start === run.start + 1 && next.target === leaf.target;
    if (fits && leaf.exceptions.length < MOST_EXCEPTIONS) {
      leaf.exceptions.push(run);
      index++;
    } else {
      leaves.push({ ...run, exceptions: [] });
    }
  }
  return leaves;
}

function leafTree(assembler: Assembler, leaves: readonly Leaf[]): Label {
  const [first] = leaves;
  if (!first) throw new RangeError("a search tree needs a run");
  if (leaves.length === 1) {
    return first.exceptions.reduce(
      (no, { start, target }) => assembler.branch("equal", start, target, no),
      first.target,
    );
  }
  const middle = leaves.length >> 1;
  const upper = leaves.slice(middle);
  const yes = leafTree(assembler, upper);
  const no = leafTree(assembler, leaves.slice(0, middle));
  return assembler.branch("greaterOrEqual", upper[0]?.start ?? 0, yes, no);
}
