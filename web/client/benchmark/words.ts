/**
 * What a benchmark's figures are called on the page.
 */

import type { BenchmarkLimits, HistoryEntry } from "../../protocol/benchmark.ts";
import { formatBytes, formatNs } from "../timeline/format.ts";

const NS_PER_MS = 1e6;

/**
 * A duration: `1.03 ms`.
 */
export function formatMs(ms: number): string {
  return formatNs(ms * NS_PER_MS);
}

/**
 * What a benchmark takes at most, as a sentence.
 */
export function limitWords({ timeSeconds, memoryBytes, diskBytes }: BenchmarkLimits): string {
  return `Takes at most ${minuteWords(timeSeconds)}, ${formatBytes(memoryBytes)} of memory and ${formatBytes(diskBytes)} of disk.`;
}

/**
 * What is left: `1:05`.
 */
export function leftWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/**
 * When a benchmark began, in the reader's own time.
 */
export function whenWords(startedAt: string): string {
  return new Date(startedAt).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/**
 * What an earlier benchmark measured, and on which kernel.
 */
export function whatWords({ benchmark, systems, kernel }: HistoryEntry): string {
  return `${benchmark}, ${systems === 1 ? "one system" : `${systems} systems`}, ${kernel}`;
}

function minuteWords(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return `${minutes} minutes`;
}
