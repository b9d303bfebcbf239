/** A system that is one command: started cold, timed until its last process has ended. */

import { startProcess } from "../process/start.ts";
import { captureOutput, measureStart } from "./measure.ts";
import { errorFileOf, type System, TIME_LIMIT_MS, type Workbench } from "./system.ts";

export interface CommandOptions {
  readonly argv: readonly string[];
  readonly version: string;
  readonly notes: readonly string[];
  readonly inputFile?: string;
  readonly cwd?: string;
}

/** The system that runs this command, with our environment, for every start. */
export function commandSystem(bench: Workbench, options: CommandOptions): System {
  const { argv, inputFile, cwd } = options;
  return {
    version: options.version,
    accelerator: null,
    notes: options.notes,
    measure: () =>
      measureStart(
        (stdio) =>
          startProcess(bench.launcher, { argv, env: environment(), ...(cwd === undefined ? {} : { cwd }), ...stdio }),
        {
          errorFile: errorFileOf(bench),
          timeLimitMs: TIME_LIMIT_MS,
          ...(inputFile === undefined ? {} : { inputFile }),
        },
      ),
  };
}

/** Our own environment as execve(2) wants it. */
export function environment(): string[] {
  return Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ""}`);
}

/** The first line that `argv` prints: `crun --version`. */
export async function versionOf(bench: Workbench, argv: readonly string[]): Promise<string> {
  const { output } = await captureOutput(
    (stdio) => startProcess(bench.launcher, { argv, env: environment(), ...stdio }),
    `${bench.directory}/version`,
  );
  return output.trim().split("\n")[0] ?? argv[0] ?? "unknown";
}
