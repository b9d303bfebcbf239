/** What is told by calls, read as a stream: nothing is lost between two reads, and a failure comes after what was told. */

export class LineQueue<Line> implements AsyncIterable<Line> {
  readonly #lines: Line[] = [];
  #more = Promise.withResolvers<void>();
  #end: { readonly error?: unknown } | undefined;

  push(line: Line): void {
    this.#lines.push(line);
    this.#more.resolve();
  }

  /** Nothing more comes. */
  end(): void {
    this.#end = {};
    this.#more.resolve();
  }

  /** Nothing more comes, for this reason; whoever reads gets it thrown. */
  fail(error: unknown): void {
    this.#end = { error };
    this.#more.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Line> {
    for (;;) {
      yield* this.#lines.splice(0);
      if (this.#lines.length > 0) continue;
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      await this.#more.promise;
      this.#more = Promise.withResolvers<void>();
    }
  }
}
