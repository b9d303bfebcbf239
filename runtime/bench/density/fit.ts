/** The straight line through points, by least squares: what one more instance takes, and what all have in common. */

export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** How much of the scatter the line explains: 1 where every point lies on it. */
  readonly r2: number;
}

/**
 * Fits.
 * @param points x and y of each
 * @returns undefined where fewer than two have different x: no line is better than another
 */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line | undefined {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const sum = (of: (x: number, y: number) => number) =>
    points.reduce((total, [x, y]) => total + of(x - meanX, y - meanY), 0);
  const spread = sum((x) => x * x);
  if (points.length < 2 || spread === 0) return undefined;
  const slope = sum((x, y) => x * y) / spread;
  const scatter = sum((_, y) => y * y);
  const unexplained = sum((x, y) => (y - slope * x) ** 2);
  return { slope, intercept: meanY - slope * meanX, r2: scatter === 0 ? 1 : Math.max(0, 1 - unexplained / scatter) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
