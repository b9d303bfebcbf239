/**
 * Encodes a plan into the bytes that the launcher executes.
 *
 * Everything is little-endian and 8-byte aligned:
 *
 *     header   u32 magic "RPLN", u32 format version, u32 step count, u32 total bytes
 *     step     u16 operation, u8 phase, u8 argument count, u32 bytes of this step, then the arguments in table order
 *     u64/i64  8 bytes; a slot is a u64 too
 *     string   u32 length with its NUL, u32 zero, the bytes, padding
 *     bytes    u32 length, u32 zero, the bytes, padding
 *     strings  u32 count, u32 zero, then that many strings
 *     numbers  u32 count, u32 zero, then that many u64
 */
import {
  type ArgumentType,
  NO_SLOT,
  OPERATIONS,
  type Operation,
  type OperationRow,
  PHASES,
  SLOT_COUNT,
} from "./operations.ts";
import type { Plan, PlanStep } from "./plan.ts";

const MAGIC = 0x4e4c5052; // "RPLN"

/** Changes whenever the table changes, so that a launcher of another build refuses the plan instead of misreading it. */
export const FORMAT_VERSION = fnv1a(JSON.stringify([OPERATIONS, PHASES, SLOT_COUNT, "layout 1"]));

/** FNV-1a, 32 bits (draft-eastlake-fnv). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function aligned(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** A buffer that grows, always 8-byte aligned. */
class Writer {
  #buffer = Buffer.alloc(4096);
  length = 0;

  #reserve(bytes: number): number {
    const at = this.length;
    this.length += aligned(bytes);
    if (this.length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(this.length, this.#buffer.length * 2));
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    return at;
  }

  words(first: number, second: number): number {
    const at = this.#reserve(8);
    this.#buffer.writeUInt32LE(first, at);
    this.#buffer.writeUInt32LE(second, at + 4);
    return at;
  }

  patch(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at);
  }

  u64(value: number | bigint): void {
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
  }

  bytes(bytes: Uint8Array, terminator: 0 | 1): void {
    this.words(bytes.length + terminator, 0);
    const at = this.#reserve(bytes.length + terminator);
    this.#buffer.set(bytes, at);
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }
}

class PlanEncodingError extends TypeError {}

function expectNumber(value: unknown, where: string): number | bigint {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value))) return value;
  throw new PlanEncodingError(`${where} is not an integer: ${String(value)}`);
}

function expectString(value: unknown, where: string): Buffer {
  if (typeof value !== "string") throw new PlanEncodingError(`${where} is not a string`);
  // A NUL would end the string early in the kernel: what is checked here must be what is used there.
  if (value.includes("\0")) throw new PlanEncodingError(`${where} contains a NUL character`);
  return Buffer.from(value);
}

function expectList(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new PlanEncodingError(`${where} is not a list`);
  return value;
}

/** One way of writing for every type of argument. */
const WRITE: Readonly<Record<ArgumentType, (writer: Writer, value: unknown, where: string) => void>> = {
  u64(writer, value, where) {
    const number = expectNumber(value, where);
    if (number < 0) throw new PlanEncodingError(`${where} is negative: ${number}`);
    writer.u64(number);
  },
  i64(writer, value, where) {
    writer.u64(expectNumber(value, where));
  },
  slot(writer, value, where) {
    const slot = Number(expectNumber(value, where));
    if (slot !== NO_SLOT && (slot < 0 || slot >= SLOT_COUNT)) {
      throw new PlanEncodingError(`${where} is not a slot: ${slot}`);
    }
    writer.u64(slot);
  },
  string(writer, value, where) {
    writer.bytes(expectString(value, where), 1);
  },
  strings(writer, value, where) {
    const list = expectList(value, where);
    writer.words(list.length, 0);
    for (const item of list) writer.bytes(expectString(item, where), 1);
  },
  numbers(writer, value, where) {
    const list = expectList(value, where);
    writer.words(list.length, 0);
    for (const item of list) writer.u64(expectNumber(item, where));
  },
  bytes(writer, value, where) {
    if (!(value instanceof Uint8Array)) throw new PlanEncodingError(`${where} is not a byte array`);
    writer.bytes(value, 0);
  },
};

function argumentOf(step: Operation, name: string): unknown {
  return Object.entries(step).find(([key]) => key === name)?.[1];
}

function encodeStep(writer: Writer, step: PlanStep, index: number): void {
  const row: OperationRow = OPERATIONS[step.op];
  const types = Object.entries(row.arguments);
  const at = writer.words(row.code | (PHASES[step.phase] << 16) | (types.length << 24), 0);
  for (const [name, type] of types) {
    WRITE[type](writer, argumentOf(step, name), `step ${index}, ${step.op}.${name}`);
  }
  writer.patch(at + 4, writer.length - at);
}

/**
 * Encodes `plan` into the launcher's wire format.
 * @throws TypeError naming the step and the argument, when an argument has not the type that the table gives it
 */
export function encodePlan(plan: Plan): Buffer {
  const writer = new Writer();
  writer.words(MAGIC, FORMAT_VERSION);
  const counts = writer.words(plan.length, 0);
  plan.forEach((step, index) => {
    encodeStep(writer, step, index);
  });
  writer.patch(counts + 4, writer.length);
  return writer.finish();
}
