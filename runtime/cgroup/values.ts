/**
 * Values of a configuration on their way into a control file: what the kernel would refuse, or read as something else, is
 * refused here, where the field still has a name. config-linux.md, Control groups.
 */
import { RingsideError } from "../error.ts";

/** The largest number that a control file takes: the kernel's counters are signed 64 bits (linux/kernel/params.c). */
const MOST = 2n ** 63n - 1n;

/** @returns the error that names the field, the value and what would do */
export function refused(field: string, value: unknown, why: string, fix: string): RingsideError {
  return new RingsideError(`cannot set ${field} to ${JSON.stringify(value)}: ${why}`, { fix });
}

/**
 * A whole number as plain digits.
 *
 * @param field as the configuration names it: `linux.resources.cpu.period`
 * @throws RingsideError when it is no whole number or out of range
 */
export function digits(field: string, value: number, least: number, most: number | bigint = MOST): string {
  if (!Number.isInteger(value) || value < least || BigInt(value) > most) {
    const range = most === MOST ? `from ${least}` : `from ${least} to ${most}`;
    throw refused(field, value, "it is out of range", `give a whole number ${range}, or leave it out`);
  }
  return BigInt(value).toString();
}

/**
 * A limit of which -1 is none: `-1` on v1, `max` on v2.
 * @throws RingsideError when it is neither -1 nor a whole number from `least`
 */
export function limitDigits(field: string, value: number, version: 1 | 2, least = 0): string {
  if (value === -1) return version === 1 ? "-1" : "max";
  return digits(field, value, least);
}

/** CPUs or memory nodes as cpuset(7), "List format", writes them: `0-3,8`; a stride (`0-9:2/4`) since Linux 5.14. */
const LIST = /^\d{1,6}(-\d{1,6}(:\d{1,6}\/\d{1,6})?)?(,\d{1,6}(-\d{1,6}(:\d{1,6}\/\d{1,6})?)?)*$/;

/** @throws RingsideError when the list is not one that the kernel reads */
export function listText(field: string, value: string): string {
  if (LIST.test(value)) return value;
  throw refused(field, value, "it is not a list of numbers", "write it as 0-3 or 0,2");
}

/** A device's two numbers, `8:0`. @throws RingsideError when one is out of the kernel's range (12 and 20 bits) */
export function deviceNumber(
  field: string,
  { major, minor }: { readonly major: number; readonly minor: number },
): string {
  return `${digits(`${field}.major`, major, 0, 0xfff)}:${digits(`${field}.minor`, minor, 0, 0xf_ffff)}`;
}

/** A name that becomes part of a control file's line, such as an interface's. @throws RingsideError when it would break it */
export function word(field: string, value: string): string {
  if (/^[A-Za-z0-9_.:@-]{1,64}$/.test(value)) return value;
  throw refused(field, value, "it is not a name", "use letters, digits and _ . : @ -");
}
