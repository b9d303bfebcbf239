/**
 * The socket of a detached container's monitor, from the viewer's side. The messages are in
 * native/launcher/monitor-viewers.h.
 */
import { closeSync, constants, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { errorCode } from "../../native/error-code.ts";
import { RingsideError } from "../error.ts";
import type { LogPosition } from "./log-files.ts";
import type { TerminalSize } from "./running.ts";

const SOCKET_NAME = "attach";
const HEADER_BYTES = 4;
const MOST_INPUT_BYTES = 4096;
const TO_MONITOR = { follow: 1, write: 2, input: 3, resize: 4 } as const;
const FROM_MONITOR = { more: 1, writer: 2, ended: 3 } as const;

/** Whether this viewer may write: another one does, it may, or nobody can, since the container reads nothing. */
export type Writing = "taken" | "granted" | "no-input";
const WRITING: readonly Writing[] = ["taken", "granted", "no-input"];

interface Message {
  readonly kind: number;
  readonly payload: Buffer;
}

/** Takes whole messages from what has arrived. */
class MessageReader {
  #unread = Buffer.alloc(0);

  push(chunk: Uint8Array): Message[] {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    const messages: Message[] = [];
    while (this.#unread.length >= HEADER_BYTES) {
      const size = HEADER_BYTES + this.#unread.readUInt16LE(2);
      if (this.#unread.length < size) break;
      messages.push({ kind: this.#unread[0] ?? 0, payload: this.#unread.subarray(HEADER_BYTES, size) });
      this.#unread = this.#unread.subarray(size);
    }
    return messages;
  }
}

/** A connection to the monitor of one container. */
export class MonitorConnection {
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  #onMore: (() => void) | undefined;
  #onWriter: ((answer: Writing) => void) | undefined;
  #isEnded = false;
  /** How the container ended, as wait4(2) gives it; undefined when the monitor went without a word. */
  readonly ended: Promise<number | undefined>;
  /** The monitor has gone, and with it all that the container was to take along. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const end = Promise.withResolvers<number | undefined>();
    const close = Promise.withResolvers<void>();
    this.ended = end.promise;
    this.closed = close.promise;
    socket.on("data", (chunk) => {
      for (const message of this.#reader.push(chunk)) this.#receive(message, end.resolve);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      end.resolve(undefined);
      close.resolve();
      this.#goOn();
      this.#onWriter?.("no-input");
    });
  }

  /**
   * @param directory the container's state directory
   * @returns undefined where no monitor listens: the container has ended, or is not a detached one
   * @throws RingsideError when as many look already as may at a time
   */
  static async open(directory: string): Promise<MonitorConnection | undefined> {
    let fd: number;
    try {
      fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch {
      return undefined;
    }
    // By the descriptor: a socket's path may have 107 bytes only (unix(7)), a directory's any number.
    const socket = connect(`/proc/self/fd/${fd}/${SOCKET_NAME}`);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      });
      return new MonitorConnection(socket);
    } catch (cause) {
      socket.destroy();
      if (errorCode(cause) !== "EAGAIN") return undefined;
      throw new RingsideError("too many look at this container, or wait for it, at the same time", {
        cause,
        fix: "end one of the ringside attach, logs -f or wait that do",
      });
    } finally {
      closeSync(fd);
    }
  }

  /** Says how far the log has been read: what has not is kept for a while, if it can be. */
  reportPosition({ file, offset }: LogPosition): void {
    const payload = Buffer.alloc(16);
    payload.writeBigUInt64LE(BigInt(file), 0);
    payload.writeBigUInt64LE(BigInt(offset), 8);
    this.#send(TO_MONITOR.follow, payload);
  }

  /** Waits until the log goes on beyond `position`, or the container has ended. */
  async waitForMore(position: LogPosition): Promise<"more" | "ended"> {
    if (this.#isEnded) return "ended";
    const more = new Promise<void>((resolve) => {
      this.#onMore = resolve;
    });
    this.reportPosition(position);
    await more;
    return this.#isEnded ? "ended" : "more";
  }

  /** Asks to be the one who may write: one viewer at a time may. */
  async requestWriting(): Promise<Writing> {
    if (this.#isEnded) return "no-input";
    const answer = new Promise<Writing>((resolve) => {
      this.#onWriter = resolve;
    });
    this.#send(TO_MONITOR.write, Buffer.alloc(0));
    return await answer;
  }

  /** Types: `data` goes to the container's standard input or terminal. @returns once more may be written */
  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length && !this.#isEnded; at += MOST_INPUT_BYTES) {
      const room = this.#send(TO_MONITOR.input, data.subarray(at, at + MOST_INPUT_BYTES));
      if (!room) await this.#drained();
    }
  }

  resize({ columns, rows }: TerminalSize): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt16LE(columns, 0);
    payload.writeUInt16LE(rows, 2);
    this.#send(TO_MONITOR.resize, payload);
  }

  close(): void {
    this.#socket.destroy();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once("drain", resolve);
      this.#socket.once("close", () => resolve());
    });
  }

  #send(kind: number, payload: Uint8Array): boolean {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(kind, 0);
    header.writeUInt16LE(payload.length, 2);
    return this.#socket.writable ? this.#socket.write(Buffer.concat([header, payload])) : true;
  }

  #receive({ kind, payload }: Message, onEnd: (status: number) => void): void {
    if (kind === FROM_MONITOR.more) this.#onMore?.();
    else if (kind === FROM_MONITOR.writer) this.#onWriter?.(WRITING[payload[0] ?? 0] ?? "taken");
    else if (kind === FROM_MONITOR.ended) {
      onEnd(payload.readInt32LE(0));
      this.#goOn();
    }
  }

  #goOn(): void {
    this.#isEnded = true;
    this.#onMore?.();
  }
}
