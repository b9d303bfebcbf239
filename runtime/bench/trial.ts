/** Before the clock runs: every system is prepared and started once, so that what does not work here is named with its reason. */

import { RingsideError } from "../error.ts";
import type { Step } from "./rounds.ts";
import type { Unavailable } from "./schema.ts";
import { type System, type SystemRow, Unusable, type Workbench } from "./system.ts";

/** A system that works here, and how long its trial took. */
export interface Ready {
  readonly row: SystemRow;
  readonly system: System;
  readonly trialMs: number;
}

export interface TrialOptions {
  readonly systems: ReadonlyMap<string, SystemRow>;
  readonly signal: AbortSignal;
  progress(step: Step): void;
}

/**
 * Tries them; a row that is there under two names is prepared once.
 * @returns what works, and why the rest does not; less of both where the signal came
 */
export async function tryAll(
  bench: Workbench,
  { systems, signal, progress }: TrialOptions,
): Promise<{ ready: Map<string, Ready>; unavailable: Unavailable[] }> {
  const ready = new Map<string, Ready>();
  const unavailable: Unavailable[] = [];
  const prepared = new Map<SystemRow, System>();
  for (const [name, row] of systems) {
    if (signal.aborted) break;
    progress({ phase: "preparing", system: name });
    try {
      const system = prepared.get(row) ?? (await row.prepare(bench));
      prepared.set(row, system);
      ready.set(name, { row, system, trialMs: await trialMs(system, signal) });
    } catch (error) {
      if (!signal.aborted) unavailable.push({ name, ...explain(error) });
    }
  }
  return { ready, unavailable };
}

/** What takes longer is not started twice only to know how long it takes. */
const SLOW_MS = 1000;

/** The first start finds nothing in any cache; of what is fast the second one says how long it takes. */
async function trialMs(system: System, signal: AbortSignal): Promise<number> {
  const once = async () => {
    const startedMs = performance.now();
    await system.measure({ signal, slot: 0, workload: "byte", port: undefined });
    return performance.now() - startedMs;
  };
  const firstMs = await once();
  return firstMs > SLOW_MS ? firstMs : await once();
}

/** What an exception means for the report. */
export function explain(error: unknown): { reason: string; fix: string } {
  const reason = error instanceof Error ? error.message : String(error);
  const known = error instanceof Unusable || error instanceof RingsideError ? error.fix : undefined;
  return { reason, fix: known ?? "ringside doctor" };
}
