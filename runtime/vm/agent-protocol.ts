/**
 * What is said between the host and the agent in the guest, over one port of virtio-serial: frames of a 4-byte
 * little-endian length of the payload, a byte that says the kind, and the payload. native/guest/agent-protocol.h is the
 * same for the guest's side; a test compares the two.
 *
 * A port carries one session at a time. The host connects and says `hello` with a number of its own choice; the guest
 * gives it back, and only what comes after that is this session's: whatever an earlier host's end left on its way is
 * told apart by it. A `hello` also ends what an earlier host has left running. One request follows, then frames both
 * ways. The host's disconnect ends the session and its program.
 *
 * Neither side believes the other: each kind has a greatest length (`MOST_BYTES`), and a frame that is longer, unknown or
 * of another shape ends the session.
 *
 * Standard input has a window: the host has at most `INPUT_WINDOW_BYTES` under way that the guest has not yet said to be
 * `taken` by the program, so that a signal or a new size is never stuck behind input that nobody reads. Output needs
 * none: when the host does not read, the port fills up, and the program waits.
 */

export const AGENT_PROTOCOL_VERSION = 1;
/** How much standard input may be under way. */
export const INPUT_WINDOW_BYTES = 64 * 1024;
/** The most data that one frame carries: with its head it is one write to the port, of which the kernel takes 32 KiB. */
export const MOST_DATA_BYTES = 16 * 1024;
/** The arguments and variables of a program: far below what execve(2) takes, far above what anybody types. */
export const MOST_REQUEST_BYTES = 256 * 1024;

export const HEADER_BYTES = 5;

/** The kinds of frames that the host sends, and the guest's; the numbers of the two never meet. */
export const HOST_FRAMES = {
  hello: 1,
  exec: 2,
  stdin: 3,
  stdinEnd: 4,
  resize: 5,
  signal: 6,
  stats: 7,
  ping: 8,
  stop: 9,
  crash: 10,
  network: 11,
  consoleSize: 12,
} as const;
export const GUEST_FRAMES = {
  hello: 65,
  started: 66,
  stdout: 67,
  stderr: 68,
  exited: 69,
  failed: 70,
  stats: 71,
  pong: 72,
  done: 73,
  taken: 74,
} as const;

export type HostKind = keyof typeof HOST_FRAMES;
export type GuestKind = keyof typeof GUEST_FRAMES;

/** The greatest payload of each kind. */
export const MOST_BYTES: Readonly<Record<`host ${HostKind}` | `guest ${GuestKind}`, number>> = {
  "host hello": 12,
  "host exec": MOST_REQUEST_BYTES,
  "host stdin": MOST_DATA_BYTES,
  "host stdinEnd": 0,
  "host resize": 4,
  "host signal": 4,
  "host stats": 0,
  "host ping": 64,
  "host stop": 8,
  "host crash": 0,
  "host network": 512,
  "host consoleSize": 4,
  "guest hello": 12,
  "guest started": 4,
  "guest stdout": MOST_DATA_BYTES,
  "guest stderr": MOST_DATA_BYTES,
  "guest exited": 8,
  "guest failed": 1024,
  "guest stats": 256,
  "guest pong": 64,
  "guest done": 0,
  "guest taken": 4,
};

export interface ExecRequest {
  readonly command: readonly string[];
  /** On top of those of the machine's own program; `NAME=value`. */
  readonly env: readonly string[];
  /** Empty: where the machine's own program started. */
  readonly cwd: string;
  /** As `docker exec -u`: a name or number, `:group`; resolved in the guest. Empty: that of the machine's own program. */
  readonly user: string;
  /** A terminal of this size; undefined for three pipes. */
  readonly terminal: { readonly columns: number; readonly rows: number } | undefined;
  /** Without a terminal: standard input is what the host sends, else /dev/null. */
  readonly input: boolean;
}

/** For user-mode networking; the fields are dotted IPv4 addresses. */
export interface GuestNetwork {
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly nameServer: string;
}

