/**
 * The frames of a terminal's WebSocket. Every message is binary; its first byte is the opcode, the rest the payload,
 * integers big-endian. Who may send what, and how large, is in the table below; anything else is a FrameError, and the
 * side that receives it closes the connection.
 *
 * A connection goes: client `hello` with a ticket; server `snapshot` of the screen as it is; then `data` both ways,
 * `ack` from the client, `resize` from the client (what it has room for) and from the server (what the terminal has:
 * the owner's size wins), `ping` from the client, answered with `ping`; at the end `exit`.
 */

import * as z from "zod/mini";
import { type ExitStatus, exitStatusSchema } from "./exit-status.ts";
import { type TerminalSize, terminalSizeSchema } from "./terminal-size.ts";

/** One frame, either way. */
export type Frame =
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "resize"; readonly size: TerminalSize }
  | { readonly kind: "ack"; readonly parsedBytes: number }
  | { readonly kind: "hello"; readonly ticket: string }
  | { readonly kind: "snapshot"; readonly size: TerminalSize; readonly ansi: string }
  | { readonly kind: "exit"; readonly status: ExitStatus }
  | { readonly kind: "ping" };

export type FrameKind = Frame["kind"];
export type ClientFrame = Extract<Frame, { kind: "data" | "resize" | "ack" | "hello" | "ping" }>;
export type ServerFrame = Extract<Frame, { kind: "data" | "resize" | "snapshot" | "exit" | "ping" }>;

export type Side = "client" | "server";

/** The largest message that a server takes (the WebSocket's maxPayload) and the largest `data` frame either sends. */
export const MAX_FRAME_BYTES = 64 * 1024;

/** The most bytes that one `data` frame carries; longer input is cut into several (see dataFrames). */
export const MAX_DATA_BYTES = MAX_FRAME_BYTES - 1;

/** A serialised screen with its scrollback. */
export const MAX_SNAPSHOT_BYTES = 8 * 1024 * 1024;

interface FrameRow {
  readonly opcode: number;
  readonly sentBy: readonly Side[];
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** One row a frame: opcode, who may send it, and how long its payload may be. */
export const FRAMES: Readonly<Record<FrameKind, FrameRow>> = {
  data: { opcode: 0, sentBy: ["client", "server"], minBytes: 1, maxBytes: MAX_DATA_BYTES },
  resize: { opcode: 1, sentBy: ["client", "server"], minBytes: 4, maxBytes: 4 },
  ack: { opcode: 2, sentBy: ["client"], minBytes: 4, maxBytes: 4 },
  hello: { opcode: 3, sentBy: ["client"], minBytes: 1, maxBytes: 128 },
  snapshot: { opcode: 4, sentBy: ["server"], minBytes: 4, maxBytes: 4 + MAX_SNAPSHOT_BYTES },
  exit: { opcode: 5, sentBy: ["server"], minBytes: 2, maxBytes: 1024 },
  ping: { opcode: 7, sentBy: ["client", "server"], minBytes: 0, maxBytes: 0 },
};

const KIND_OF_OPCODE: ReadonlyMap<number, FrameKind> = new Map(
  (Object.keys(FRAMES) as FrameKind[]).map((kind) => [FRAMES[kind].opcode, kind]),
);

/** A message that is no frame of this protocol. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/**
 * The bytes of one frame.
 *
 * @throws FrameError where the payload is out of the table's bounds
 */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const payload = encodePayload(frame);
  const row = FRAMES[frame.kind];
  requireLength(frame.kind, row, payload.length);
  const message = new Uint8Array(1 + payload.length);
  message[0] = row.opcode;
  message.set(payload, 1);
  return message;
}

/**
 * Any number of bytes as `data` frames, none longer than allowed.
 */
export function* dataFrames(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
  for (let from = 0; from < bytes.length; from += MAX_DATA_BYTES) {
    yield encodeFrame({ kind: "data", bytes: bytes.subarray(from, from + MAX_DATA_BYTES) });
  }
}

/**
 * A message that came from a client.
 *
 * @throws FrameError with the reason in words
 */
