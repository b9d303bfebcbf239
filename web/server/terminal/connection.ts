/**
 * One WebSocket of a browser, from its first frame to its end: the ticket, then frames both ways (web/protocol/frame.ts),
 * and a heartbeat, since a connection that has silently died would hold the terminal's size and slow its reader.
 */

import type { RawData, WebSocket } from "ws";
import { CLOSE_CODES, type CloseReason } from "../../protocol/close-codes.ts";
import { type ClientFrame, decodeClientFrame, encodeFrame, FrameError } from "../../protocol/frame.ts";
import type { Clock, Timer } from "../clock.ts";
import { LIMITS } from "../limits.ts";
import { HttpProblem } from "../problem.ts";
import type { Attachment, Terminal } from "./terminal.ts";

export interface ConnectionOptions {
  readonly clock: Clock;
  /** The terminal that the ticket opens, once. */
  readonly redeem: (ticket: string) => Terminal | undefined;
  /** Called when the connection has a terminal, and is no stranger any more. */
  readonly onWelcome: () => void;
  /** Takes the errors that nobody foresaw. */
  readonly report: (error: unknown) => void;
}

/**
 * Serves one connection until it closes.
 */
export function serveConnection(socket: WebSocket, options: ConnectionOptions): void {
  new Connection(socket, options).open();
}

/** Closes a socket with one of the protocol's reasons. */
export function closeSocket(socket: WebSocket, reason: CloseReason): void {
  const row = CLOSE_CODES[reason];
  socket.close(row.code, row.reason);
}

class Connection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  #attachment: Attachment | undefined;
  #helloTimer: Timer | undefined;
  #heartbeat: Timer | undefined;
  #isAlive = true;
  #isClosed = false;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  open(): void {
    const { clock } = this.#options;
    this.#helloTimer = clock.after(LIMITS.helloMs, () => this.#close("refused"));
    this.#socket.on("message", (message, isBinary) => this.#receive(message, isBinary));
    this.#socket.on("pong", () => {
      this.#isAlive = true;
    });
    this.#socket.on("close", () => this.#closed());
    this.#beat();
  }

  #receive(message: RawData, isBinary: boolean): void {
    if (this.#isClosed) return;
    this.#isAlive = true;
    try {
      if (!isBinary) throw new FrameError("a text message is no frame");
      this.#take(decodeClientFrame(asBytes(message)));
    } catch (error) {
      if (!(error instanceof FrameError || error instanceof HttpProblem)) this.#options.report(error);
      this.#close(error instanceof HttpProblem ? "crowded" : "malformed");
    }
  }

  #take(frame: ClientFrame): void {
    if (this.#attachment !== undefined) this.#pass(frame, this.#attachment);
    else if (frame.kind === "hello") this.#welcome(frame.ticket);
    else this.#close("refused");
  }

  #pass(frame: ClientFrame, attachment: Attachment): void {
    switch (frame.kind) {
      case "data":
        attachment.input(frame.bytes);
        break;
      case "resize":
        attachment.resize(frame.size);
        break;
      case "ack":
        attachment.acknowledge(frame.parsedBytes);
        break;
      case "ping":
        this.#send(encodeFrame({ kind: "ping" }));
        break;
      case "hello":
        throw new FrameError("a connection says hello once");
    }
  }

  #welcome(ticket: string): void {
    const terminal = this.#options.redeem(ticket);
    if (terminal === undefined) {
      this.#close("refused");
      return;
    }
    this.#helloTimer?.cancel();
    this.#options.onWelcome();
    this.#attachment = terminal.attach({
      send: (frame) => this.#send(frame),
      close: (reason) => this.#close(reason),
    });
  }

  #send(frame: Uint8Array): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(frame, { binary: true });
  }

  #close(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSocket(this.#socket, reason);
    this.#detach();
  }

  /** Asks for a sign of life; without one since the last question the connection is dead. */
  #beat(): void {
    this.#heartbeat = this.#options.clock.after(LIMITS.heartbeatMs, () => {
      if (!this.#isAlive) {
        this.#close("silent");
        // Nobody is there to answer the close.
        this.#socket.terminate();
        return;
      }
      this.#isAlive = false;
      if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
      this.#beat();
    });
  }

  #closed(): void {
    this.#isClosed = true;
    this.#helloTimer?.cancel();
    this.#heartbeat?.cancel();
    this.#detach();
  }

  #detach(): void {
    this.#attachment?.detach();
    this.#attachment = undefined;
  }
}

function asBytes(message: RawData): Uint8Array {
  if (Array.isArray(message)) return Buffer.concat(message);
  return message instanceof ArrayBuffer ? new Uint8Array(message) : message;
}
