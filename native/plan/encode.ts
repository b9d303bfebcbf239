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
import { FORMAT_VERSION } from "./format-version.ts";
import { type ArgumentType, NO_SLOT, OPERATIONS, type OperationRow, PHASES, SLOT_COUNT } from "./operations.ts";
import type { Plan, PlanStep } from "./plan.ts";

const MOST_U32 = 0xffff_ffff;
const MAGIC = 0x4e4c5052; // "RPLN"

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
    if (typeof value === "number" && value >= 0 && value <= MOST_U32) {
      this.words(value, 0);
      return;
    }
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

/** Why an argument cannot be encoded; where it stands is added by encodeStep. */
function refuse(why: string): never {
  throw new PlanEncodingError(why);
}

function expectNumber(value: unknown): number | bigint {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value))) return value;
  return refuse(`is not an integer: ${String(value)}`);
}

function expectString(value: unknown): Buffer {
  if (typeof value !== "string") return refuse("is not a string");
  // A NUL would end the string early in the kernel: what is checked here must be what is used there.
  return value.includes("\0") ? refuse("contains a NUL character") : Buffer.from(value);
}

function expectList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse("is not a list");
}

/** One way of writing for every type of argument. */
const WRITE: Readonly<Record<ArgumentType, (writer: Writer, value: unknown) => void>> = {
  u64(writer, value) {
    const number = expectNumber(value);
    writer.u64(number < 0 ? refuse(`is negative: ${number}`) : number);
  },
  i64(writer, value) {
    writer.u64(expectNumber(value));
  },
  slot(writer, value) {
    const slot = Number(expectNumber(value));
    const fits = slot === NO_SLOT || (slot >= 0 && slot < SLOT_COUNT);
    writer.u64(fits ? slot : refuse(`is not a slot: ${slot}`));
  },
  string(writer, value) {
    writer.bytes(expectString(value), 1);
  },
  strings(writer, value) {
    const list = expectList(value);
    writer.words(list.length, 0);
    for (const item of list) writer.bytes(expectString(item), 1);
  },
  numbers(writer, value) {
    const list = expectList(value);
    writer.words(list.length, 0);
    for (const item of list) writer.u64(expectNumber(item));
  },
  bytes(writer, value) {
    writer.bytes(value instanceof Uint8Array ? value : refuse("is not a byte array"), 0);
  },
};

interface EncodedRow {
  readonly code: number;
  readonly arguments: readonly (readonly [name: string, type: ArgumentType])[];
}

const ROWS: ReadonlyMap<string, EncodedRow> = new Map(
  Object.entries(OPERATIONS).map(([name, row]: [string, OperationRow]) => [
    name,
    { code: row.code, arguments: Object.entries(row.arguments) },
  ]),
);

function encodeStep(writer: Writer, step: PlanStep, index: number): void {
  const row = ROWS.get(step.op);
  if (row === undefined)
    throw new PlanEncodingError(`step ${index} has an operation that is not in the table: ${step.op}`);
  const values: Readonly<Record<string, unknown>> = { ...step };
  const at = writer.words(row.code | (PHASES[step.phase] << 16) | (row.arguments.length << 24), 0);
  for (const [name, type] of row.arguments) {
    try {
      WRITE[type](writer, values[name]);
    } catch (error) {
      if (!(error instanceof PlanEncodingError)) throw error;
      throw new PlanEncodingError(`step ${index}, ${step.op}: ${name} ${error.message}`);
    }
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
