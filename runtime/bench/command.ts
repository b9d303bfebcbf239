/** A system that is one command: started cold, timed until its last process has ended. */

import { startProcess } from "../process/start.ts";
import { captureOutput, type MeasureOptions, measureStart } from "./measure.ts";
import type { Workload } from "./protocol.ts";
import { errorFileOf, type RunRequest, type System, TIME_LIMIT_MS, type Workbench } from "./system.ts";

export interface CommandOptions {
  /** The command of one start: ids, directories and the program's arguments follow from the request. */
  readonly argv: (run: RunRequest) => readonly string[];
  /** A byte alone, unless said otherwise. */
  readonly workloads?: readonly Workload[];
  readonly version: string;
  readonly notes: readonly string[];
  readonly inputFile?: string;
  /** Added to our own environment. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  /** At most what one start takes of the host's memory, where it is not the workbench's limit. */
  readonly memoryBytes?: number;
  readonly timeLimitMs?: number;
  /** A command counts from its fork, unless it stands beside what our launcher is asked for. */
  readonly clock?: MeasureOptions["clock"];
}

/** The system that runs this command, with our environment, for every start. */
export function commandSystem(bench: Workbench, options: CommandOptions): System {
  const { argv, inputFile, cwd, memoryBytes, timeLimitMs = TIME_LIMIT_MS, clock = "fork", env = [] } = options;
  return {
    version: options.version,
    accelerator: null,
    notes: options.notes,
    workloads: options.workloads ?? ["byte"],
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    measure: (run) => {
      // Put together before the clock starts.
      const command = { argv: argv(run), env: [...environment(), ...env], ...(cwd === undefined ? {} : { cwd }) };
      return measureStart((stdio) => startProcess(bench.launcher, { ...command, ...stdio }), {
        errorFile: errorFileOf(bench, run.slot),
        port: run.port,
        timeLimitMs,
        clock,
        ...(inputFile === undefined ? {} : { inputFile }),
      });
    },
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
