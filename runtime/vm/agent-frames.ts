/**
 * Reads what a guest's agent sends: frames cut out of a stream of bytes, each checked before it is believed. The guest
 * may be anybody's: nothing here keeps more than one frame's worth of what has not been checked.
 */
import {
  AGENT_PROTOCOL_VERSION,
  GUEST_FRAMES,
  type GuestFrame,
  type GuestKind,
  type GuestStats,
  HEADER_BYTES,
  MOST_BYTES,
  ProtocolError,
  STATS_FIELDS,
} from "./agent-protocol.ts";

type Parser = (payload: Buffer) => GuestFrame;

const data =
  (kind: "stdout" | "stderr" | "pong"): Parser =>
  (payload) => ({ kind, data: Uint8Array.from(payload) });

const PARSERS: Readonly<Record<GuestKind, Parser>> = {
  hello(payload) {
    exactly(payload, 12, "hello");
    const version = payload.readUInt32LE(0);
    if (version !== AGENT_PROTOCOL_VERSION) {
      throw new ProtocolError(`the guest's agent speaks version ${version}, and this is ${AGENT_PROTOCOL_VERSION}`);
    }
    return { kind: "hello", session: payload.readBigUInt64LE(4) };
  },
  started: (payload) => ({ kind: "started", pid: onlyNumber(payload, "started") }),
  stdout: data("stdout"),
  stderr: data("stderr"),
  pong: data("pong"),
  exited(payload) {
    exactly(payload, 8, "exited");
    const [code, signal] = [payload.readUInt32LE(0), payload.readUInt32LE(4)];
    if (code > 255 || signal > 64) throw new ProtocolError(`the guest claims exit code ${code}, signal ${signal}`);
    return { kind: "exited", code, signal };
  },
  failed(payload) {
    if (payload.length < 4) throw new ProtocolError("the guest sent a failure without a code");
    const code = payload.readUInt32LE(0);
    if (code > 255) throw new ProtocolError(`the guest claims exit code ${code}`);
    return { kind: "failed", code, reason: printable(payload.subarray(4)) };
  },
  stats: (payload) => ({ kind: "stats", stats: statsOf(payload) }),
  taken: (payload) => ({ kind: "taken", bytes: onlyNumber(payload, "taken") }),
  done(payload) {
    exactly(payload, 0, "done");
    return { kind: "done" };
  },
};

const KINDS: ReadonlyMap<number, GuestKind> = new Map(
  Object.entries(GUEST_FRAMES).flatMap(([kind, byte]) => (isGuestKind(kind) ? [[byte, kind]] : [])),
);

function isGuestKind(kind: string): kind is GuestKind {
  return Object.hasOwn(GUEST_FRAMES, kind);
}

function exactly(payload: Buffer, bytes: number, what: string): void {
  if (payload.length !== bytes) throw new ProtocolError(`the guest sent ${what} with ${payload.length} bytes`);
}

function onlyNumber(payload: Buffer, what: string): number {
  exactly(payload, 4, what);
  return payload.readUInt32LE(0);
}

/** A guest's words may hold anything, an escape sequence for the reader's terminal too. */
function printable(bytes: Buffer): string {
  return bytes.toString("utf8").replace(/\p{C}/gu, "\ufffd");
}

function statsOf(payload: Buffer): GuestStats {
  exactly(payload, STATS_FIELDS.length * 8, "stats");
  const field = (name: (typeof STATS_FIELDS)[number]): number =>
    Number(payload.readBigUInt64LE(STATS_FIELDS.indexOf(name) * 8));
  return {
    memoryTotalBytes: field("memoryTotalBytes"),
    memoryFreeBytes: field("memoryFreeBytes"),
    memoryAvailableBytes: field("memoryAvailableBytes"),
    memoryCachedBytes: field("memoryCachedBytes"),
    swapTotalBytes: field("swapTotalBytes"),
    swapFreeBytes: field("swapFreeBytes"),
    uptimeNs: field("uptimeNs"),
    userNs: field("userNs"),
    systemNs: field("systemNs"),
    idleNs: field("idleNs"),
    waitNs: field("waitNs"),
    stolenNs: field("stolenNs"),
    processors: field("processors"),
    processes: field("processes"),
    runningProcesses: field("runningProcesses"),
  };
}

/** Cuts a guest's stream into frames. */
export class GuestFrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /**
   * @param chunk what has arrived
   * @returns the frames that it completes
   * @throws ProtocolError for anything that is not in the protocol; nothing more can be read from this stream then
   */
  read(chunk: Uint8Array): GuestFrame[] {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk]);
    const frames: GuestFrame[] = [];
    let at = 0;
    while (this.#pending.length - at >= HEADER_BYTES) {
      const bytes = this.#pending.readUInt32LE(at);
      const kind = kindOf(this.#pending.readUInt8(at + 4), bytes);
      const end = at + HEADER_BYTES + bytes;
      if (this.#pending.length < end) break;
      frames.push(PARSERS[kind](this.#pending.subarray(at + HEADER_BYTES, end)));
      at = end;
    }
    this.#pending = Buffer.from(this.#pending.subarray(at));
    return frames;
  }
}

function kindOf(byte: number, bytes: number): GuestKind {
  const kind = KINDS.get(byte);
  if (kind === undefined) throw new ProtocolError(`the guest sent a frame of the unknown kind ${byte}`);
  const most = MOST_BYTES[`guest ${kind}`];
  if (bytes > most) throw new ProtocolError(`the guest sent ${kind} with ${bytes} bytes, and may send ${most}`);
  return kind;
}
