/** When a line through memory against instances says anything: where it explains most of what was measured. */

import type { DensityReport } from "../schema.ts";

type Line = NonNullable<DensityReport["lines"]["pss"]>;

/** Of the variance; below it the machine's own noise is larger than what was asked about. */
export const LEAST_R2 = 0.9;

/**
 * Whether a line was fitted, and is more than noise.
 */
export function isLine(line: Line | undefined): line is Line {
  return line !== undefined && line.r2 >= LEAST_R2;
}
