/** Chance in tests: drawn from a seed that is printed when the test fails, and that can be given again. */
import { onTestFailed } from "vitest";
import { Random } from "../../simulator/engine/random.ts";

/** @returns a generator for the test that is running; RINGSIDE_SEED=N repeats one that failed */
export function chance(): Random {
  const seed = Number(process.env.RINGSIDE_SEED ?? Date.now() % 1_000_000_000);
  onTestFailed(() => console.error(`the seed was ${seed}; RINGSIDE_SEED=${seed} repeats it`));
  return new Random(seed);
}
