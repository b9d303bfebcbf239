/**
 * A scenario's metrics in words: the figure with its unit, and a name that can be read.
 */

import type { Metric } from "../../../simulator/scenarios/scenario.ts";
import { formatBytes, formatCount, formatLength, formatNs } from "../timeline/format.ts";

/**
 * A figure in the unit that fits; a dash where the world has none.
 */
export function metricText(metric: Metric | undefined): string {
  if (metric === undefined) return "–";
  const { value, unit } = metric;
  if (unit === "yes|no") return value === 0 ? "no" : "yes";
  if (unit === "ns") return formatNs(value);
  if (unit === "step") return formatLength(value, "step");
  if (unit === "bytes") return formatBytes(value);
  if (unit === "permille") return `${(value / 10).toFixed(1)}\u202f%`;
  return unit === "count" ? formatCount(value) : `${formatCount(value)} ${unit}`;
}

/**
 * A metric's name, as people write it: `firstByte` is `first byte`.
 */
export function metricName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
