/** A record of a call becomes its name, its arguments and its result, as far as a learner needs it. */
import type { CallRecord, Captured } from "./records.ts";
import { type ArgumentForm, callName, signatureOf } from "./signature.ts";
import { isTable } from "./tables/constants.ts";
import {
  address,
  errorWords,
  flags,
  hex,
  int32,
  octal,
  oneOf,
  openFlags,
  quote,
  quoteText,
  signalName,
  socketAddress,
  waitStatus,
} from "./words.ts";

export interface DecodedCall {
  readonly name: string;
  /** In words, as strace(1) writes them. */
  readonly args: readonly string[];
  /** In words: `3`, `0x7f…`, `-1 ENOENT (no such file or directory)`, `?` when it never returned. */
  readonly result: string;
  /** The errno's name, where it failed. */
  readonly error: string | undefined;
}

/** One argument, with what it may depend on. */
interface Place {
  readonly value: bigint;
  readonly parameter: string;
  readonly captured: Captured | undefined;
  readonly call: CallRecord;
  /** How many bytes of data are shown. */
  readonly mostData: number;
}

/** An argument in words; undefined: it is not shown. */
type Writer = (place: Place) => string | undefined;

const AT_FDCWD = -100;
/** O_CREAT, and the bit of O_TMPFILE that is its own: only with them open(2) looks at the mode. */
const MAKES_A_FILE = 0o20000100n;

/** Writes what was captured; where nothing could be, the pointer. */
const fromCapture =
  (write: (captured: Captured, place: Place) => string | undefined): Writer =>
  (place) => {
    const { captured, value } = place;
    const isReadable = captured !== undefined && !(captured.isUnreadable && captured.bytes.length === 0);
    return (isReadable ? write(captured, place) : undefined) ?? address(value);
  };

/** Each text ends with a NUL. */
function splitTexts(bytes: Uint8Array): Uint8Array[] {
  const texts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    texts.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return texts;
}

function listOf(captured: Captured, items: readonly string[]): string {
  return `[${[...items, ...(captured.isCut ? ["..."] : [])].join(", ")}]`;
}

function vectors(captured: Captured, mostBytes: number, mostData: number): string {
  const data = Buffer.from(captured.bytes);
  const items: string[] = [];
  let rest = mostBytes;
  for (let at = 0; at + 16 <= data.length; ) {
    const length = Number(data.readBigUInt64LE(at));
    const shown = Number(data.readBigUInt64LE(at + 8));
    const bytes = data.subarray(at + 16, at + 16 + Math.min(shown, rest));
    items.push(`{iov_base=${quote(bytes, mostData, bytes.length < Math.min(length, rest))}, iov_len=${length}}`);
    rest = Math.max(0, rest - length);
    at += 16 + shown;
  }
  return listOf(captured, items);
}

const FCNTL_WITHOUT_ARGUMENT: ReadonlySet<string> = new Set([
  "F_GETFD",
  "F_GETFL",
  "F_GETOWN",
  "F_GETPIPE_SZ",
  "F_GET_SEALS",
]);

/** The third argument of fcntl(2), by the second. */
const FCNTL: Readonly<Record<string, (value: bigint) => string>> = {
  F_DUPFD: (value) => String(int32(value)),
  F_DUPFD_CLOEXEC: (value) => String(int32(value)),
  F_SETFD: (value) => flags("fdflags", value),
  F_SETFL: (value) => openFlags(value),
  F_SETPIPE_SZ: (value) => String(int32(value)),
};

function fcntlArgument({ value, call }: Place): string | undefined {
  const operation = oneOf("fcntl", call.args[1] ?? 0n);
  if (FCNTL_WITHOUT_ARGUMENT.has(operation)) return undefined;
  return FCNTL[operation]?.(value) ?? hex(value);
}

/** How many arguments of futex(2) mean something, by the operation; the others are not shown. */
function futexArgument({ value, call, parameter }: Place): string | undefined {
  const operation = oneOf("futex", call.args[1] ?? 0n);
  const shown = operation.startsWith("FUTEX_WAKE") && !operation.startsWith("FUTEX_WAKE_OP") ? 3 : 4;
  if (operation.startsWith("FUTEX_WAIT_BITSET") && parameter === "5") {
    return value === 0xffff_ffffn ? "FUTEX_BITSET_MATCH_ANY" : hex(value);
  }
  if (Number(parameter) >= shown) return undefined;
  return parameter === "2" ? String(int32(value)) : address(value);
}

function socketType({ value }: Place): string {
  const more = value & ~0xfn;
  const type = oneOf("socktype", value & 0xfn);
  return more === 0n ? type : `${type}|${flags("sock", more)}`;
}

function cloneFlags(value: bigint): string {
  const signal = Number(value & 0xffn & ~0x80n);
  const rest = value & ~0x7fn;
  const names = rest === 0n ? [] : [flags("clone", rest)];
  return [...names, ...(signal === 0 ? [] : [signalName(signal)])].join("|") || "0";
}

function bits({ value, parameter }: Place): string {
  if (parameter === "open") return openFlags(value);
  if (parameter === "clone") return cloneFlags(value);
  return isTable(parameter) ? flags(parameter, value) : hex(value);
}

