/**
 * How time becomes a place on the axis. One family of functions holds both scales: place = log(1 + t/knee), divided by
 * its value at the end. Up to the knee it is as good as linear, beyond it logarithmic; with the knee far behind the end
 * the whole axis is linear. Sliding the knee turns one scale into the other without a jump (symmetric log transform;
 * J. B. W. Webber, "A bi-symmetric log transformation", 2013).
 */

export interface Warp {
  /** 0 at time 0, 1 at the end. */
  toPlace(time: number): number;
  toTime(place: number): number;
}

export type ScaleKind = "log" | "linear";

/** Where the logarithm sets in: what is shorter than this hardly shows beside a VM's boot anyway. */
export const LOG_KNEE_NS = 100_000;

/** A knee this many times behind the end bends the axis by less than a thousandth. */
const LINEAR_KNEE_RATIO = 1e4;

/**
 * The knee of a scale for an axis that ends at `end`.
 */
export function kneeOf(kind: ScaleKind, end: number): number {
  return kind === "log" ? Math.min(LOG_KNEE_NS, end / 4) : end * LINEAR_KNEE_RATIO;
}

/**
 * The knee between two knees, for a transition: in even ratios, since the logarithm is what the eye sees.
 *
 * @param share 0: `from`, 1: `to`
 */
export function kneeBetween(from: number, to: number, share: number): number {
  return Math.exp(Math.log(from) + (Math.log(to) - Math.log(from)) * share);
}

/**
 * The warp of an axis from 0 to `end`.
 */
export function createWarp(knee: number, end: number): Warp {
  const span = Math.log1p(end / knee);
  return {
    toPlace: (time) => Math.sign(time) * (Math.log1p(Math.abs(time) / knee) / span),
    toTime: (place) => Math.sign(place) * knee * Math.expm1(Math.abs(place) * span),
  };
}
