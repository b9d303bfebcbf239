/**
 * The streams of a program in a guest, as the host has them: output that is kept until somebody listens and pauses the
 * connection when nobody does, and input within its window (agent-protocol.ts).
 */
import type { AgentConnection } from "./agent-connection.ts";
import { INPUT_WINDOW_BYTES, MOST_DATA_BYTES } from "./agent-protocol.ts";

/** What can be read of a program. Reading starts with the first `onData`. */
export interface OutputStream {
  onData(listener: (chunk: Uint8Array) => void): void;
  /** Called once, after the last byte. */
  onEnd(listener: () => void): void;
  pause(): void;
  resume(): void;
}

/** How much of one stream is kept for a reader that has not come yet or is slow, before the guest has to wait. */
const MOST_KEPT_BYTES = 256 * 1024;

/** One stream of output: `push` and `end` are for whoever reads the connection. */
export class Output implements OutputStream {
  readonly #flow: () => void;
  readonly #kept: Uint8Array[] = [];
  readonly #dataListeners: ((chunk: Uint8Array) => void)[] = [];
  readonly #endListeners: (() => void)[] = [];
  #keptBytes = 0;
  #isPaused = false;
  #isEnded = false;
  #hasTold = false;

  /** @param flow called whenever `isFull` may have changed */
  constructor(flow: () => void) {
    this.#flow = flow;
  }

  get isFull(): boolean {
    return this.#keptBytes > MOST_KEPT_BYTES;
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#dataListeners.push(listener);
    this.#deliver();
  }

  onEnd(listener: () => void): void {
    if (this.#hasTold) listener();
    else this.#endListeners.push(listener);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  push(chunk: Uint8Array): void {
    this.#kept.push(chunk);
    this.#keptBytes += chunk.length;
    this.#deliver();
  }

  end(): void {
    this.#isEnded = true;
    this.#deliver();
  }

  #deliver(): void {
    while (this.#dataListeners.length > 0 && !this.#isPaused) {
      const chunk = this.#kept.shift();
      if (chunk === undefined) break;
      this.#keptBytes -= chunk.length;
      for (const listener of this.#dataListeners) listener(chunk);
    }
    this.#flow();
    if (!this.#isEnded || this.#hasTold || this.#kept.length > 0) return;
    this.#hasTold = true;
    for (const listener of this.#endListeners.splice(0)) listener();
  }
}

interface Piece {
  readonly data: Uint8Array;
  readonly gone: () => void;
}

/** Standard input: `taken` and `stop` are for whoever reads the connection. */
export class Input {
  readonly #connection: Pick<AgentConnection, "send">;
  readonly #unsent: Piece[] = [];
  #windowBytes = INPUT_WINDOW_BYTES;
  #isEnding = false;
  #isOver = false;

  constructor(connection: Pick<AgentConnection, "send">) {
    this.#connection = connection;
  }

  /** @returns once `data` is on its way, or never will be: who does not wait for that fills memory */
  write(data: Uint8Array): Promise<void> {
    if (this.#isEnding || this.#isOver || data.length === 0) return Promise.resolve();
    return new Promise((gone) => {
      // A copy: whoever reads may use its buffer again.
      this.#unsent.push({ data: Uint8Array.from(data), gone });
      this.#flush();
    });
  }

  /** Nothing follows: the program reads the end of the file. */
  end(): void {
    if (this.#isEnding || this.#isOver) return;
    this.#isEnding = true;
    this.#flush();
  }

  /** The program has taken so much. A guest that claims more than it was sent has only opened its own window. */
  taken(bytes: number): void {
    this.#windowBytes = Math.min(INPUT_WINDOW_BYTES, this.#windowBytes + bytes);
    this.#flush();
  }

  /** There is nobody to read it any more. */
  stop(): void {
    this.#isOver = true;
    for (const { gone } of this.#unsent.splice(0)) gone();
  }

  #flush(): void {
    while (this.#windowBytes > 0 && !this.#isOver) {
      const piece = this.#unsent[0];
      if (piece === undefined) break;
      const now = piece.data.subarray(0, Math.min(MOST_DATA_BYTES, this.#windowBytes));
      this.#windowBytes -= now.length;
      void this.#connection.send({ kind: "stdin", data: now });
      if (now.length < piece.data.length) {
        this.#unsent[0] = { data: piece.data.subarray(now.length), gone: piece.gone };
      } else {
        this.#unsent.shift();
        piece.gone();
      }
    }
    if (!this.#isEnding || this.#unsent.length > 0 || this.#isOver) return;
    this.#isOver = true;
    void this.#connection.send({ kind: "stdinEnd" });
  }
}
