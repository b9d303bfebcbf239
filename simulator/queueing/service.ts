/** How long services take: integers, drawn without a logarithm, with the two moments that theory asks for. */
import type { Random } from "../engine/random.ts";

export interface Service {
  readonly name: string;
  readonly draw: (random: Random) => number;
  readonly mean: number;
  /** Variance divided by the square of the mean: 0 for always the same, 1 for exponential. */
  readonly variability: number;
}

/** Memoryless: M in Kendall's notation. */
export function exponential(mean: number): Service {
  return { name: "exponential", draw: (random) => random.exponential(mean), mean, variability: 1 };
}

/** Always the same: D. */
export function deterministic(mean: number): Service {
  return { name: "deterministic", draw: () => mean, mean, variability: 0 };
}

/** Two exponential stages one after the other: E2. */
export function erlang2(mean: number): Service {
  const stage = mean / 2;
  const draw = (random: Random): number => random.exponential(stage) + random.exponential(stage);
  return { name: "Erlang of two stages", draw, mean, variability: 0.5 };
}

/** Mostly short and now and then long, H2: one in ten takes 5.5 times the mean on average, the others half of it. */
export function hyperexponential(mean: number): Service {
  const draw = (random: Random): number => random.exponential(random.integer(0, 9) === 0 ? mean * 5.5 : mean / 2);
  return { name: "hyperexponential", draw, mean, variability: 2 * (0.1 * 5.5 * 5.5 + 0.9 * 0.5 * 0.5) - 1 };
}