/** How each kind of argument is written (tables/signatures.ts). */
const WRITERS: Readonly<Record<string, Writer>> = {
  fd: ({ value }) => String(int32(value)),
  dirfd: ({ value }) => (int32(value) === AT_FDCWD ? "AT_FDCWD" : String(int32(value))),
  int: ({ value }) => String(int32(value)),
  uint: ({ value }) => String(BigInt.asUintN(32, value)),
  uid: ({ value }) => (int32(value) === -1 ? "-1" : String(BigInt.asUintN(32, value))),
  pid: ({ value }) => String(int32(value)),
  ulong: ({ value }) => String(value),
  long: ({ value }) => String(BigInt.asIntN(64, value)),
  hex: ({ value }) => hex(value),
  address: ({ value }) => address(value),
  octal: ({ value }) => octal(value),
  signal: ({ value }) => signalName(int32(value)),
  flags: bits,
  bits: ({ value, parameter }) => (isTable(parameter) ? flags(parameter, value) : hex(value)),
  one: ({ value, parameter }) => (isTable(parameter) ? oneOf(parameter, value) : hex(value)),
  createmode: ({ value, parameter, call }) =>
    ((call.args[Number(parameter)] ?? 0n) & MAKES_A_FILE) === 0n ? undefined : octal(value),
  fcntl: fcntlArgument,
  futex: futexArgument,
  socktype: socketType,
  path: fromCapture(({ bytes, isCut }) => quoteText(bytes, isCut)),
  outtext: fromCapture(({ bytes, isCut }) => quoteText(bytes, isCut)),
  data: fromCapture(({ bytes, isCut }, { mostData }) => quote(bytes, mostData, isCut)),
  out: fromCapture(({ bytes, isCut }, { mostData }) => quote(bytes, mostData, isCut)),
  texts: fromCapture((captured) =>
    listOf(
      captured,
      splitTexts(captured.bytes).map((text) => quoteText(text, false)),
    ),
  ),
  env: fromCapture(({ bytes }, { value }) => {
    const count = Number(Buffer.from(bytes).readBigUInt64LE());
    return `${address(value)} /* ${count} ${count === 1 ? "var" : "vars"} */`;
  }),
  vec: fromCapture((captured, { mostData }) => vectors(captured, Number.MAX_SAFE_INTEGER, mostData)),
  outvec: fromCapture((captured, { call, mostData }) => vectors(captured, Number(call.returnValue), mostData)),
  sockaddr: fromCapture(({ bytes }) => socketAddress(bytes)),
  pair: fromCapture(({ bytes }) => {
    const data = Buffer.from(bytes);
    return `[${data.readInt32LE(0)}, ${data.readInt32LE(4)}]`;
  }),
  // Nothing has been filled in when there was no child to tell of.
  status: fromCapture(({ bytes }, { call }) =>
    call.returnValue === 0n ? undefined : `[${waitStatus(Buffer.from(bytes).readInt32LE())}]`,
  ),
  timespec: fromCapture(({ bytes }) => {
    const data = Buffer.from(bytes);
    return `{tv_sec=${data.readBigInt64LE(0)}, tv_nsec=${data.readBigInt64LE(8)}}`;
  }),
};

/** What fcntl(2) answers: flags, where it was asked for them. */
function fcntlResult(value: bigint, call: CallRecord): string {
  const operation = oneOf("fcntl", call.args[1] ?? 0n);
  if (operation === "F_GETFD" && value !== 0n) return `${hex(value)} (flags ${flags("fdflags", value)})`;
  if (operation === "F_GETFL") return `${hex(value)} (flags ${openFlags(value)})`;
  return String(value);
}

/** How each kind of result is written. */
const RESULTS: Readonly<Record<string, (value: bigint, call: CallRecord) => string>> = {
  number: (value) => String(value),
  fcntl: fcntlResult,
  address: (value) => address(BigInt.asUintN(64, value)),
  hex: (value) => hex(BigInt.asUintN(64, value)),
  octal: (value) => octal(BigInt.asUintN(64, value)),
};

function resultOf(call: CallRecord, form: string): { readonly result: string; readonly error: string | undefined } {
  if (!call.hasReturned) return { result: "?", error: undefined };
  if (!call.isError)
    return { result: RESULTS[form]?.(call.returnValue, call) ?? String(call.returnValue), error: undefined };
  const { name, words } = errorWords(Number(-call.returnValue));
  return {
    result: `${name.startsWith("ERESTART") ? "?" : "-1"} ${name}${words === "" ? "" : ` (${words})`}`,
    error: name,
  };
}

const UNKNOWN: readonly ArgumentForm[] = Array.from({ length: 6 }, () => ({ kind: "hex", parameter: "" }));

/**
 * Puts a call into words.
 * @param mostData how many bytes of data that is read or written are shown
 */
export function decodeCall(call: CallRecord, mostData: number): DecodedCall {
  const name = callName(call.architecture, call.number);
  const signature = signatureOf(name);
  const args = (signature?.arguments ?? UNKNOWN).flatMap(({ kind, parameter }, index) => {
    const captured = call.captures.find(({ argument }) => argument === index);
    const place = { value: call.args[index] ?? 0n, parameter, captured, call, mostData };
    return WRITERS[kind]?.(place) ?? [];
  });
  return { name, args, ...resultOf(call, signature?.result ?? "number") };
}
