/**
 * The run file: what the guest's init is to run, and how. native/guest/run-file.cc reads it; the fields and their order
 * are the same there. Lengths are little-endian 32-bit numbers, strings are followed by a zero byte, so that any
 * argument that execve(2) can take travels unchanged, which a kernel command line cannot promise.
 */
import type { GuestNetwork } from "./agent-protocol.ts";

/** What init does besides running the program, and with which devices. */
export interface GuestSetup {
  /** The program's console. */
  readonly console: "/dev/ttyS0" | "/dev/hvc0";
  /** Where milestones go: to the debug console, or over the program's own, where the monitor has no other. */
  readonly milestones: "port" | "console";
  /** Files of the initramfs that init loads into the kernel, each after what it needs: see modules.ts. */
  readonly modules: readonly string[];
  /** A read-only disk that gets a writable overlay in memory; undefined where the initramfs is the root. */
  readonly root: { readonly device: string; readonly type: "erofs" | "squashfs" } | undefined;
  /** Serve the ports `ringside.0` … of virtio-serial. */
  readonly agent: boolean;
  /** For the first network device; undefined where there is none. */
  readonly network: GuestNetwork | undefined;
}

/** A guest with nothing but its console. */
export const PLAIN_SETUP: GuestSetup = {
  console: "/dev/ttyS0",
  milestones: "port",
  modules: [],
  root: undefined,
  agent: false,
  network: undefined,
};

export interface RunFile {
  /** Stands at the head of each milestone; new for each start. */
  readonly nonce: string;
  readonly hostname: string;
  readonly directory: string;
  readonly user: number;
  readonly group: number;
  /** Supplementary. */
  readonly groups: readonly number[];
  /** The console is a terminal: echo, line editing, Ctrl-C. */
  readonly hasTerminal: boolean;
  /** No terminal, but input that can end: see `escapeInput`. */
  readonly relaysInput: boolean;
  /** The kernel's own log with its times is sent after the program. */
  readonly reportsLog: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Full paths to try in order. */
  readonly candidates: readonly string[];
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  /** `PLAIN_SETUP` unless given. */
  readonly setup?: GuestSetup;
}

export const RUN_FILE_PATH = "ringside/run";

const MAGIC = 0x32525352;
const ESCAPE = 0x10;
const END = 0x45;

/**
 * Encodes a run file.
 *
 * @throws RangeError when a string holds a zero byte, which no program could be given: execve(2).
 */
export function encodeRunFile(run: RunFile): Uint8Array {
  return Buffer.concat([
    number(MAGIC),
    ...[run.nonce, run.hostname, run.directory].map(string),
    ...[run.user, run.group, run.groups.length, ...run.groups].map(number),
    ...[run.hasTerminal, run.relaysInput, run.reportsLog].map((flag) => number(flag ? 1 : 0)),
    ...[run.columns, run.rows].map(number),
    ...encodeSetup(run.setup ?? PLAIN_SETUP),
    ...[run.candidates, run.arguments, run.environment].map(strings),
  ]);
}

function encodeSetup({ console, milestones, modules, root, agent, network }: GuestSetup): Uint8Array[] {
  return [
    string(console),
    number(milestones === "console" ? 1 : 0),
    strings(modules),
    ...[root?.device ?? "", root?.type ?? ""].map(string),
    ...[agent ? 1 : 0, network === undefined ? 0 : 1, network?.prefixLength ?? 0].map(number),
    ...[network?.address ?? "", network?.gateway ?? "", network?.nameServer ?? ""].map(string),
  ];
}

/**
 * Escapes input for a console without a terminal: a serial line has no end of file, so DLE is doubled and DLE 'E' says
 * the end (`InputRelay` in native/guest/console.cc undoes it).
 */
export function escapeInput(data: Uint8Array): Uint8Array {
  const escapes = data.reduce((count, byte) => count + (byte === ESCAPE ? 1 : 0), 0);
  if (escapes === 0) return data;
  const escaped = new Uint8Array(data.length + escapes);
  let at = 0;
  for (const byte of data) {
    if (byte === ESCAPE) escaped[at++] = ESCAPE;
    escaped[at++] = byte;
  }
  return escaped;
}

/** What says the end of the input, after `escapeInput`. */
export const END_OF_INPUT: Uint8Array = Uint8Array.of(ESCAPE, END);

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function string(value: string): Uint8Array {
  if (value.includes("\0")) throw new RangeError(`${JSON.stringify(value)} holds a zero byte`);
  const bytes = Buffer.from(`${value}\0`);
  return Buffer.concat([number(bytes.length - 1), bytes]);
}

function strings(values: readonly string[]): Uint8Array {
  return Buffer.concat([number(values.length), ...values.map(string)]);
}
