/**
 * The words of the density benchmark: a *system* keeps instances of one program idle, in one world; *preparing* it does what
 * all instances have in common.
 */

import type { World } from "../../../simulator/trace/timeline.ts";
import type { Workbench } from "../system.ts";

/** One that idles. */
export interface Instance {
  /** Ends it, and takes away what goes with it. */
  stop(): Promise<void>;
}

export interface DensitySystem {
  readonly version: string;
  readonly accelerator: string | null;
  readonly notes: readonly string[];
  /** At most what one takes of the host's memory, until it is known better: none is started that might not fit. */
  readonly memoryBytes: number;
  /** How long one needs after its start until it is idle: what its start used is given back by then. */
  readonly idleAfterMs: number;
  /**
   * Starts one more.
   * @param number from 1; names follow from it
   * @returns once its program runs
   * @throws Error when it does not
   */
  start(number: number): Promise<Instance>;
  /** The processes that were started otherwise than through the workbench's launcher, of all instances that idle. */
  processes(): readonly number[];
  /** The control groups of all instances that idle, in the hierarchy that counts memory; undefined where they have none. */
  memoryGroups(): readonly string[] | undefined;
  /** Directories with what instances keep on disk. */
  directories(): readonly string[];
}

/** What the instances run. */
export interface Idle {
  readonly image: string;
  readonly command: readonly string[];
}

/** One row of the table of systems. */
export interface DensityRow {
  readonly world: World;
  readonly what: string;
  /** @throws Unusable with the reason and the fix */
  prepare(bench: Workbench, idle: Idle): Promise<DensitySystem>;
}
