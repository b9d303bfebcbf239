/**
 * The browser's side of one terminal's WebSocket: does what terminal/link.ts decides, and passes frames on.
 */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import {
  type ClientFrame,
  dataFrames,
  decodeServerFrame,
  encodeFrame,
  type ServerFrame,
} from "../../protocol/frame.ts";
import { ROUTES } from "../../protocol/routes.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";
import { askTicket } from "../api/lab.ts";
import { RequestError } from "../api/request.ts";
import { Acknowledger } from "./acknowledger.ts";
import { advance, LINK_START, type LinkAction, type LinkEvent, type LinkState, type LinkStep } from "./link.ts";

/** The terminal on screen, as the connection sees it. */
export interface TerminalScreen {
  /** The screen as it is, in place of whatever is shown. */
  restore(size: TerminalSize, ansi: string): void;
  /** Calls back when the bytes have been parsed. */
  write(bytes: Uint8Array, onParsed: () => void): void;
  resize(size: TerminalSize): void;
  /** What there is room for. */
  wantedSize(): TerminalSize | undefined;
}

/** Without a word from the server for this long after asking, the connection is dead, whatever TCP thinks. */
const HEARTBEAT_MS = 15_000;

export class TerminalConnection {
  readonly #terminal: string;
  readonly #screen: TerminalScreen;
  readonly #state = signal<LinkState>(LINK_START.state);
  /** Whether nothing has been shown yet. */
  readonly isSilent: Signal<boolean> = signal(true);
  readonly #acknowledger = new Acknowledger((parsedBytes) => this.#send({ kind: "ack", parsedBytes }));
  #socket: WebSocket | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #heard = true;

  constructor(terminal: string, screen: TerminalScreen) {
    this.#terminal = terminal;
    this.#screen = screen;
  }

  get state(): ReadonlySignal<LinkState> {
    return this.#state;
  }

  /** Connects, and stays connected until `close`. */
  open(): void {
    window.addEventListener("online", this.retry);
    this.#take(LINK_START);
  }

  close(): void {
    window.removeEventListener("online", this.retry);
    this.#on({ kind: "leave" });
  }

  /** Does not wait any longer. */
  readonly retry = (): void => this.#on({ kind: "retry" });

  /** What was typed. Between two connections it is lost, as on a line that is cut. */
  input(bytes: Uint8Array): void {
    if (this.#state.value.kind !== "live") return;
    for (const frame of dataFrames(bytes)) this.#socket?.send(frame);
  }

  /** Says what there is room for. */
  offerSize(): void {
    const size = this.#screen.wantedSize();
    if (size !== undefined && this.#state.value.kind === "live") this.#send({ kind: "resize", size });
  }

  #on(event: LinkEvent): void {
    this.#take(advance(this.#state.value, event));
  }

  #take({ state, actions }: LinkStep): void {
    this.#state.value = state;
    for (const action of actions) this.#act(action);
  }

  #act(action: LinkAction): void {
    switch (action.kind) {
      case "ask":
        clearTimeout(this.#retry);
        void this.#ask();
        break;
      case "open":
        this.#open();
        break;
      case "hello":
        this.#send({ kind: "hello", ticket: action.ticket });
        break;
      case "wait":
        this.#retry = setTimeout(this.retry, action.delayMs);
        break;
      case "hang-up":
        this.#hangUp();
        break;
    }
  }

  async #ask(): Promise<void> {
    try {
      this.#on({ kind: "ticket", ticket: await askTicket(this.#terminal) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const known = error instanceof RequestError ? error : undefined;
      this.#on({
        kind: "no-ticket",
        hopeless: known !== undefined && known.kind !== "offline",
        reason,
        fix: known?.fix,
      });
    }
  }

  #open(): void {
    const address = new URL(ROUTES.terminal, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    // A socket that has been given up still speaks; it is not listened to any more.
    const ifCurrent = (then: () => void) => (): void => {
      if (this.#socket === socket) then();
    };
    socket.addEventListener(
      "open",
      ifCurrent(() => this.#on({ kind: "opened" })),
    );
    socket.addEventListener("message", (event) => {
      if (this.#socket === socket && event.data instanceof ArrayBuffer) this.#receive(new Uint8Array(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (this.#socket === socket) this.#closed(event.code, event.reason);
    });
    this.#socket = socket;
    this.#acknowledger.reset();
    this.#startHeartbeat();
  }

  #receive(message: Uint8Array): void {
    this.#heard = true;
    const frame = decodeServerFrame(message);
    this.#show(frame);
    if (frame.kind === "snapshot") {
      this.#on({ kind: "screen" });
      this.offerSize();
    }
    if (frame.kind === "exit") this.#on({ kind: "exit", status: frame.status });
  }

  #show(frame: ServerFrame): void {
    switch (frame.kind) {
      case "snapshot":
        this.#screen.restore(frame.size, frame.ansi);
        if (frame.ansi.trim() !== "") this.isSilent.value = false;
        break;
      case "data": {
        const socket = this.#socket;
        this.isSilent.value = false;
        this.#screen.write(frame.bytes, () => {
          if (this.#socket === socket) this.#acknowledger.parsed(frame.bytes.length);
        });
        break;
      }
      case "resize":
        this.#screen.resize(frame.size);
        break;
      case "exit":
      case "ping":
        break;
    }
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(encodeFrame(frame));
  }

  #startHeartbeat(): void {
    clearInterval(this.#heartbeat);
    this.#heard = true;
    this.#heartbeat = setInterval(() => {
      if (!this.#heard) {
        this.#closed(1006, "");
        return;
      }
      this.#heard = false;
      this.#send({ kind: "ping" });
    }, HEARTBEAT_MS);
  }

  #closed(code: number, reason: string): void {
    this.#dropSocket();
    this.#on({ kind: "closed", code, reason });
  }

  #hangUp(): void {
    clearTimeout(this.#retry);
    this.#dropSocket();
  }

  #dropSocket(): void {
    clearInterval(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }
}
