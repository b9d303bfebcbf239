/**
 * One terminal: the only reader of its pty, a screen that is always up to date, and any number of viewers.
 *
 * Output goes to the screen and to every live viewer; whichever is the slowest decides how fast the pty is read (see
 * web/protocol/flow.ts). Input goes straight to the pty and waits for nothing, so that Ctrl-C gets through while output
 * floods; nor is a browser held back, whose word on what it has parsed comes the same way. So what waits for a program that
 * does not read has a limit, and who goes beyond it is let go. The viewer who has been here longest owns the size.
 */

import type { CloseReason } from "../../protocol/close-codes.ts";
import type { ExitStatus } from "../../protocol/exit-status.ts";
import { dataFrames, encodeFrame, MAX_DATA_BYTES, type ServerFrame } from "../../protocol/frame.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";
import type { TerminalInfo } from "../../protocol/terminals.ts";
import type { TerminalStream } from "../backend.ts";
import type { Clock } from "../clock.ts";
import { LIMITS } from "../limits.ts";
import { HttpProblem } from "../problem.ts";
import { isTerminalReport } from "./report.ts";
import { Screen } from "./screen.ts";
import { Viewer, type ViewerChannel } from "./viewer.ts";

export interface TerminalOptions {
  readonly id: string;
  readonly title: string;
  readonly main: boolean;
  readonly stream: TerminalStream;
  /** How the program on it ended. */
  readonly exited: Promise<ExitStatus>;
  readonly size: TerminalSize;
  readonly clock: Clock;
}

/** What a connection can do with the terminal that it is attached to. */
export interface Attachment {
  input(bytes: Uint8Array): void;
  resize(size: TerminalSize): void;
  acknowledge(parsedBytes: number): void;
  detach(): void;
}

export class Terminal {
  readonly id: string;
  readonly #options: TerminalOptions;
  readonly #screen: Screen;
  readonly #viewers = new Set<Viewer>();
  #size: TerminalSize;
  #isPaused = false;
  /** Of input: what has been written and not taken. */
  #unreadBytes = 0;
  /** Everything that the pty gave has been parsed, and no more will come. */
  #isDrained = false;
  #isClosed = false;
  /** The pty has been let go of: nothing can be written to it. */
  #isReleased = false;
  #status: ExitStatus | undefined;

