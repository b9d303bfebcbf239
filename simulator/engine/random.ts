/**
 * The only source of chance: xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018),
 * its state filled from the seed by SplitMix32. Integers only: no floating-point number ever takes part in a decision,
 * so every machine draws the same.
 *
 * Streams: `stream(name)` gives a generator that depends on the seed and the name alone, not on what was drawn before.
 * Each world draws from its own stream, so that turning a knob of one world leaves the trace of the others as it was.
 */
import { exponentialOf } from "./exponential.ts";

/** The largest seed: what a command line and a JSON number carry exactly. */
export const MAX_SEED = Number.MAX_SAFE_INTEGER;

const WORD = 2 ** 32;

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** SplitMix32 (the 32-bit member of the family): turns a counter into well-mixed words. */
function splitMix32(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** FNV-1a over the UTF-16 code units of a name: only to tell streams apart. */
function nameToWord(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/** The four words of xoshiro128**'s state; not all of them zero. */
export type XoshiroState = readonly [number, number, number, number];

/** The authors' generator, started from a state as it is. */
export class Xoshiro128 {
  /** Typed, so that no word ever becomes an object. */
  readonly #state: Int32Array;

  constructor(state: XoshiroState) {
    this.#state = Int32Array.from(state);
  }

  /** @returns the next 32 bits, as a signed number: V8 has those without making an object of them */
  bits(): number {
    const state = this.#state;
    const a = state[0] ?? 0;
    const b = state[1] ?? 0;
    const c = (state[2] ?? 0) ^ a;
    const d = (state[3] ?? 0) ^ b;
    state[1] = b ^ c;
    state[0] = a ^ d;
    state[2] = c ^ (b << 9);
    state[3] = rotateLeft(d, 11);
    return Math.imul(rotateLeft(Math.imul(b, 5), 7), 9);
  }
}

export class Random {
  readonly #seed: number;
  readonly #name: string;
  readonly #generator: Xoshiro128;

  /**
   * @param seed an integer from 0 to MAX_SEED
   * @param name the stream's name; generators of one seed and name draw the same
   * @throws RangeError where the seed is not such an integer
   */
  constructor(seed: number, name = "") {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`seed a random generator: ${seed} is not an integer from 0 to ${MAX_SEED}`);
    }
    this.#seed = seed;
    this.#name = name;
    const low = splitMix32(seed % WORD);
    const high = splitMix32((Math.floor(seed / WORD) ^ nameToWord(name)) >>> 0);
    const word = () => (low() ^ high()) >>> 0;
    // The state must not be all zero; a last word that is never zero makes that impossible.
    this.#generator = new Xoshiro128([word(), word(), word(), word() || 1]);
  }

  /** @returns the generator of the same seed for another name. */
  stream(name: string): Random {
    return new Random(this.#seed, `${this.#name}/${name}`);
  }

  /** @returns the next word, 0 to 2^32 - 1. */
  word(): number {
    return this.#generator.bits() >>> 0;
  }

  /**
   * Draws an integer, every value equally likely (words that would favour the low values are drawn again).
   * @param low the smallest value @param high the largest value; the range spans at most 2^32 values
   * @throws RangeError where the range is empty or too wide
   */
  integer(low: number, high: number): number {
    const range = high - low + 1;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || range < 1 || range > WORD) {
      throw new RangeError(`draw an integer: the range ${low} to ${high} is empty or wider than 2^32`);
    }
    const fair = WORD - (WORD % range);
    for (;;) {
      const word = this.word();
      if (word < fair) return low + (word % range);
    }
  }

  /**
   * Draws from the exponential distribution: the time to the next customer of a Poisson stream, or a service that does not
   * remember how long it has lasted. Made of integers and a table (exponential.ts), so every machine draws the same.
   * @param mean a positive integer
   * @returns an integer from 0
   * @throws RangeError where the mean is not an integer from 1 to MAX_MEAN
   */
  exponential(mean: number): number {
    let doublings = 0;
    let bits = this.#generator.bits();
    for (; bits === 0; bits = this.#generator.bits()) doublings += 32;
    return exponentialOf(mean, doublings + Math.clz32(bits), this.#generator.bits());
  }
}
