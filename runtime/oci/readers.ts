/**
 * Small readers from `unknown` to precise types, joined into bigger ones. A reader returns what it understood or throws
 * Misfit; each object and list on the way out adds its key, so that the path costs nothing where all is well.
 */

type Key = string | number;

/** What the reader of one field did not like. Never leaves this room: the parser makes a RingsideError of it. */
export class Misfit extends Error {
  readonly path: Key[];
  readonly fix: string | undefined;

  /**
   * @param what why it does not fit
   * @param path where, as seen from the value that was being read
   * @param fix what to do, if there is more to say than the message does
   */
  constructor(what: string, path: readonly Key[] = [], fix?: string) {
    super(what);
    this.path = [...path];
    this.fix = fix;
  }
}

export type Reader<T> = (value: unknown) => T;

const LONGEST_SHOWN = 60;
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A path as in JavaScript: `linux.devices[3].path`, `annotations["a.b"]`. */
export function pathText(path: readonly Key[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!PLAIN_KEY.test(key) || key.length > LONGEST_SHOWN) return `${text}[${shortened(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

function shortened(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}

/** A value as an error shows it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return shortened(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

function unlike(expected: string, value: unknown): Misfit {
  return new Misfit(`expected ${expected}, found ${shown(value)}`);
}

/** Adds a key to the path of an error that is on its way out. */
function within(key: Key, error: unknown): unknown {
  if (error instanceof Misfit) error.path.unshift(key);
  return error;
}

/** `true` or `false`. */
export const flag: Reader<boolean> = (value) => {
  if (typeof value !== "boolean") throw unlike("true or false", value);
  return value;
};

/** Any text without a NUL byte, where every C program would see its end. */
export const text: Reader<string> = (value) => {
  if (typeof value !== "string") throw unlike("text", value);
  if (value.includes("\0")) throw new Misfit("expected text without NUL bytes, found one");
  return value;
};

/** Text that matches a pattern. `expected` says in words what the pattern says in signs. */
export function textLike(expected: string, pattern: RegExp): Reader<string> {
  return (value) => {
    if (typeof value !== "string" || !pattern.test(value)) throw unlike(expected, value);
    return text(value);
  };
}

/** An absolute path. */
export const absolutePath: Reader<string> = (value) => {
  if (typeof value !== "string" || !value.startsWith("/")) throw unlike("an absolute path", value);
  return text(value);
};

/** A key of a table, such as the name of a constant. */
export function keyOf<T extends object>(expected: string, table: T): Reader<keyof T & string> {
  const isKey = (value: string): value is keyof T & string => Object.hasOwn(table, value);
  return (value) => {
    if (typeof value !== "string" || !isKey(value)) {
      throw unlike(`${expected} (${Object.keys(table).join(", ")})`, value);
    }
    return value;
  };
}

/** One of a list of words. */
export function oneOf<T extends string>(expected: string, words: readonly T[]): Reader<T> {
  return (value) => {
    const word = words.find((one) => one === value);
    if (word === undefined) throw unlike(`${expected} (${words.join(", ")})`, value);
    return word;
  };
}

/** This value and no other. */
export function exactly<const T extends string | boolean>(wanted: T): Reader<T> {
  return (value) => {
    if (value !== wanted) throw unlike(JSON.stringify(wanted), value);
    return wanted;
  };
}

/** Any number that JSON can hold. */
export const anyNumber: Reader<number> = (value) => {
  if (typeof value !== "number") throw unlike("a number", value);
  return value;
};

/** Anything: left to whoever uses it. */
export const anything: Reader<unknown> = (value) => value;

/** A whole number within bounds that a number holds exactly. */
export function integer(minimum: number, maximum: number): Reader<number> {
  return (value) => {
    if (typeof value !== "bigint" && !Number.isInteger(value)) throw unlike("a whole number", value);
    if (typeof value !== "number" || value < minimum || value > maximum) {
      throw unlike(`a whole number from ${minimum} to ${maximum}`, value);
    }
    return value;
  };
}

export const UINT16 = integer(0, 0xffff);
export const UINT32 = integer(0, 0xffff_ffff);
/** uid_t and gid_t; the last one, (uid_t) -1, is the kernel's word for nobody. */
export const ID = integer(0, 0xffff_fffe);

const INT64 = { minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n };
const UINT64 = { minimum: 0n, maximum: 2n ** 64n - 1n };

function wide(value: unknown, { minimum, maximum }: { minimum: bigint; maximum: bigint }): bigint {
  const exact = typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(Number(value)) : undefined;
  if (exact === undefined) throw unlike("a whole number", value);
  if (exact < minimum || exact > maximum) throw unlike(`a whole number from ${minimum} to ${maximum}`, value);
  return exact;
}

/** Unsigned 64 bits, exact: a bigint where a number would not be. */
export const exactUint64: Reader<number | bigint> = (value) => {
  const exact = wide(value, UINT64);
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
};

/**
 * An amount of 64 bits, exact up to 2^53. Larger ones (8 PiB and more: all of them mean no limit) are rounded towards
 * zero to what a number holds, so that they stay within what the kernel takes.
 */
function amount(bounds: typeof INT64): Reader<number> {
  return (value) => {
    const exact = wide(value, bounds);
    const near = Number(exact);
    if (Number.isSafeInteger(near)) return near;
    const step = 2048n;
    const inner = Number((exact / step) * step);
    return inner;
  };
}

export const int64 = amount(INT64);
export const uint64 = amount(UINT64);

const MOST_ENTRIES = 100_000;

/** A list; null counts as an empty one, as engines written in Go write it. */
export function list<T>(reader: Reader<T>, maximum = MOST_ENTRIES): Reader<readonly T[]> {
  return (value) => {
    if (value === null) return [];
    if (!Array.isArray(value)) throw unlike("a list", value);
    if (value.length > maximum) throw new Misfit(`expected at most ${maximum} entries, found ${value.length}`);
    const entries: readonly unknown[] = value;
    const result: T[] = [];
    try {
      for (const entry of entries) result.push(reader(entry));
    } catch (error) {
      throw within(result.length, error);
    }
    return result;
  };
}

/** A list with something in it. */
export function filledList<T>(expected: string, reader: Reader<T>): Reader<readonly T[]> {
  const entries = list(reader);
  return (value) => {
    const found = entries(value);
    if (found.length === 0) throw unlike(`a list with ${expected}`, value);
    return found;
  };
}

/** An object whose keys are free; `__proto__` is a key like any other. */
export function record<T>(reader: Reader<T>, key: Reader<string> = text): Reader<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isObject(value)) throw unlike("an object", value);
    return Object.fromEntries(
      Object.entries(value).map(([name, entry]) => {
        try {
          return [key(name), reader(entry)];
        } catch (error) {
          throw within(name, error);
        }
      }),
    );
  };
}

type IsOptional<T, K extends keyof T> = object extends Pick<T, K> ? true : false;

/** A field: how it is read, and whether it must be there. */
interface Field<T, Required extends boolean> {
  readonly reader: Reader<T>;
  readonly required: Required;
}

/** For each field of T how it is read; the compiler sees that none is forgotten and that "required" means the same. */
export type Shape<T> = {
  readonly [K in keyof T]-?: IsOptional<T, K> extends true ? Field<Exclude<T[K], undefined>, false> : Field<T[K], true>;
};

/** A field that must be there. */
export function required<T>(reader: Reader<T>): Field<T, true> {
  return { reader, required: true };
}

/** A field that may be missing, or null, which engines write for it. */
export function optional<T>(reader: Reader<T>): Field<T, false> {
  return { reader, required: false };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with known fields. Fields that it does not know are left to others. */
export function object<T extends object>(shape: Shape<T>): Reader<T> {
  const fields = Object.entries<Field<unknown, boolean>>(shape);
  const hasAll = (value: Partial<T>): value is T =>
    fields.every(([name, field]) => !field.required || Object.hasOwn(value, name));
  return (value) => {
    if (!isObject(value)) throw unlike("an object", value);
    const result: Partial<T> = {};
    for (const [name, { reader, required: isRequired }] of fields) {
      const entry = Object.hasOwn(value, name) ? value[name] : undefined;
      if (entry === undefined || entry === null) {
        if (isRequired) throw new Misfit(`missing; ${expectation(reader)}`, [name]);
        continue;
      }
      try {
        Reflect.set(result, name, reader(entry));
      } catch (error) {
        throw within(name, error);
      }
    }
    if (!hasAll(result)) throw unlike("an object with all its fields", value);
    return result;
  };
}

/** One of several objects, told apart by their `kind`. */
export function byKind<T extends { readonly kind: string }>(
  readers: {
    readonly [K in T["kind"]]: Reader<Extract<T, { readonly kind: K }>>;
  },
): Reader<T> {
  const kind = keyOf("a kind", readers);
  return (value) => {
    if (!isObject(value)) throw unlike("an object", value);
    let reader: Reader<T>;
    try {
      reader = readers[kind(value.kind)];
    } catch (error) {
      throw within("kind", error);
    }
    return reader(value);
  };
}

/** What a reader would have said to nothing at all: the words for what is missing. */
function expectation(reader: Reader<unknown>): string {
  try {
    reader(undefined);
  } catch (error) {
    if (error instanceof Misfit) return error.message.replace(/, found undefined$/, "");
  }
  return "it is required";
}
