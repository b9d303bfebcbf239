/**
 * Counts what the browser's terminal has parsed, and says when the server has to hear of it (web/protocol/flow.ts).
 */

import { ACK_EVERY_BYTES } from "../../protocol/flow.ts";

export class Acknowledger {
  readonly #send: (parsedBytes: number) => void;
  #parsedBytes = 0;

  constructor(send: (parsedBytes: number) => void) {
    this.#send = send;
  }

  /** So many bytes of `data` frames have been parsed. */
  parsed(bytes: number): void {
    this.#parsedBytes += bytes;
    if (this.#parsedBytes < ACK_EVERY_BYTES) return;
    this.#send(this.#parsedBytes);
    this.#parsedBytes = 0;
  }

  /** A new connection counts from nothing: what was parsed of the old one is nobody's business. */
  reset(): void {
    this.#parsedBytes = 0;
  }
}
