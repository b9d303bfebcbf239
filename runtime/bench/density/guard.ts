/**
 * When a density benchmark stops: before the machine suffers. It looks at what is available (proc(5), meminfo) and at how
 * long tasks wait for memory (pressure stall information) before every start.
 */

import { readFileSync } from "node:fs";

const MEBIBYTE = 1024 ** 2;
/** Never less than this stays available, whatever share is asked for. */
const LEAST_FLOOR_BYTES = 512 * MEBIBYTE;
const FLOOR_SHARE = 0.1;
/** Percent of the last ten seconds in which some task waited for memory. */
const MOST_PRESSURE_PERCENT = 10;

/** What the machine says of its memory now. */
export interface MemoryNow {
  readonly totalBytes: number;
  readonly availableBytes: number;
  /** Undefined where the kernel does not keep it. */
  readonly pressurePercent: number | undefined;
}

export interface Bounds {
  readonly instances: number;
  /** All instances of a system together take at most this. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** performance.now() of the last moment at which one more is started. */
  readonly deadlineMs: number;
}

/** How far a system is. */
export interface Reached {
  readonly instances: number;
  /** Available before the first one. */
  readonly availableBeforeBytes: number;
  /** What the next one is going to take, as far as is known. */
  readonly nextBytes: number;
  /** On disk so far, and what the next one is going to add. */
  readonly diskBytes: number;
  readonly nextDiskBytes: number;
  readonly nowMs: number;
}

/** At least so much stays available. */
export function floorBytes(totalBytes: number): number {
  return Math.max(LEAST_FLOOR_BYTES, Math.floor(totalBytes * FLOOR_SHARE));
}

/** Reads it. */
export function memoryNow(procDirectory = "/proc"): MemoryNow {
  const text = readFileSync(`${procDirectory}/meminfo`, "utf8");
  const bytesOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1024;
  return {
    totalBytes: bytesOf("MemTotal"),
    availableBytes: bytesOf("MemAvailable"),
    pressurePercent: pressureOf(`${procDirectory}/pressure/memory`),
  };
}

function pressureOf(file: string): number | undefined {
  try {
    const some = /^some avg10=([\d.]+)/m.exec(readFileSync(file, "utf8"))?.[1];
    return some === undefined ? undefined : Number(some);
  } catch {
    return undefined;
  }
}

/** Why no further instance may be started; undefined where one may. */
export function whyStop(bounds: Bounds, reached: Reached, now: MemoryNow): string | undefined {
  const taken = reached.availableBeforeBytes - now.availableBytes;
  const floor = floorBytes(now.totalBytes);
  if (reached.instances >= bounds.instances) return `${bounds.instances} instances, as many as were asked for`;
  if (reached.nowMs >= bounds.deadlineMs) return "the time was over";
  if (taken + reached.nextBytes > bounds.memoryBytes)
    return `one more would take more than the ${mebibytes(bounds.memoryBytes)} that it may have`;
  if (reached.diskBytes + reached.nextDiskBytes > bounds.diskBytes)
    return `one more would take more than the ${mebibytes(bounds.diskBytes)} of disk that it may have`;
  if (now.availableBytes - reached.nextBytes < floor)
    return `one more would leave the machine less than ${mebibytes(floor)}`;
  if ((now.pressurePercent ?? 0) > MOST_PRESSURE_PERCENT)
    return `tasks waited for memory during ${now.pressurePercent} % of the last ten seconds`;
  return undefined;
}

/** As people read it. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}
