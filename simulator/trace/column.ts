/**
 * A growable column of integers. Times are held as 64-bit floats, which are exact up to 2^53 (104 days in nanoseconds)
 * and, unlike 64-bit integers, need no conversion on the way to a screen.
 */
export class Column {
  #values = new Float64Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @throws RangeError where the value is not a safe integer: a trace holds integers only. */
  push(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`trace column: ${value} is not an integer`);
    if (this.#length === this.#values.length) {
      const wider = new Float64Array(this.#values.length * 2);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.#length++] = value;
  }

  /** @throws RangeError where there is no such row. */
  at(row: number): number {
    const value = row < this.#length ? this.#values[row] : undefined;
    if (value === undefined) throw new RangeError(`trace column: no row ${row} of ${this.#length}`);
    return value;
  }

  /** @returns the values, sharing the column's memory; valid until the next push. */
  view(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}
