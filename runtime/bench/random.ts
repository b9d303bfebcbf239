/**
 * A small seeded generator, so that a benchmark's order and its bootstrap can be repeated: Mulberry32 (T. Ettinger's
 * 32-bit mixer; public domain). Not for the simulator, which has its own, nor for anything secret.
 */

/** Numbers in [0, 1), the same ones for the same seed. */
export type Random = () => number;

/** A generator for this seed; only the seed's lower 32 bits count. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A shuffled copy: Fisher and Yates's walk, every order equally likely. */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const [taken] = result.splice(Math.floor(random() * (last + 1)), 1);
    if (taken !== undefined) result.push(taken);
  }
  return result;
}
