/** The protocol as it was run: with the runs that were planned, under the names of the table of systems. */

import type { BenchProtocol, Condition, StartupProtocol } from "./protocol.ts";
import type { SystemRow } from "./system.ts";
import { STARTUP_SYSTEMS } from "./systems.ts";

export interface Definition {
  readonly systems: ReadonlyMap<string, SystemRow>;
  /** Planned starts by name; none of what could not be measured. */
  readonly runs: ReadonlyMap<string, number>;
  readonly warmup: number;
  readonly seed: number;
  readonly baseline: string | undefined;
  readonly conditions: readonly Condition[];
  readonly limits: BenchProtocol["limits"];
}

/** As `ringside bench run` takes it: done again it starts the same things as often, in the same order. */
export function definitionOf({ systems, runs, warmup, seed, baseline, conditions, limits }: Definition): BenchProtocol {
  const most = Math.max(1, ...runs.values());
  const contestants: StartupProtocol["systems"] = [...systems].map(([name, row]) => {
    const system = [...STARTUP_SYSTEMS].find(([, other]) => other === row)?.[0];
    const count = runs.get(name);
    return {
      name,
      ...(system === undefined || system === name ? {} : { system }),
      ...(count === undefined || count === most ? {} : { runs: count }),
    };
  });
  const startup: StartupProtocol = {
    systems: contestants,
    runs: most,
    warmup,
    ...(baseline === undefined ? {} : { baseline }),
    conditions: [...conditions],
  };
  return { schema: "ringside.bench-protocol/1", seed, startup, limits };
}
