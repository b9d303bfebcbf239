/**
 * The rows of a trace by whom they belong to (a track, a counter), and for each of them by time: what has to be known to
 * find a moment again. Rows of one owner are mostly written in the order of time; where they are not, they are sorted.
 */

export interface Rows {
  readonly count: number;
  /** How many owners there are; they are numbers from 0. */
  readonly owners: number;
  readonly ownerOf: (row: number) => number;
  readonly timeOf: (row: number) => number;
}

export class RowIndex {
  readonly #timeOf: Rows["timeOf"];
  /** The rows of owner 0, then those of owner 1 …; `#first` says where each begins. */
  readonly #rows: Uint32Array;
  readonly #first: Uint32Array;

  /** Reads every row twice. */
  constructor({ count, owners, ownerOf, timeOf }: Rows) {
    this.#timeOf = timeOf;
    this.#rows = new Uint32Array(count);
    this.#first = new Uint32Array(owners + 1);
    const first = this.#first;
    for (let row = 0; row < count; row++) increment(first, ownerOf(row) + 1);
    for (let owner = 0; owner < owners; owner++) first[owner + 1] = (first[owner + 1] ?? 0) + (first[owner] ?? 0);
    const next = first.slice();
    const last = new Float64Array(owners).fill(Number.NEGATIVE_INFINITY);
    const unsorted = new Set<number>();
    for (let row = 0; row < count; row++) {
      const owner = ownerOf(row);
      this.#rows[increment(next, owner)] = row;
      const time = timeOf(row);
      if (time < (last[owner] ?? 0)) unsorted.add(owner);
      last[owner] = time;
    }
    for (const owner of unsorted) this.#of(owner).sort((left, right) => timeOf(left) - timeOf(right) || left - right);
  }

  /** @returns how many rows an owner has. */
  count(owner: number): number {
    return (this.#first[owner + 1] ?? 0) - (this.#first[owner] ?? 0);
  }

  /** @returns the row at a position in the order of time, from 0; undefined where there is none */
  row(owner: number, position: number): number | undefined {
    return position >= 0 && position < this.count(owner) ? this.#rows[(this.#first[owner] ?? 0) + position] : undefined;
  }

  /** @returns the position of the last row that is not later than a time; -1 where every one is */
  lastBy(owner: number, time: number): number {
    const rows = this.#of(owner);
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timeOf(rows[middle] ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #of(owner: number): Uint32Array {
    return this.#rows.subarray(this.#first[owner], this.#first[owner + 1]);
  }
}

/** @returns what was there before */
function increment(numbers: Uint32Array, at: number): number {
  const before = numbers[at] ?? 0;
  numbers[at] = before + 1;
  return before;
}
