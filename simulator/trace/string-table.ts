/** Strings by number: a trace names the same few things thousands of times, so its columns hold indices into this. */
export class StringTable {
  readonly #strings: string[] = [];
  readonly #indices = new Map<string, number>();

  get size(): number {
    return this.#strings.length;
  }

  /** @returns the string's index, the same one every time. */
  index(text: string): number {
    const known = this.#indices.get(text);
    if (known !== undefined) return known;
    const index = this.#strings.length;
    this.#strings.push(text);
    this.#indices.set(text, index);
    return index;
  }

  /** @throws RangeError where no string has that index. */
  text(index: number): string {
    const text = this.#strings[index];
    if (text === undefined) throw new RangeError(`string table: no string ${index} of ${this.#strings.length}`);
    return text;
  }
}