export type HostFrame =
  | { readonly kind: "hello"; readonly session: bigint }
  | ({ readonly kind: "exec" } & ExecRequest)
  | { readonly kind: "stdin"; readonly data: Uint8Array }
  | { readonly kind: "resize" | "consoleSize"; readonly columns: number; readonly rows: number }
  /** To the session's program; in a session that has started none, to the machine's own, answered with `done`. */
  | { readonly kind: "signal"; readonly signal: number }
  | { readonly kind: "ping"; readonly data: Uint8Array }
  /** `signal` to the machine's own program, SIGKILL after `graceMs`; with its end the machine ends, as always. */
  | { readonly kind: "stop"; readonly signal: number; readonly graceMs: number }
  | ({ readonly kind: "network" } & GuestNetwork)
  | { readonly kind: "stdinEnd" | "stats" | "crash" };

/** What a guest's kernel says of itself; in the order in which it is sent, each a 64-bit number. */
export const STATS_FIELDS = [
  "memoryTotalBytes",
  "memoryFreeBytes",
  "memoryAvailableBytes",
  "memoryCachedBytes",
  "swapTotalBytes",
  "swapFreeBytes",
  "uptimeNs",
  "userNs",
  "systemNs",
  "idleNs",
  "waitNs",
  "stolenNs",
  "processors",
  "processes",
  "runningProcesses",
] as const;
/** Sums over all processors since the guest's start, see proc_stat(5) and proc_meminfo(5). */
export type GuestStats = Readonly<Record<(typeof STATS_FIELDS)[number], number>>;

export type GuestFrame =
  | { readonly kind: "hello"; readonly session: bigint }
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "stdout" | "stderr" | "pong"; readonly data: Uint8Array }
  /** A wait status in two numbers: `signal` is 0 for a program that ended by itself. */
  | { readonly kind: "exited"; readonly code: number; readonly signal: number }
  /** The request could not be done; `code` is what a shell would exit with: 126, 127, or 125 for the agent's own failure. */
  | { readonly kind: "failed"; readonly code: number; readonly reason: string }
  | { readonly kind: "stats"; readonly stats: GuestStats }
  | { readonly kind: "taken"; readonly bytes: number }
  | { readonly kind: "done" };

/** The other side has said something that is not in this protocol. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/**
 * Encodes one frame for the guest.
 *
 * @throws RangeError when it is longer than its kind may be, or a string holds a zero byte (execve(2))
 */
export function encodeFrame(frame: HostFrame): Uint8Array {
  const payload = payloadOf(frame);
  const most = MOST_BYTES[`host ${frame.kind}`];
  if (payload.length > most) {
    throw new RangeError(`a ${frame.kind} for the guest has ${payload.length} bytes, and may have ${most}`);
  }
  return Buffer.concat([number(payload.length), Uint8Array.of(HOST_FRAMES[frame.kind]), payload]);
}

function payloadOf(frame: HostFrame): Uint8Array {
  switch (frame.kind) {
    case "hello":
      return Buffer.concat([number(AGENT_PROTOCOL_VERSION), long(frame.session)]);
    case "exec":
      return encodeExec(frame);
    case "stdin":
    case "ping":
      return frame.data;
    case "resize":
    case "consoleSize":
      return Buffer.concat([short(frame.columns), short(frame.rows)]);
    case "signal":
      return number(frame.signal);
    case "stop":
      return Buffer.concat([number(frame.signal), number(frame.graceMs)]);
    case "network":
      return Buffer.concat([number(frame.prefixLength), ...[frame.address, frame.gateway, frame.nameServer].map(text)]);
    case "stdinEnd":
    case "stats":
    case "crash":
      return new Uint8Array();
  }
}

function encodeExec({ command, env, cwd, user, terminal, input }: ExecRequest): Uint8Array {
  return Buffer.concat([
    number(terminal === undefined ? 0 : 1),
    short(terminal?.columns ?? 0),
    short(terminal?.rows ?? 0),
    number(input ? 1 : 0),
    ...[cwd, user].map(text),
    ...[command, env].flatMap((list) => [number(list.length), ...list.map(text)]),
  ]);
}

function short(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function long(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function text(value: string): Uint8Array {
  if (value.includes("\0")) throw new RangeError(`${JSON.stringify(value)} holds a zero byte`);
  const bytes = Buffer.from(`${value}\0`);
  return Buffer.concat([number(bytes.length - 1), bytes]);
}
