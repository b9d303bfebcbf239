/** Moments as people type them: RFC 3339, seconds since 1970, or how long ago. docker-logs(1), --since. */
import { RingsideError } from "../error.ts";

const NS_PER_MS = 1_000_000n;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|[smhd])/g;
const SECONDS = /^(\d{1,11})(?:\.(\d{1,9}))?$/;
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.(\d{1,9}))?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * @param text `2026-01-31T10:00:00Z`, `2026-01-31`, `1767225600.5`, `10m`, `1h30m`
 * @param nowMs the moment that durations count back from
 * @returns nanoseconds since 1970
 * @throws RingsideError when it is no moment
 */
export function parseMoment(text: string, nowMs: number = Date.now()): bigint {
  if (DURATION.test(text)) {
    const ms = [...text.matchAll(PART)].reduce((sum, [, amount, unit]) => sum + Number(amount) * unitMs(unit), 0);
    return BigInt(Math.round(nowMs - ms)) * NS_PER_MS;
  }
  const seconds = SECONDS.exec(text);
  if (seconds !== null) return BigInt(seconds[1] ?? 0) * 1_000_000_000n + fractionNs(seconds[2]);
  const date = DATE.exec(text);
  const ms = date === null ? Number.NaN : Date.parse(text.replace(/\.\d+/, ""));
  if (date !== null && Number.isFinite(ms)) return BigInt(ms) * NS_PER_MS + fractionNs(date[1]);
  throw new RingsideError(`${JSON.stringify(text)} is not a moment`, {
    fix: "write it as 2026-01-31T10:00:00Z, as seconds since 1970, or as how long ago: 10m, 1h30m",
  });
}

function unitMs(unit: string | undefined): number {
  return UNITS_MS[unit ?? ""] ?? Number.NaN;
}

function fractionNs(digits = "0"): bigint {
  return BigInt(digits.padEnd(9, "0"));
}

/** @returns ISO 8601, UTC, with nanoseconds */
export function momentText(timeNs: bigint): string {
  const ms = Number(timeNs / NS_PER_MS);
  const fraction = String(timeNs % 1_000_000_000n).padStart(9, "0");
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction}Z`;
}