export function decodeClientFrame(message: Uint8Array): ClientFrame {
  const frame = decodeFrame(message, "client");
  if (frame.kind === "snapshot" || frame.kind === "exit") throw new FrameError(`a client sends no ${frame.kind} frame`);
  return frame;
}

/**
 * A message that came from the server.
 *
 * @throws FrameError with the reason in words
 */
export function decodeServerFrame(message: Uint8Array): ServerFrame {
  const frame = decodeFrame(message, "server");
  if (frame.kind === "ack" || frame.kind === "hello") throw new FrameError(`a server sends no ${frame.kind} frame`);
  return frame;
}

function decodeFrame(message: Uint8Array, sender: Side): Frame {
  const opcode = message[0];
  if (opcode === undefined) throw new FrameError("an empty message is no frame");
  const kind = KIND_OF_OPCODE.get(opcode);
  if (kind === undefined) throw new FrameError(`no frame has the opcode ${opcode}`);
  const row = FRAMES[kind];
  if (!row.sentBy.includes(sender)) throw new FrameError(`a ${sender} sends no ${kind} frame`);
  requireLength(kind, row, message.length - 1);
  return decodePayload(kind, message.subarray(1));
}

function requireLength(kind: FrameKind, row: FrameRow, length: number): void {
  if (length >= row.minBytes && length <= row.maxBytes) return;
  throw new FrameError(`a ${kind} frame carries ${row.minBytes} to ${row.maxBytes} bytes, not ${length}`);
}

function encodePayload(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case "data":
      return frame.bytes;
    case "resize":
      return encodeSize(frame.size);
    case "ack":
      return encodeCount(frame.parsedBytes);
    case "hello":
      return new TextEncoder().encode(frame.ticket);
    case "snapshot":
      return concatenate(encodeSize(frame.size), new TextEncoder().encode(frame.ansi));
    case "exit":
      return new TextEncoder().encode(JSON.stringify(frame.status));
    case "ping":
      return new Uint8Array(0);
  }
}

function decodePayload(kind: FrameKind, payload: Uint8Array): Frame {
  switch (kind) {
    case "data":
      return { kind, bytes: payload };
    case "resize":
      return { kind, size: decodeSize(payload) };
    case "ack":
      return { kind, parsedBytes: view(payload).getUint32(0) };
    case "hello":
      return { kind, ticket: decodeText(payload) };
    case "snapshot":
      return { kind, size: decodeSize(payload), ansi: decodeText(payload.subarray(4)) };
    case "exit":
      return { kind, status: decodeStatus(payload) };
    case "ping":
      return { kind };
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function encodeSize(size: TerminalSize): Uint8Array {
  const checked = z.safeParse(terminalSizeSchema, size);
  if (!checked.success) throw new FrameError(`no terminal has ${size.columns} columns and ${size.rows} rows`);
  const bytes = new Uint8Array(4);
  view(bytes).setUint16(0, size.columns);
  view(bytes).setUint16(2, size.rows);
  return bytes;
}

function decodeSize(bytes: Uint8Array): TerminalSize {
  const size = { columns: view(bytes).getUint16(0), rows: view(bytes).getUint16(2) };
  const checked = z.safeParse(terminalSizeSchema, size);
  if (!checked.success) throw new FrameError(`no terminal has ${size.columns} columns and ${size.rows} rows`);
  return checked.data;
}

function encodeCount(count: number): Uint8Array {
  if (!Number.isInteger(count) || count < 0 || count > 0xffff_ffff) throw new FrameError(`${count} is no byte count`);
  const bytes = new Uint8Array(4);
  view(bytes).setUint32(0, count);
  return bytes;
}

function decodeText(bytes: Uint8Array): string {
  try {
    // ignoreBOM: a screen may begin with U+FEFF, and nothing of it may be lost.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FrameError("the text of a frame is not UTF-8", { cause });
  }
}

function decodeStatus(bytes: Uint8Array): ExitStatus {
  try {
    return z.parse(exitStatusSchema, JSON.parse(decodeText(bytes)));
  } catch (cause) {
    throw new FrameError("the payload of an exit frame is no exit status", { cause });
  }
}

function concatenate(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
