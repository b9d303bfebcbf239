/** Writing to the caller's standard streams no faster than they take it, and stopping when nobody reads any more. */
import type { Writable } from "node:stream";

/** Nobody reads the output any more, as in `ringside logs X | head`: no failure, but the end. */
export class OutputClosed extends Error {}

/** Writes whole chunks, one after the other. */
export class PatientWriter {
  readonly #stream: Writable;
  #isClosed = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", () => {
      this.#isClosed = true;
    });
  }

  /** @returns once more may be written; @throws OutputClosed when nobody reads */
  async write(data: Uint8Array | string): Promise<void> {
    if (this.#isClosed) throw new OutputClosed();
    if (this.#stream.write(data)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stream.off("drain", done);
        this.#stream.off("close", done);
        this.#stream.off("error", done);
        resolve();
      };
      this.#stream.on("drain", done);
      this.#stream.on("close", done);
      this.#stream.on("error", done);
    });
  }
}
