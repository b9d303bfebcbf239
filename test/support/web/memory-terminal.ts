/** One terminal with a program that the test plays, and viewers without a network between. */

import headless from "@xterm/headless";
import type { CloseReason } from "../../../web/protocol/close-codes.ts";
import { decodeServerFrame, type ServerFrame } from "../../../web/protocol/frame.ts";
import type { TerminalSize } from "../../../web/protocol/terminal-size.ts";
import { type Attachment, Terminal } from "../../../web/server/terminal/terminal.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryProgram } from "./memory-backend.ts";

export class MemoryTerminal {
  readonly clock = new ManualClock();
  readonly program = new MemoryProgram(["sh"]);
  readonly terminal: Terminal;

  constructor(size: TerminalSize = { columns: 80, rows: 24 }) {
    const { clock } = this;
    const { stream, exited } = this.program;
    this.terminal = new Terminal({ id: "t", title: "sh", main: true, stream, exited, size, clock });
  }

  /** A browser that is let in; without `quiet` it has got its screen when this resolves. */
  async join(): Promise<MemoryViewer> {
    const viewer = new MemoryViewer(this.terminal);
    await viewer.until((frame) => frame.kind === "snapshot");
    return viewer;
  }
}

/** What a browser would see: it draws what it gets on a screen of its own. */
export class MemoryViewer {
  readonly frames: ServerFrame[] = [];
  closeReason: CloseReason | undefined;
  readonly #attachment: Attachment;
  #wake: () => void = () => {};
  /** Bytes of data frames that were not acknowledged. */
  unackedBytes = 0;

  constructor(terminal: Terminal) {
    this.#attachment = terminal.attach({
      send: (message) => {
        const frame = decodeServerFrame(message);
        this.frames.push(frame);
        if (frame.kind === "data") this.unackedBytes += frame.bytes.length;
        this.#wake();
      },
      close: (reason) => {
        this.closeReason = reason;
        this.#wake();
      },
    });
  }

  type(text: string): void {
    this.#attachment.input(Buffer.from(text, "utf8"));
  }

  resize(columns: number, rows: number): void {
    this.#attachment.resize({ columns, rows });
  }

  acknowledge(bytes: number = this.unackedBytes): void {
    this.unackedBytes -= bytes;
    this.#attachment.acknowledge(bytes);
  }

  leave(): void {
    this.#attachment.detach();
  }

  count(kind: ServerFrame["kind"]): number {
    return this.frames.filter((frame) => frame.kind === kind).length;
  }

  async until(isWanted: (frame: ServerFrame) => boolean): Promise<void> {
    await this.when(() => this.frames.some(isWanted));
  }

  /** Resolves when something that came makes it true. */
  async when(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  /** The text on the screen that everything so far has drawn, without empty lines at its end. */
  async screen(): Promise<string> {
    return drawn(this.frames);
  }
}

/** Draws frames as a browser would, and gives the text of the screen with its scrollback. */
export async function drawn(frames: readonly ServerFrame[]): Promise<string> {
  const { screen } = await draw(frames);
  return screen;
}

/** Draws frames as a browser would: the text, and the cursor. */
export async function draw(
  frames: readonly ServerFrame[],
): Promise<{ screen: string; cursor: readonly [number, number]; isAlternate: boolean }> {
  const terminal = new headless.Terminal({
    cols: 80,
    rows: 24,
    scrollback: 1_000,
    allowProposedApi: true,
    logLevel: "off",
  });
  for (const frame of frames) {
    if (frame.kind === "snapshot") {
      terminal.reset();
      terminal.resize(frame.size.columns, frame.size.rows);
      await write(terminal, frame.ansi);
    } else if (frame.kind === "data") await write(terminal, frame.bytes);
    else if (frame.kind === "resize") terminal.resize(frame.size.columns, frame.size.rows);
  }
  const buffer = terminal.buffer.active;
  const lines = Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? "");
  const cursor = [buffer.baseY + buffer.cursorY, buffer.cursorX] as const;
  const isAlternate = buffer.type === "alternate";
  terminal.dispose();
  return { screen: lines.join("\n").trimEnd(), cursor, isAlternate };
}

async function write(terminal: InstanceType<typeof headless.Terminal>, data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => terminal.write(data, resolve));
}
