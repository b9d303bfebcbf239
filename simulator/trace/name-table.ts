/**
 * Names by number: a trace names the same few things thousands of times, so its columns hold indices into these tables.
 * What a span is (its track, name, mode, stage) is one number, what an instant or a counter is (track, name) another.
 */
import { countGiven } from "./crossings.ts";
import { DEPTH_OF_MODE, type Span } from "./timeline.ts";

/** All of a span but when it was. */
export type SpanKind = Omit<Span, "start" | "end">;

export interface Name {
  readonly track: string;
  readonly name: string;
}

/** Whatever has a track and a name, listed under both; the same pair may stand for several. */
class NameIndex {
  readonly #tracks = new Map<string, Map<string, number[]>>();

  /** @returns the numbers listed there, to be added to. */
  of(track: string, name: string): number[] {
    const names = this.#tracks.get(track) ?? new Map<string, number[]>();
    const numbers = names.get(name) ?? [];
    if (numbers.length === 0) this.#tracks.set(track, names.set(name, numbers));
    return numbers;
  }
}

export class NameTable {
  readonly #names: Name[] = [];
  readonly #index = new NameIndex();

  get size(): number {
    return this.#names.length;
  }

  /** @returns the number of a name on a track, the same one every time. */
  number(track: string, name: string): number {
    const known = this.#index.of(track, name);
    return known[0] ?? added(this.#names, { track, name }, known);
  }

  /** @throws RangeError where nothing has that number. */
  at(number: number): Name {
    return entry(this.#names, number, "name");
  }
}

export class KindTable {
  readonly #kinds: SpanKind[] = [];
  readonly #index = new NameIndex();

  get size(): number {
    return this.#kinds.length;
  }

  /**
   * The number of a kind. Kinds with the same arguments are the same only where they are the same object, and so is a kind
   * without arguments.
   */
  number(kind: SpanKind): number {
    const known = this.#index.of(kind.track, kind.name);
    for (const number of known) {
      const other = this.#kinds[number];
      if (other?.mode === kind.mode && other.stage === kind.stage && other.args === kind.args) return number;
    }
    const { track, name, mode, stage, args } = kind;
    return added(this.#kinds, { track, name, mode, stage, ...(args === undefined ? {} : { args }) }, known);
  }

  /** @throws RangeError where nothing has that number. */
  at(number: number): SpanKind {
    return entry(this.#kinds, number, "kind of span");
  }

  /** @returns the depth below the waterline of each kind, by number. */
  depths(): Uint8Array {
    return Uint8Array.from(this.#kinds, ({ mode }) => DEPTH_OF_MODE[mode]);
  }

  /** @returns for each kind how many crossings it says that it stands for, by number; 0 where it does not say. */
  counts(): Float64Array {
    return Float64Array.from(this.#kinds, ({ args }) => countGiven(args));
  }
}

function added<Entry>(entries: Entry[], one: Entry, listed: number[]): number {
  const number = entries.push(one) - 1;
  listed.push(number);
  return number;
}

function entry<Entry>(entries: readonly Entry[], number: number, what: string): Entry {
  const one = entries[number];
  if (one === undefined) throw new RangeError(`trace: no ${what} ${number} of ${entries.length}`);
  return one;
}
