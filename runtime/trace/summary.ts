/** Which calls there were, how often, how long, and how many failed: strace -c. */
import type { DecodedCall } from "./decode.ts";
import type { CallRecord } from "./records.ts";
import { meaningOf } from "./tables/meanings.ts";

export interface SummaryRow {
  readonly name: string;
  readonly calls: number;
  readonly errors: number;
  /** From the process's entry into the kernel to the end of the call, the switch to the tracer included. */
  readonly kernelNs: number;
  /** What the call is for; undefined for a rare one. */
  readonly meaning: string | undefined;
}

export class TraceSummary {
  readonly #rows = new Map<string, { calls: number; errors: number; kernelNs: number }>();

  /** Counts a call. */
  add({ enterNs, exitNs, hasReturned }: CallRecord, { name, error }: DecodedCall): void {
    const row = this.#rows.get(name) ?? { calls: 0, errors: 0, kernelNs: 0 };
    this.#rows.set(name, row);
    row.calls++;
    if (error !== undefined) row.errors++;
    // What never returned (exit_group) has no time of its own.
    if (hasReturned) row.kernelNs += exitNs - enterNs;
  }

  /** @returns the calls, the longest first */
  rows(): SummaryRow[] {
    return [...this.#rows]
      .map(([name, row]) => ({ name, ...row, meaning: meaningOf(name) }))
      .toSorted((a, b) => b.kernelNs - a.kernelNs || a.name.localeCompare(b.name));
  }
}
