/**
 * Reading values that somebody else has written: each function takes a value and the place where it stands, and gives it
 * back with a type, or says what is wrong there and what would be right.
 */
import { ScenarioError, suggestion } from "../knob.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** @returns what a value is, in the middle of a sentence. */
export function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "function") return "a function";
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? String(value);
  return Array.isArray(value) ? "a list" : "an object";
}

/** @throws ScenarioError where there is something else than what is wanted */
export function refuse(value: unknown, at: string, wanted: string): never {
  const is = value === undefined ? `${at} is missing` : `${at} is ${shown(value)}`;
  throw new ScenarioError(is, `give ${at} as ${wanted}`);
}

/** @returns the fields of an object of which every one is known. */
export function fieldsOf(value: unknown, at: string, known: readonly string[], example: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(value, at, example);
  const fields: Fields = { ...value };
  const stranger = Object.keys(fields).find((name) => !known.includes(name));
  if (stranger === undefined) return fields;
  throw new ScenarioError(`${at} has a field "${stranger}"`, suggestion(stranger, known, `fields of ${at}`));
}

/** @returns a text that says something. */
export function textOf(value: unknown, at: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  return refuse(value, at, "a text that is not empty");
}

/** @returns a whole number in a range, whose ends are both in it. */
export function wholeOf(value: unknown, at: string, low: number, high = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= low && value <= high) return value;
  const range = high === Number.MAX_SAFE_INTEGER ? `from ${low} on` : `from ${low} to ${high}`;
  return refuse(value, at, `a whole number ${range}`);
}

/** @returns one of the known words. */
export function oneOf<Value extends string>(value: unknown, at: string, known: readonly Value[]): Value {
  const found = known.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  if (typeof value !== "string") return refuse(value, at, `one of ${known.join(", ")}`);
  throw new ScenarioError(`${at} is "${value}"`, suggestion(value, known, "it can be"));
}

/** @returns a list of which every item is as `item` wants it. */
export function listOf<Item>(
  value: unknown,
  at: string,
  wanted: string,
  item: (value: unknown, at: string) => Item,
): Item[] {
  if (!Array.isArray(value)) return refuse(value, at, wanted);
  return value.map((one: unknown, index) => item(one, `${at}[${index}]`));
}

/** @returns a field under its name; no field at all where it was left out. */
export function optional<Name extends string, Value>(
  fields: Fields,
  name: Name,
  parse: (value: unknown) => Value,
): Partial<Record<Name, Value>> {
  const value = fields[name];
  const parsed: Partial<Record<Name, Value>> = {};
  if (value !== undefined) parsed[name] = parse(value);
  return parsed;
}
