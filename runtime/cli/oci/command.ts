/** What every command of `ringside oci` is: one file, one object. */

import type { OptionTable } from "./arguments.ts";
import type { Log } from "./log.ts";

/** What the options before the command's name said. */
export interface GlobalOptions {
  /** Where states are. */
  readonly root: string;
  readonly systemdCgroup: boolean;
  readonly log: Log;
}

export interface Command {
  /** One line, for --help. */
  readonly summary: string;
  /** What follows the options, for --help: `CONTAINER SIGNAL`. */
  readonly operands: string;
  readonly options: OptionTable;
  /** @returns the exit code */
  run(args: readonly string[], globals: GlobalOptions): Promise<number>;
}
