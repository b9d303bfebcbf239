/**
 * Pressure: how long tasks of a group waited for a resource that others had. accounting/psi.rst. v2 groups have it where
 * the kernel keeps it (psi=1); v1 has none for a group, which is null here, never 0.
 */

/** One line of a pressure file. */
export interface PressureLine {
  /** Percent of the time, over the last 10, 60 and 300 seconds. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalUs: number;
}

export interface Pressure {
  /** At least one task waited. */
  readonly some: PressureLine;
  /** All of them waited, so that nothing was done; the kernel before 5.13 does not say so for the CPU. */
  readonly full: PressureLine | null;
}

const LINE = /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/gm;

/**
 * @param text of `cpu.pressure`, `memory.pressure` or `io.pressure`, or of a file below /proc/pressure
 * @returns null where there is no such text
 */
export function parsePressure(text: string | undefined): Pressure | null {
  const lines = new Map<string, PressureLine>();
  for (const [, kind = "", avg10, avg60, avg300, total] of (text ?? "").matchAll(LINE)) {
    lines.set(kind, { avg10: Number(avg10), avg60: Number(avg60), avg300: Number(avg300), totalUs: Number(total) });
  }
  const some = lines.get("some");
  return some === undefined ? null : { some, full: lines.get("full") ?? null };
}
