/**
 * One browser that looks at a terminal, and how far behind it is. It is `joining` until it has been given the screen,
 * `live` while it gets every byte, and `behind` when it did not keep up: then it gets nothing until it has parsed what
 * it has, and the screen afresh.
 */

import type { CloseReason } from "../../protocol/close-codes.ts";
import { HIGH_WATER_BYTES, LOW_WATER_BYTES } from "../../protocol/flow.ts";
import { encodeFrame, type ServerFrame } from "../../protocol/frame.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";
import type { Clock, Timer } from "../clock.ts";
import { LIMITS } from "../limits.ts";

/** Where a viewer's frames go: a WebSocket, or a test. */
export interface ViewerChannel {
  send(frame: Uint8Array): void;
  close(reason: CloseReason): void;
}

export class Viewer {
  readonly #channel: ViewerChannel;
  readonly #clock: Clock;
  #state: "joining" | "live" | "behind" = "joining";
  /** What came while the screen was not ready, in order. */
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;
  #unackedBytes = 0;
  #stuck: Timer | undefined;
  /** What the browser has room for. */
  wanted: TerminalSize | undefined;

  constructor(channel: ViewerChannel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
  }

  get isLive(): boolean {
    return this.#state === "live";
  }

  get isBehind(): boolean {
    return this.#state === "behind";
  }

  /** More has been sent than may be outstanding: the pty must not be read, unless the viewer has been given up. */
  get isFull(): boolean {
    return this.#state !== "behind" && this.#unackedBytes > HIGH_WATER_BYTES;
  }

  /** Little enough is outstanding to go on. */
  get hasRoom(): boolean {
    return this.#state === "behind" || this.#unackedBytes < LOW_WATER_BYTES;
  }

  /** From now on until `showScreen`, what comes is kept. */
  beginJoin(): void {
    this.#state = "joining";
    this.#dropBacklog();
  }

  /** Sends the screen and what came since it was taken. */
  showScreen(frames: readonly ServerFrame[]): void {
    for (const frame of frames) this.#sendNow(encodeFrame(frame), frame.kind === "data" ? frame.bytes.length : 0);
    for (const frame of this.#backlog) this.#channel.send(frame);
    this.#backlog = [];
    this.#backlogBytes = 0;
    this.#state = "live";
  }

  /**
   * Output, or a change of size, in its place in the stream.
   *
   * @param frame encoded
   * @param dataBytes how many bytes of it the browser will acknowledge
   * @param onBehind called if the viewer does not keep up
   */
  push(frame: Uint8Array, dataBytes: number, onBehind: () => void): void {
    if (this.#state === "behind") return;
    if (this.#state === "joining") {
      this.#backlog.push(frame);
      this.#backlogBytes += dataBytes;
      this.#unackedBytes += dataBytes;
    } else {
      this.#sendNow(frame, dataBytes);
    }
    if (this.isFull && this.#stuck === undefined) {
      this.#stuck = this.#clock.after(LIMITS.stuckViewerMs, () => this.#giveUp(onBehind));
    }
  }

  /** The browser's terminal has parsed so many bytes more. */
  acknowledge(parsedBytes: number): void {
    this.#unackedBytes = Math.max(0, this.#unackedBytes - parsedBytes);
    if (this.#unackedBytes < LOW_WATER_BYTES) this.#stopWaiting();
  }

  /** A frame that is not part of the program's output. */
  send(frame: ServerFrame): void {
    this.#channel.send(encodeFrame(frame));
  }

  close(reason: CloseReason): void {
    this.#stopWaiting();
    this.#channel.close(reason);
  }

  /** The viewer has gone by itself. */
  leave(): void {
    this.#stopWaiting();
    this.#dropBacklog();
  }

  /** Whether what was sent before the viewer fell behind has been parsed, so that a new screen makes sense. */
  get hasCaughtUp(): boolean {
    return this.#unackedBytes < LOW_WATER_BYTES;
  }

  #sendNow(frame: Uint8Array, dataBytes: number): void {
    this.#unackedBytes += dataBytes;
    this.#channel.send(frame);
  }

  #giveUp(onBehind: () => void): void {
    this.#stuck = undefined;
    this.#state = "behind";
    this.#dropBacklog();
    onBehind();
  }

  /** What was kept was counted; since it is never sent, it is never acknowledged. */
  #dropBacklog(): void {
    this.#unackedBytes -= this.#backlogBytes;
    this.#backlog = [];
    this.#backlogBytes = 0;
  }

  #stopWaiting(): void {
    this.#stuck?.cancel();
    this.#stuck = undefined;
  }
}
