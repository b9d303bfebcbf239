/**
 * The screen of one terminal as the server knows it: an xterm.js without a window, which parses everything that the
 * program writes, so that a browser that comes later can be given the screen as it is.
 */

import { createRequire } from "node:module";
import type { SerializeAddon as SerializeAddonType } from "@xterm/addon-serialize";
import type { Terminal as TerminalType } from "@xterm/headless";
import { MAX_SNAPSHOT_BYTES } from "../../protocol/frame.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";
import { LIMITS } from "../limits.ts";
import { restoringSequences } from "./screen-state.ts";
import { SequenceTail } from "./sequence-tail.ts";

// Both packages name an ES module that Node does not take for one; what Node loads is CommonJS whose names it cannot
// see. require() works for both, unbuilt and bundled.
const require = createRequire(import.meta.url);
const { Terminal }: { Terminal: typeof TerminalType } = require("@xterm/headless");
const { SerializeAddon }: { SerializeAddon: typeof SerializeAddonType } = require("@xterm/addon-serialize");

/** The screen and its scrollback as text that draws them again, and the start of a sequence that is not complete. */
export interface Snapshot {
  readonly size: TerminalSize;
  readonly ansi: string;
  readonly tail: Uint8Array;
}

export class Screen {
  readonly #terminal: TerminalType;
  readonly #serializer: SerializeAddonType;
  readonly #tail = new SequenceTail();
  #unparsedBytes = 0;

  /**
   * @param size the pty's size
   * @param onReport called with what the terminal answers to a program's questions
   */
  constructor(size: TerminalSize, onReport: (report: string) => void) {
    this.#terminal = new Terminal({
      cols: size.columns,
      rows: size.rows,
      scrollback: LIMITS.scrollbackLines,
      allowProposedApi: true,
      logLevel: "off",
    });
    this.#serializer = new SerializeAddon();
    this.#terminal.loadAddon(this.#serializer);
    this.#terminal.onData(onReport);
  }

  /** How many bytes have been written and not parsed. */
  get unparsedBytes(): number {
    return this.#unparsedBytes;
  }

  /** Parses the bytes soon, in slices that leave the event loop room; `onParsed` comes after the last of them. */
  write(bytes: Uint8Array, onParsed: () => void): void {
    this.#unparsedBytes += bytes.length;
    this.#terminal.write(bytes, () => {
      this.#unparsedBytes -= bytes.length;
      this.#tail.push(bytes);
      onParsed();
    });
  }

  /** Calls `action` when everything written so far has been parsed, and nothing that is written later. */
  afterWrites(action: () => void): void {
    this.#terminal.write("", action);
  }

  /** Changes the size, in order with what has been written. */
  resize(size: TerminalSize): void {
    this.afterWrites(() => this.#terminal.resize(size.columns, size.rows));
  }

  /** The screen as parsed so far. Scrollback is left out where the whole would be too large to send. */
  snapshot(): Snapshot {
    const size = { columns: this.#terminal.cols, rows: this.#terminal.rows };
    const state = restoringSequences(this.#terminal);
    const whole = this.#serializer.serialize({ scrollback: LIMITS.scrollbackLines }) + state;
    const isTooLarge = Buffer.byteLength(whole) > MAX_SNAPSHOT_BYTES;
    const ansi = isTooLarge ? this.#serializer.serialize({ scrollback: 0 }) + state : whole;
    return { size, ansi, tail: this.#tail.bytes() };
  }

  dispose(): void {
    this.#terminal.dispose();
  }
}
