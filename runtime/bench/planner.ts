/**
 * How many starts of each system fit into the time that there is. First everyone has the least number, the cheapest first, since
 * a system without figures helps nobody. Then what is fast is not made to wait for what is slow: of the rest every system has
 * an equal share, and what one does not need goes to the others.
 */

/** A system as the planner sees it. */
export interface Candidate {
  readonly name: string;
  /** How long one start takes, what comes before and after it included. */
  readonly startMs: number;
  /** What it takes once, if it is started at all: warming up. */
  readonly onceMs?: number;
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
  const give = ({ name, startMs }: Candidate, count: number) => {
    runs.set(name, (runs.get(name) ?? 0) + count);
    leftMs -= count * startMs;
  };
  const leastMs = ({ least, startMs, onceMs = 0 }: Candidate) => least * startMs + onceMs;
  for (const candidate of candidates.toSorted((one, other) => leastMs(one) - leastMs(other))) {
    if (leastMs(candidate) > leftMs) {
      leftOut.push(candidate.name);
    } else {
      leftMs -= candidate.onceMs ?? 0;
      give(candidate, candidate.least);
    }
  }
  const missing = ({ name, wanted }: Candidate) => wanted - (runs.get(name) ?? wanted);
  const canTake = (one: Candidate) => missing(one) >= one.step && one.step * one.startMs <= leftMs;
  for (;;) {
    // Who needs least of its share comes first, so that what it leaves is there for those after it.
    const needMs = (one: Candidate) => missing(one) * one.startMs;
    const taking = candidates.filter(canTake).toSorted((one, other) => needMs(one) - needMs(other));
    if (taking.length === 0) break;
    let given = 0;
    taking.forEach((one, index) => {
      const possible = Math.min(missing(one), Math.floor(leftMs / (taking.length - index) / one.startMs));
      const count = Math.floor(possible / one.step) * one.step;
      give(one, count);
      given += count;
    });
    // Nobody's share was enough for one more: it goes to who takes least, until nothing fits any more.
    const [first] = taking;
    if (given === 0 && first !== undefined) give(first, first.step);
  }
  const expectedMs = candidates.reduce((sum, { name, startMs, onceMs = 0 }) => {
    const count = runs.get(name);
    return count === undefined ? sum : sum + count * startMs + onceMs;
  }, 0);
  return { runs, leftOut, expectedMs };
}

/**
 * Whether a system with fewer runs than there are rounds takes part in a round: its runs lie evenly among them.
 * @param round from 1
 */
export function takesPart(round: number, rounds: number, runs: number): boolean {
  return Math.floor((round * runs) / rounds) > Math.floor(((round - 1) * runs) / rounds);
}
