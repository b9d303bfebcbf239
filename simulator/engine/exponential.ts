/**
 * The exponential distribution in integers: `-mean * Math.log(uniform)` differs in its last digit between JavaScript
 * engines, and one digit is enough to send two runs different ways.
 *
 * An exponential variable of mean 1 is ln 2 times (G + F), where G is how often a coin falls tails before it falls heads
 * and F, independent of it, lies in [0, 1) with density proportional to 2^-F (the split is that of Ahrens and Dieter,
 * "Computer Methods for Sampling from the Exponential and Normal Distributions", 1972). G comes from the leading zeros of
 * a word. ln 2 · F is -ln(1 - v/2) for v even in [0, 1): a table of 1024 pieces, straight in between.
 *
 * How exact it is: in units of the mean, no quantile is off by more than 2^-22 (2.4e-7) before the result is rounded to a
 * whole number; test/simulator/engine/exponential.test.ts holds the whole table to that, and the moments of the draws.
 */

const PIECE_BITS = 10;
const PIECES = 1 << PIECE_BITS;
const INSIDE_BITS = 32 - PIECE_BITS;
const INSIDE = 2 ** INSIDE_BITS;
/** ln 2 in units of 2^-64, rounded down (the test works it out again). */
const LN_2 = 0xb17217f7d1cf79abn;
/** The mean is 2^32 in what follows. */
const LN_2_FIXED = Number((LN_2 + (1n << 31n)) >> 32n);

/** The largest mean: with it, and any doublings that ever come, every product below is exact. */
export const MAX_MEAN = 2 ** 30;

let table: Float64Array | undefined;

/** @returns -ln(1 - v/2) for v = 0, 1/1024 … 1, in units of 2^-32; made when it is needed first. */
export function exponentialTable(): Float64Array {
  table ??= Float64Array.from({ length: PIECES + 1 }, (_, piece) => minusLog(2 * PIECES - piece, PIECE_BITS + 1));
  return table;
}

/**
 * The value that a draw stands for.
 * @param mean from 1 to MAX_MEAN
 * @param doublings how often the coin fell tails
 * @param bits 32 even ones
 * @returns an integer from 0, rounded to the nearest
 * @throws RangeError where the mean is not such an integer
 */
export function exponentialOf(mean: number, doublings: number, bits: number): number {
  if (!Number.isSafeInteger(mean) || mean < 1 || mean > MAX_MEAN) {
    throw new RangeError(`draw from the exponential distribution: the mean ${mean} is not an integer from 1 to 2^30`);
  }
  const pieces = table ?? exponentialTable();
  const piece = bits >>> INSIDE_BITS;
  const low = pieces[piece] ?? 0;
  const high = pieces[piece + 1] ?? 0;
  const inside = bits & (INSIDE - 1);
  const fixed = doublings * LN_2_FIXED + low + Math.floor(((high - low) * inside) / INSIDE);
  // mean * fixed / 2^32 in two halves, since the product may have more than 53 bits.
  const upper = Math.floor(fixed / 65_536);
  const lower = fixed - upper * 65_536;
  return Math.floor((mean * upper + Math.floor((mean * lower) / 65_536) + 32_768) / 65_536);
}

/** @returns -ln(numerator / 2^bits) in units of 2^-32, for a numerator from 2^(bits - 1) to 2^bits. */
function minusLog(numerator: number, bits: number): number {
  const log = binaryLog(BigInt(numerator) << BigInt(PRECISION - bits + 1));
  // log is log2 of a number of [1, 2); the fraction is half of that, but for 1 itself, which is not.
  const minus = numerator === 2 ** bits ? 0n : (1n << BigInt(PRECISION)) - log;
  return Number((minus * LN_2 + (1n << BigInt(PRECISION + 31))) >> BigInt(PRECISION + 32));
}

const PRECISION = 48;

/** Binary logarithm of x in [1, 2), both in units of 2^-48: one bit of it for each squaring (Knuth, TAOCP vol. 1, 1.2.2). */
function binaryLog(x: bigint): bigint {
  const two = 1n << BigInt(PRECISION + 1);
  let value = x;
  let log = 0n;
  for (let bit = PRECISION - 1; bit >= 0; bit--) {
    value = (value * value) >> BigInt(PRECISION);
    if (value < two) continue;
    value >>= 1n;
    log += 1n << BigInt(bit);
  }
  return log;
}
