/**
 * How many starts of each system fit into the time that there is. What is fast is not made to wait for what is slow: every
 * system has an equal share of the time, and what one does not need (it has its runs) goes to the others.
 */

/** A system as the planner sees it. */
export interface Candidate {
  readonly name: string;
  /** How long one start takes, what comes before and after it included. */
  readonly startMs: number;
  /** As many as are wanted. */
  readonly wanted: number;
  /** As many as have to be, if any are made. */
  readonly least: number;
  /** Starts that come at once, and are not divided. */
  readonly step: number;
}

export interface Allotment {
  readonly runs: ReadonlyMap<string, number>;
  /** Systems whose least number does not fit. */
  readonly leftOut: readonly string[];
  /** How long all of it takes, as far as one start tells. */
  readonly expectedMs: number;
}

/**
 * Divides the time.
 * @param budgetMs Infinity where there is no limit: everyone has what is wanted
 */
export function allot(candidates: readonly Candidate[], budgetMs: number): Allotment {
  const runs = new Map<string, number>();
  const leftOut: string[] = [];
  let leftMs = budgetMs;
  // Who needs least of its share comes first, so that what it leaves is there for those after it.
  const waiting = candidates.toSorted((a, b) => a.wanted * a.startMs - b.wanted * b.startMs);
  waiting.forEach((candidate, index) => {
    const shareMs = leftMs / (waiting.length - index);
    const count = fitting(candidate, shareMs);
    if (count === 0) {
      leftOut.push(candidate.name);
    } else {
      runs.set(candidate.name, count);
      leftMs -= count * candidate.startMs;
    }
  });
  const expectedMs = candidates.reduce((sum, { name, startMs }) => sum + (runs.get(name) ?? 0) * startMs, 0);
  return { runs, leftOut, expectedMs };
}

/** In whole steps; 0 where not even the least number fits. */
function fitting({ startMs, wanted, least, step }: Candidate, shareMs: number): number {
  const possible = Math.min(wanted, Math.floor(shareMs / startMs));
  const stepped = Math.max(Math.floor(possible / step) * step, 0);
  if (stepped >= least) return stepped;
  return least * startMs <= shareMs ? least : 0;
}

/**
 * Whether a system with fewer runs than there are rounds takes part in a round: its runs lie evenly among them.
 * @param round from 1
 */
export function takesPart(round: number, rounds: number, runs: number): boolean {
  return Math.floor((round * runs) / rounds) > Math.floor(((round - 1) * runs) / rounds);
}
