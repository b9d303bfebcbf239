/** JSON files of engines: bounded, and with whole numbers of 64 bits exact (RFC 8259 leaves that to the reader). */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { RingsideError, reasonOf } from "../error.ts";

/** No real configuration comes near; without a bound one file could take all memory. */
export const LARGEST_JSON_BYTES = 10 * 1024 * 1024;

/** Deeper than any field of the specification; unknown fields may nest too, but not so that walking them fails. */
const DEEPEST = 128;

/** Only such numbers can be beyond 2^53: asking first spares the slow way for all others. */
const LONG_NUMBER = /\d{16}/;

/**
 * Reads JSON text. Whole numbers beyond 2^53 become bigint, all others number. Of equal keys the last one counts.
 *
 * @param text at most LARGEST_JSON_BYTES
 * @param name what to call it in errors
 * @throws RingsideError for what is not JSON, too large or nested too deeply
 */
export function parseJson(text: string, name: string): unknown {
  if (text.length > LARGEST_JSON_BYTES) throw tooLarge(name);
  try {
    const value: unknown = LONG_NUMBER.test(text) ? JSON.parse(text, exactNumbers) : JSON.parse(text);
    if (deeperThan(value, DEEPEST)) throw new RangeError("too deep");
    return value;
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new RingsideError(`${name}: nested more than ${DEEPEST} levels deep`, {
        cause,
        fix: "no field of the specification needs that; take the nested one out",
      });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RingsideError(`${name}: not JSON: ${reason}`, { cause, fix: "correct it at the place named" });
  }
}

/**
 * Reads a JSON file.
 *
 * @param path of the file; shown in errors as well
 * @throws RingsideError when it cannot be read, and as parseJson does
 */
export function readJsonFile(path: string): string {
  try {
    const fd = openSync(path, "r");
    try {
      return readBounded(fd, path);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    if (cause instanceof RingsideError) throw cause;
    throw new RingsideError(`cannot read ${path}: ${reasonOf(cause)}`, {
      cause,
      fix: "check the path and its permissions",
    });
  }
}

/** Also what is not a regular file, such as a pipe, ends at the bound. */
function readBounded(fd: number, path: string): string {
  const { size } = fstatSync(fd);
  if (size > LARGEST_JSON_BYTES) throw tooLarge(path);
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.max(size + 1 - total, 65536));
    const count = readSync(fd, chunk);
    if (count === 0) return Buffer.concat(chunks, total).toString("utf8");
    chunks.push(chunk.subarray(0, count));
    total += count;
    if (total > LARGEST_JSON_BYTES) throw tooLarge(path);
  }
}

function tooLarge(name: string): RingsideError {
  return new RingsideError(`${name}: larger than ${LARGEST_JSON_BYTES / 1024 / 1024} MiB`, {
    fix: "a configuration has some kilobytes; check that it is the right file",
  });
}

function exactNumbers(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((entry: unknown) => deeperThan(entry, levels - 1));
  for (const key in value) {
    if (deeperThan(Reflect.get(value, key), levels - 1)) return true;
  }
  return false;
}
