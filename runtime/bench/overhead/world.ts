/** The words of the overhead benchmark: a *world* in which the measuring program is started once a round. */
import type { World } from "../../../simulator/trace/timeline.ts";
import type { Workbench } from "../system.ts";
import type { Output } from "./output.ts";

/** What one start is asked for. */
export interface OverheadRequest {
  /** Samples of each quantity. */
  readonly samples: number;
  readonly signal: AbortSignal;
}

/** Ready to be measured in. */
export interface OverheadWorld {
  readonly version: string;
  readonly accelerator: string | null;
  /** Every way in which a figure of this world is not one of the others'. */
  readonly notes: readonly string[];
  /** At most what one start takes of the host's memory. */
  readonly memoryBytes: number;
  /**
   * One start.
   * @throws Error when the program did not run to its end
   */
  measure(request: OverheadRequest): Promise<Output>;
}

export interface OverheadBench {
  readonly bench: Workbench;
  /** The measuring program as a program of the host. */
  readonly program: string;
  /** A directory of the host for the files that are written, read and synchronised. */
  readonly files: string;
}

export interface OverheadRow {
  readonly world: World;
  /** One line for `--help` and the table. */
  readonly what: string;
  /**
   * Does what must not be timed.
   * @throws Unusable with the reason and the fix
   */
  prepare(overhead: OverheadBench): Promise<OverheadWorld>;
}

/** The program inside ringside/base, and where a container finds the directory for files. */
export const GUEST_PROGRAM = "/bin/ringside-overhead";
export const GUEST_FILES = "/overhead";

/** For two copies of 16 MiB, the files in the page cache, and the program. */
export const MEMORY_BYTES = 128 * 1024 ** 2;

/** The arguments of one start: native/bench/overhead/main.cc. */
export function argumentsOf(samples: number, directory: string, measurements: readonly string[]): string[] {
  return [String(samples), directory, ...measurements];
}
