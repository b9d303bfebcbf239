/** Numbers and bytes of a call in words, as strace(1) writes them. */
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";
import { constantsOf, type TableName } from "./tables/constants.ts";

const LOW_32 = 0xffff_ffffn;

/** The lower half of an argument as a signed number: `int` arguments leave the upper half undefined. */
export function int32(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

/** `0x…`. */
export function hex(value: bigint | number): string {
  return value === 0n || value === 0 ? "0" : `0x${value.toString(16)}`;
}

/** A pointer: NULL or `0x…`. */
export function address(value: bigint): string {
  return value === 0n ? "NULL" : `0x${value.toString(16)}`;
}

/** Permissions, `0644`. */
export function octal(value: bigint): string {
  return `0${(value & LOW_32) === 0n ? "" : (value & LOW_32).toString(8)}`.padStart(3, "0");
}

/** What no bit at all means. */
const NOTHING: Partial<Readonly<Record<TableName, string>>> = { access: "F_OK", prot: "PROT_NONE" };

function bitCount(value: number): number {
  return value.toString(2).replaceAll("0", "").length;
}

/** Bits by name, in the order of the table; what has no name is added as a number. */
export function flags(table: TableName, value: bigint): string {
  let rest = Number(value & LOW_32);
  if (rest === 0) return NOTHING[table] ?? "0";
  const rows = constantsOf(table);
  // A name of several bits goes before the names of each of them.
  const found = new Set<string>();
  for (const [bits, name] of rows.toSorted(([a], [b]) => bitCount(b) - bitCount(a))) {
    if (bits === 0 || (rest & bits) >>> 0 !== bits) continue;
    found.add(name);
    rest = (rest & ~bits) >>> 0;
  }
  const names = rows.flatMap(([, name]) => (found.has(name) ? [name] : []));
  return [...names, ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])].join("|");
}

const ACCESS_MODES = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"] as const;

/** The flags of open(2): two bits say how, the others what else. */
export function openFlags(value: bigint): string {
  const more = value & ~3n & LOW_32;
  const how = ACCESS_MODES[Number(value & 3n)] ?? "";
  return more === 0n ? how : `${how}|${flags("open", more)}`;
}

/** One value by name. */
export function oneOf(table: TableName, value: bigint): string {
  const number = Number(value & LOW_32);
  return constantsOf(table).find(([known]) => known === number)?.[1] ?? hex(number);
}

/** A signal by name; real-time signals as `SIGRT_n`. */
export function signalName(number: number): string {
  const name = Object.entries(constants.signals).find(([, known]) => known === number)?.[0];
  if (name !== undefined) return name;
  if (number === 32) return "SIGRTMIN";
  return number > 32 ? `SIGRT_${number - 32}` : String(number);
}

/** Errors of the kernel that are not for programs: the call is made again or given up (linux/errno.h). */
const RESTARTS: Readonly<Record<number, string>> = {
  512: "ERESTARTSYS",
  513: "ERESTARTNOINTR",
  514: "ERESTARTNOHAND",
  516: "ERESTART_RESTARTBLOCK",
};

/** An errno by name, with its meaning. */
export function errorWords(errno: number): { readonly name: string; readonly words: string } {
  const restart = RESTARTS[errno];
  if (restart !== undefined) return { name: restart, words: "interrupted by a signal" };
  const name = Object.entries(constants.errno).find(([, known]) => known === errno)?.[0] ?? `errno ${errno}`;
  return { name, words: getSystemErrorMap().get(-errno)?.[1] ?? "" };
}

const ESCAPES: Readonly<Record<number, string>> = {
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};

/**
 * Bytes between quotation marks, as strace shows them: what cannot be printed is an octal number.
 * @param most how many bytes are shown; more are `...`
 * @param isCut there were more bytes than these
 */
export function quote(bytes: Uint8Array, most: number, isCut: boolean): string {
  const shown = bytes.subarray(0, most);
  let text = "";
  shown.forEach((byte, index) => {
    const next = shown[index + 1] ?? 0;
    const beforeDigit = next >= 0x30 && next <= 0x37;
    if (ESCAPES[byte] !== undefined) text += ESCAPES[byte];
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(beforeDigit ? 3 : 1, "0")}`;
  });
  return `"${text}"${isCut || bytes.length > most ? "..." : ""}`;
}

/** A path or another text: never cut but by the kernel's own limit. */
export function quoteText(bytes: Uint8Array, isCut: boolean): string {
  return quote(bytes, bytes.length, isCut);
}

const AF_UNIX = 1;
const AF_INET = 2;

/** A socket's address: unix(7), ip(7); others by their family only. */
export function socketAddress(bytes: Uint8Array): string | undefined {
  if (bytes.length < 2) return undefined;
  const data = Buffer.from(bytes);
  const family = data.readUInt16LE(0);
  if (family === AF_UNIX) {
    const path = data.subarray(2);
    const end = path.indexOf(0, 1);
    const text = path.subarray(0, end === -1 ? path.length : end);
    const shown = text[0] === 0 ? `@${quoteText(text.subarray(1), false)}` : quoteText(text, false);
    return text.length === 0 ? "{sa_family=AF_UNIX}" : `{sa_family=AF_UNIX, sun_path=${shown}}`;
  }
  if (family === AF_INET && data.length >= 8) {
    const host = [...data.subarray(4, 8)].join(".");
    return `{sa_family=AF_INET, sin_port=htons(${data.readUInt16BE(2)}), sin_addr=inet_addr("${host}")}`;
  }
  return `{sa_family=${oneOf("family", BigInt(family))}, ...}`;
}

/** A wait status as strace writes it: wait(2). */
export function waitStatus(status: number): string {
  const signal = status & 0x7f;
  if (signal === 0) return `{WIFEXITED(s) && WEXITSTATUS(s) == ${(status >> 8) & 0xff}}`;
  if (signal === 0x7f) return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName((status >> 8) & 0xff)}}`;
  const core = (status & 0x80) === 0 ? "" : " && WCOREDUMP(s)";
  return `{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(signal)}${core}}`;
}
