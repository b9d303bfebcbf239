/**
 * Figures in words: three digits that count, the unit that fits, a narrow no-break space between (ISO 80000-1, 7.2).
 */

import type { TimeUnit } from "../../../simulator/trace/timeline.ts";

const NARROW_SPACE = "\u202f";
const UNITS = [
  { name: "s", ns: 1e9 },
  { name: "ms", ns: 1e6 },
  { name: "µs", ns: 1e3 },
  { name: "ns", ns: 1 },
] as const;

/** The largest unit of which there is at least one, as three digits will show it: 999,999 ns are 1.00 ms. */
function unitOf(ns: number): (typeof UNITS)[number] {
  return UNITS.find((unit) => ns >= unit.ns * 0.9995) ?? UNITS[3];
}

/**
 * A duration or a moment with three significant digits: `1.03 ms`, `812 ns`.
 */
export function formatNs(ns: number): string {
  if (ns === 0) return "0";
  const unit = unitOf(Math.abs(ns));
  const value = ns / unit.ns;
  const digits = unit.name === "ns" ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) * 1.0005)));
  return `${value.toFixed(digits)}${NARROW_SPACE}${unit.name}`;
}

/**
 * A tick's label: no digit more than it needs, `10 µs`, `1.5 s`.
 */
export function formatTick(ns: number): string {
  if (ns === 0) return "0";
  const unit = unitOf(Math.abs(ns));
  return `${Number((ns / unit.ns).toPrecision(6))}${NARROW_SPACE}${unit.name}`;
}

/**
 * A position on a track in the track's unit.
 */
export function formatPosition(value: number, unit: TimeUnit): string {
  return unit === "ns" ? formatNs(value) : `step${NARROW_SPACE}${Math.floor(value) + 1}`;
}

/**
 * A length on a track in the track's unit.
 */
export function formatLength(value: number, unit: TimeUnit): string {
  if (unit === "ns") return formatNs(value);
  return `${formatCount(value)}${NARROW_SPACE}${value === 1 ? "step" : "steps"}`;
}

/**
 * A count with its thousands set apart: `1 234`.
 */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

/**
 * How often: `once`, `twice`, `37 times`.
 */
export function formatTimes(count: number): string {
  if (count === 1) return "once";
  return count === 2 ? "twice" : `${formatCount(count)}${NARROW_SPACE}times`;
}

/**
 * A share as a percentage, never rounded to a false 0 or 100: `< 1 %`.
 */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.01) return `<${NARROW_SPACE}1${NARROW_SPACE}%`;
  if (share < 1 && share > 0.99) return `>${NARROW_SPACE}99${NARROW_SPACE}%`;
  return `${Math.round(share * 100)}${NARROW_SPACE}%`;
}

/**
 * Bytes in binary units, as memory limits are given: `64 MiB`.
 */
export function formatBytes(bytes: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), names.length - 1);
  return `${Number((bytes / 2 ** (10 * power)).toPrecision(3))}${NARROW_SPACE}${names[power]}`;
}
