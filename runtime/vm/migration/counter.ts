/**
 * What the counter of native/counter.c prints, read back: whether its world was moved without its noticing. Each line is
 * `COUNT CLOCK_NS WRONG`; to it comes the host's clock when the line had arrived.
 */

export interface CounterLine {
  readonly count: number;
  /** The counter's own CLOCK_MONOTONIC. */
  readonly clockNs: number;
  /** Pages that did not hold what was written there last. */
  readonly wrongPages: number;
  /** When the whole line had been read here, CLOCK_MONOTONIC of the host. */
  readonly hostNs: number;
}

const LINE = /^(\d{1,15}) (\d{1,18}) (\d{1,15})$/;
/** No line of the counter is longer; a guest that prints more than that without an end is not one. */
const LONGEST_LINE = 4096;

/** Cuts what the counter prints into lines. Where one console ends and another goes on, a line may be in both. */
export class CounterReader {
  readonly lines: CounterLine[] = [];
  /** What was no line of the counter's. */
  readonly strange: string[] = [];
  #pending = "";
  #next = Promise.withResolvers<undefined>();

  /** Settled with the next line. */
  nextLine(): Promise<undefined> {
    return this.#next.promise;
  }

  read(chunk: Uint8Array, hostNs: number): void {
    const lines = (this.#pending + Buffer.from(chunk).toString("latin1")).split("\n");
    this.#pending = (lines.pop() ?? "").slice(-LONGEST_LINE);
    for (const text of lines) this.#take(text.replace(/\r$/, ""), hostNs);
  }

  #take(text: string, hostNs: number): void {
    const [, count, clockNs, wrongPages] = LINE.exec(text) ?? [];
    if (count === undefined) {
      this.strange.push(text);
      return;
    }
    this.lines.push({ count: Number(count), clockNs: Number(clockNs), wrongPages: Number(wrongPages), hostNs });
    this.#next.resolve(undefined);
    this.#next = Promise.withResolvers();
  }
}

/** What the lines say together. */
export interface Continuity {
  readonly lines: number;
  /** Values that should have come and did not, and those that came although they had been there. */
  readonly missed: number;
  readonly doubled: number;
  readonly wrongPages: number;
  readonly strange: number;
}

/** @returns what was missed and doubled, between the first line and the last */
export function continuityOf(lines: readonly CounterLine[], strange: number): Continuity {
  let [missed, doubled] = [0, 0];
  let expected = lines[0]?.count ?? 0;
  for (const { count } of lines) {
    if (count < expected) doubled++;
    else {
      missed += count - expected;
      expected = count + 1;
    }
  }
  return { lines: lines.length, missed, doubled, wrongPages: lines.at(-1)?.wrongPages ?? 0, strange };
}

/** The standstill as the counter and its reader saw it. */
export interface Standstill {
  /** The usual distance between two lines: the median of those before. */
  readonly guestPaceMs: number;
  readonly hostPaceMs: number;
  /** The largest distance between two lines during the move, less the usual one; never less than 0. */
  readonly byGuestClockMs: number;
  readonly byHostClockMs: number;
  /** How far the guest's clock has fallen behind the host's. */
  readonly clockLagMs: number;
}

const NS_PER_MS = 1e6;

/**
 * @param lines of the counter
 * @param fromNs when the move began, CLOCK_MONOTONIC of the host
 * @param untilNs when it was over
 * @returns undefined where there are too few lines before, within or after the move
 */
export function standstillOf(lines: readonly CounterLine[], fromNs: number, untilNs: number): Standstill | undefined {
  const first = lines.findIndex(({ hostNs }) => hostNs >= fromNs);
  const behind = lines.findIndex(({ hostNs }) => hostNs > untilNs);
  if (first < 2 || behind < 1 || behind + 2 > lines.length) return undefined;
  const before = lines.slice(0, first);
  // From the last line before to the first one after: the standstill lies between two lines of these.
  const during = lines.slice(first - 1, behind + 1);
  const after = lines.slice(behind);
  const [guestPace, hostPace] = [median(gaps(before, "clockNs")), median(gaps(before, "hostNs"))];
  return {
    guestPaceMs: guestPace / NS_PER_MS,
    hostPaceMs: hostPace / NS_PER_MS,
    byGuestClockMs: Math.max(0, Math.max(...gaps(during, "clockNs")) - guestPace) / NS_PER_MS,
    byHostClockMs: Math.max(0, Math.max(...gaps(during, "hostNs")) - hostPace) / NS_PER_MS,
    clockLagMs: (smallestOffsetNs(after) - smallestOffsetNs(before)) / NS_PER_MS,
  };
}

function gaps(lines: readonly CounterLine[], clock: "clockNs" | "hostNs"): number[] {
  return lines.slice(1).map((line, index) => line[clock] - (lines[index]?.[clock] ?? 0));
}

/** The line that took the shortest way tells the distance of the two clocks best (RFC 5905, section 10). */
function smallestOffsetNs(lines: readonly CounterLine[]): number {
  return Math.min(...lines.map(({ hostNs, clockNs }) => hostNs - clockNs));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
