/** Arguments of the few rows that have any, by row. */

export type Arguments = Readonly<Record<string, string | number>>;

export class SparseArguments {
  /** Ascending. */
  readonly #rows: number[] = [];
  readonly #arguments: Arguments[] = [];

  /** Whether no row has arguments. */
  get empty(): boolean {
    return this.#rows.length === 0;
  }

  /** @param row after every row before */
  push(row: number, args: Arguments): void {
    this.#rows.push(row);
    this.#arguments.push(args);
  }

  at(row: number): Arguments | undefined {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle] ?? 0) < row) low = middle + 1;
      else high = middle;
    }
    return this.#rows[low] === row ? this.#arguments[low] : undefined;
  }
}
