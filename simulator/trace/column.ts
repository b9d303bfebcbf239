/**
 * A growable column of integers, in chunks that are never copied again. A chunk keeps the differences to a base in 32 bits
 * each, and any of its rows can be read at once; only where values lie further apart than that (2^32 ns are 4.3 s) it
 * becomes one of 64-bit floats, which are exact up to 2^53 (104 days in nanoseconds) and, unlike 64-bit integers, need no
 * conversion on the way to a screen.
 */

const CHUNK_BITS = 12;
/** Rows of a chunk. */
export const CHUNK = 1 << CHUNK_BITS;
const ROW_IN_CHUNK = CHUNK - 1;
/** The first chunk grows up to its size: most traces are small. */
const FIRST_ROWS = 64;
const DIFFERENCES = 2 ** 32;
/** How far below its first value a chunk reaches: times mostly grow, yet a span that ends later may have begun before. */
const BELOW = 2 ** 29;

interface Chunk {
  readonly base: number;
  readonly values: Uint32Array | Float64Array;
}

export class Column {
  readonly #full: Chunk[] = [];
  /** The chunk that is being filled: one of the two has rows. */
  #narrow = new Uint32Array(FIRST_ROWS);
  #wide: Float64Array | undefined;
  #base = 0;
  #used = 0;

  get length(): number {
    return this.#full.length * CHUNK + this.#used;
  }

  /** Bytes that the rows take. */
  get bytes(): number {
    const open = (this.#wide ?? this.#narrow).byteLength;
    return this.#full.reduce((sum, { values }) => sum + values.byteLength, open);
  }

  /** @throws RangeError where the value is not a safe integer: a trace holds integers only. */
  push(value: number): void {
    const used = this.#used;
    if (used > 0 && used < this.#narrow.length) {
      const difference = value - this.#base;
      // The difference of a fraction, and NaN, are changed by >>> 0; a difference that does not fit is, too.
      if (difference >>> 0 === difference) {
        this.#narrow[used] = difference;
        this.#used = used + 1;
        return;
      }
    }
    this.#pushSlowly(value);
  }

  /** @throws RangeError where there is no such row. */
  at(row: number): number {
    const chunk = this.#full[row >>> CHUNK_BITS];
    const inChunk = row & ROW_IN_CHUNK;
    const value =
      chunk !== undefined
        ? chunk.base + (chunk.values[inChunk] ?? 0)
        : row >= 0 && row < this.length
          ? this.#base + ((this.#wide ?? this.#narrow)[inChunk] ?? 0)
          : undefined;
    if (value === undefined) throw new RangeError(`trace column: no row ${row} of ${this.length}`);
    return value;
  }

  /**
   * Reads a chunk as a whole: for whoever reads all rows.
   * @param chunk its number, from 0
   * @param into at least CHUNK long; its beginning is written over
   * @returns how many rows the chunk has
   */
  read(chunk: number, into: Float64Array): number {
    const full = this.#full[chunk];
    if (full === undefined && chunk !== this.#full.length) return 0;
    const base = full?.base ?? this.#base;
    const values = full?.values ?? this.#wide ?? this.#narrow;
    const rows = full === undefined ? this.#used : CHUNK;
    for (let row = 0; row < rows; row++) into[row] = base + (values[row] ?? 0);
    return rows;
  }

  #pushSlowly(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`trace column: ${value} is not an integer`);
    if (this.#used === CHUNK) this.#close();
    // Values near the first one fit, on both sides of it; small numbers are kept as they are.
    if (this.#used === 0) this.#base = baseOf(value);
    if (this.#wide === undefined) {
      if (this.#used === this.#narrow.length) this.#grow();
      const difference = value - this.#base;
      if (difference >= 0 && difference < DIFFERENCES) {
        this.#narrow[this.#used++] = difference;
        return;
      }
      this.#widen();
    }
    if (this.#wide !== undefined) this.#wide[this.#used++] = value;
  }

  #close(): void {
    this.#full.push({ base: this.#base, values: this.#wide ?? this.#narrow });
    this.#narrow = new Uint32Array(CHUNK);
    this.#wide = undefined;
    this.#used = 0;
  }

  #grow(): void {
    const wider = new Uint32Array(Math.min(this.#narrow.length * 2, CHUNK));
    wider.set(this.#narrow);
    this.#narrow = wider;
  }

  /** Turns the open chunk into one of whole values; nothing is narrow until it is full. */
  #widen(): void {
    const wide = new Float64Array(CHUNK);
    for (let row = 0; row < this.#used; row++) wide[row] = this.#base + (this.#narrow[row] ?? 0);
    this.#wide = wide;
    this.#narrow = new Uint32Array(0);
    this.#base = 0;
  }
}

function baseOf(first: number): number {
  if (first >= 0 && first < BELOW) return 0;
  return Math.max(first - BELOW, Number.MIN_SAFE_INTEGER);
}
