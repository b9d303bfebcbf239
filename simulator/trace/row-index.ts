/**
 * The rows of a trace by whom they belong to (a track, a counter), and for each of them by time: what has to be known to
 * find a moment again. Rows of one owner are mostly written in the order of time; where they are not, they are sorted.
 */
import { CHUNK, type Column } from "./column.ts";

export interface Rows {
  /** What each row is: the number of a kind, of a name. */
  readonly what: Column;
  readonly time: Column;
  /** The owner of each kind or name, a number below `owners`. */
  readonly ownerOf: Uint32Array;
  readonly owners: number;
}

export class RowIndex {
  readonly #time: Column;
  /** The rows of owner 0, then those of owner 1 …; `#first` says where each begins. */
  readonly #rows: Uint32Array;
  readonly #first: Uint32Array;

  /** Reads every row twice: to count, and to put it into its place. */
  constructor({ what, time, ownerOf, owners }: Rows) {
    this.#time = time;
    this.#rows = new Uint32Array(what.length);
    this.#first = firstRows(what, ownerOf, owners);
    const next = this.#first.slice();
    const last = new Float64Array(owners).fill(Number.NEGATIVE_INFINITY);
    const unsorted = new Set<number>();
    const numbers = new Float64Array(CHUNK);
    const times = new Float64Array(CHUNK);
    for (let row = 0, chunk = 0; row < what.length; chunk++) {
      const rows = what.read(chunk, numbers);
      time.read(chunk, times);
      for (let inChunk = 0; inChunk < rows; inChunk++, row++) {
        const owner = ownerOf[numbers[inChunk] ?? 0] ?? 0;
        const place = next[owner] ?? 0;
        next[owner] = place + 1;
        this.#rows[place] = row;
        const at = times[inChunk] ?? 0;
        if (at < (last[owner] ?? 0)) unsorted.add(owner);
        last[owner] = at;
      }
    }
    for (const owner of unsorted) {
      this.#of(owner).sort((left, right) => time.at(left) - time.at(right) || left - right);
    }
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
      if (this.#time.at(rows[middle] ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #of(owner: number): Uint32Array {
    return this.#rows.subarray(this.#first[owner], this.#first[owner + 1]);
  }
}

/** @returns where the rows of each owner begin, and at the end how many there are */
function firstRows(what: Column, ownerOf: Uint32Array, owners: number): Uint32Array {
  const first = new Uint32Array(owners + 1);
  const numbers = new Float64Array(CHUNK);
  for (let chunk = 0, rows = what.read(0, numbers); rows > 0; rows = what.read(++chunk, numbers)) {
    for (let inChunk = 0; inChunk < rows; inChunk++) {
      const after = (ownerOf[numbers[inChunk] ?? 0] ?? 0) + 1;
      first[after] = (first[after] ?? 0) + 1;
    }
  }
  for (let owner = 0; owner < owners; owner++) first[owner + 1] = (first[owner + 1] ?? 0) + (first[owner] ?? 0);
  return first;
}
