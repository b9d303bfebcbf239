/** The floor of an event queue: a binary heap of times (Williams, "Algorithm 232: Heapsort", 1964), each with a number. */

export class BareHeap {
  readonly #times: number[] = [];
  readonly #kinds: number[] = [];

  get size(): number {
    return this.#times.length;
  }

  /** The earliest time; of an empty heap there is none. */
  get time(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  push(time: number, kind: number): void {
    let at = this.#times.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#times[parent] ?? 0) <= time) break;
      this.#times[at] = this.#times[parent] ?? 0;
      this.#kinds[at] = this.#kinds[parent] ?? 0;
      at = parent;
    }
    this.#times[at] = time;
    this.#kinds[at] = kind;
  }

  /** Takes the earliest out. @returns its number */
  pop(): number {
    const first = this.#kinds[0] ?? 0;
    const time = this.#times.pop() ?? 0;
    const kind = this.#kinds.pop() ?? 0;
    const size = this.#times.length;
    if (size === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < size && (this.#times[child + 1] ?? 0) < (this.#times[child] ?? 0)) child++;
      if (child >= size || (this.#times[child] ?? 0) >= time) break;
      this.#times[at] = this.#times[child] ?? 0;
      this.#kinds[at] = this.#kinds[child] ?? 0;
      at = child;
    }
    this.#times[at] = time;
    this.#kinds[at] = kind;
    return first;
  }
}