  constructor(options: TerminalOptions) {
    this.id = options.id;
    this.#options = options;
    this.#size = options.size;
    this.#screen = new Screen(options.size, (report) => this.#answer(report));
    options.stream.onData((chunk) => this.#output(chunk));
    options.stream.onEnd(() => this.#ended());
    void options.exited.then((status) => this.#exited(status));
  }

  info(): TerminalInfo {
    const { id, main, title } = this.#options;
    return this.#hasEnded ? { id, main, title, exit: this.#exitStatus() } : { id, main, title };
  }

  /**
   * Lets a viewer in: it gets the screen as it is, then everything that comes.
   *
   * @throws HttpProblem 429 where too many are looking
   */
  attach(channel: ViewerChannel): Attachment {
    if (this.#viewers.size >= LIMITS.viewersPerTerminal) {
      throw new HttpProblem(429, `${LIMITS.viewersPerTerminal} browsers are looking at this terminal already`);
    }
    const viewer = new Viewer(channel, this.#options.clock);
    this.#viewers.add(viewer);
    this.#join(viewer);
    return {
      input: (bytes) => this.#input(viewer, bytes),
      resize: (size) => this.#want(viewer, size),
      acknowledge: (parsedBytes) => this.#acknowledge(viewer, parsedBytes),
      detach: () => this.#detach(viewer),
    };
  }

  /** Ends it for every viewer and lets go of the pty. Harmless when repeated. */
  close(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const viewer of this.#viewers) viewer.close(reason);
    this.#viewers.clear();
    this.#release();
    this.#screen.dispose();
  }

  // --- output ------------------------------------------------------------------------------------------------------

  #output(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    this.#screen.write(chunk, () => this.#regulate());
    if (this.#viewers.size > 0) {
      let left = chunk.length;
      for (const frame of dataFrames(chunk)) {
        const dataBytes = Math.min(left, MAX_DATA_BYTES);
        left -= dataBytes;
        this.#broadcast(frame, dataBytes);
      }
    }
    this.#regulate();
  }

  #broadcast(frame: Uint8Array, dataBytes: number): void {
    for (const viewer of this.#viewers) viewer.push(frame, dataBytes, () => this.#regulate());
  }

  /** Reads the pty, or leaves it alone, by who is how far behind. */
  #regulate(): void {
    if (this.#isReleased) return;
    const viewers = [...this.#viewers];
    const isFull = this.#screen.unparsedBytes > LIMITS.unparsedBytes || viewers.some((viewer) => viewer.isFull);
    const hasRoom = this.#screen.unparsedBytes < LIMITS.unparsedBytes / 2 && viewers.every((viewer) => viewer.hasRoom);
    if (!this.#isPaused && isFull) {
      this.#isPaused = true;
      this.#options.stream.pause();
    } else if (this.#isPaused && hasRoom) {
      this.#isPaused = false;
      this.#options.stream.resume();
    }
  }

  /** Gives the viewer the screen as soon as all output so far has been parsed, and exactly what comes after. */
  #join(viewer: Viewer): void {
    viewer.beginJoin();
    this.#screen.afterWrites(() => {
      if (this.#isClosed || !this.#viewers.has(viewer)) return;
      const { size, ansi, tail } = this.#screen.snapshot();
      const frames: ServerFrame[] = [{ kind: "snapshot", size, ansi }];
      if (tail.length > 0) frames.push({ kind: "data", bytes: tail });
      viewer.showScreen(frames);
      this.#applyOwnersSize();
      this.#sayGoodbye(viewer);
      this.#regulate();
    });
  }

  #acknowledge(viewer: Viewer, parsedBytes: number): void {
    viewer.acknowledge(parsedBytes);
    if (viewer.isBehind && viewer.hasCaughtUp) this.#join(viewer);
    this.#regulate();
  }

  // --- input -------------------------------------------------------------------------------------------------------

  #input(viewer: Viewer, bytes: Uint8Array): void {
    if (this.#isReleased || this.#hasEnded) return;
    if (isTerminalReport(bytes) && viewer !== this.#answerer()) return;
    if (!this.#write(bytes)) viewer.close("unread");
  }

  /** @returns false when too much waits for the program already: this is not written */
  #write(bytes: Uint8Array): boolean {
    if (this.#unreadBytes > LIMITS.unreadInputBytes) return false;
    this.#unreadBytes += bytes.length;
    void this.#options.stream.write(bytes).then(() => {
      this.#unreadBytes -= bytes.length;
    });
    return true;
  }

  /** The screen's own answer to a program's question, for when no browser is there to give one. */
  #answer(report: string): void {
    if (this.#isReleased || this.#hasEnded || this.#answerer() !== undefined) return;
    this.#write(Buffer.from(report, "utf8"));
  }

  #answerer(): Viewer | undefined {
    return [...this.#viewers].find((viewer) => viewer.isLive);
  }

  // --- size --------------------------------------------------------------------------------------------------------

  #want(viewer: Viewer, size: TerminalSize): void {
    viewer.wanted = size;
    this.#applyOwnersSize();
  }

  #applyOwnersSize(): void {
    const [owner] = this.#viewers;
    const wanted = owner?.wanted;
    if (wanted === undefined || this.#isReleased || this.#hasEnded) return;
    if (wanted.columns === this.#size.columns && wanted.rows === this.#size.rows) return;
    this.#size = wanted;
    this.#options.stream.resize(wanted);
    this.#screen.resize(wanted);
    this.#broadcast(encodeFrame({ kind: "resize", size: wanted }), 0);
  }

  #detach(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer)) return;
    viewer.leave();
    this.#applyOwnersSize();
    this.#regulate();
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  #ended(): void {
    this.#screen.afterWrites(() => {
      this.#isDrained = true;
      this.#finish();
    });
  }

  #exited(status: ExitStatus): void {
    this.#status = status;
    this.#finish();
    // A process that was left behind can keep the terminal open: what it writes belongs to nobody.
    this.#options.clock.after(LIMITS.afterExitMs, () => {
      if (this.#isClosed || this.#isDrained) return;
      this.#release();
      this.#ended();
    });
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#options.stream.close();
  }

  get #hasEnded(): boolean {
    return this.#isDrained && this.#status !== undefined;
  }

  #exitStatus(): ExitStatus {
    if (this.#status === undefined) throw new Error("the program of this terminal has not ended");
    return this.#status;
  }

  #finish(): void {
    if (this.#isClosed || !this.#hasEnded) return;
    for (const viewer of this.#viewers) {
      if (viewer.isBehind) this.#join(viewer);
      else if (viewer.isLive) this.#sayGoodbye(viewer);
    }
  }

  #sayGoodbye(viewer: Viewer): void {
    if (!this.#hasEnded) return;
    viewer.send({ kind: "exit", status: this.#exitStatus() });
    this.#viewers.delete(viewer);
    viewer.close("ended");
  }
}
