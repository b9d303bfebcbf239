/**
 * The only source of chance: xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018),
 * its state filled from the seed by SplitMix32. Integers only: no floating-point number ever takes part in a decision,
 * so every machine draws the same.
 *
 * Streams: `stream(name)` gives a generator that depends on the seed and the name alone, not on what was drawn before.
 * Each world draws from its own stream, so that turning a knob of one world leaves the trace of the others as it was.
 */

/** The largest seed: what a command line and a JSON number carry exactly. */
export const MAX_SEED = Number.MAX_SAFE_INTEGER;

const WORD = 2 ** 32;

function rotateLeft(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0;
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

export class Random {
  readonly #seed: number;
  readonly #name: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

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
    this.#a = (low() ^ high()) >>> 0;
    this.#b = (low() ^ high()) >>> 0;
    this.#c = (low() ^ high()) >>> 0;
    // The state must not be all zero; one constant bit in one word makes that impossible.
    this.#d = (low() ^ high() ^ 1) >>> 0 || 1;
  }

  /** @returns the generator of the same seed for another name. */
  stream(name: string): Random {
    return new Random(this.#seed, `${this.#name}/${name}`);
  }

  /** @returns the next word, 0 to 2^32 - 1. */
  word(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5) >>> 0, 7), 9) >>> 0;
    const shifted = (this.#b << 9) >>> 0;
    this.#c = (this.#c ^ this.#a) >>> 0;
    this.#d = (this.#d ^ this.#b) >>> 0;
    this.#b = (this.#b ^ this.#c) >>> 0;
    this.#a = (this.#a ^ this.#d) >>> 0;
    this.#c = (this.#c ^ shifted) >>> 0;
    this.#d = rotateLeft(this.#d, 11);
    return result;
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
}
