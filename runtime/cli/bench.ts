/**
 * `ringside bench`: figures for containers beside virtual machines, with everything that is needed to doubt them. One file
 * a command; skins over runtime/bench.
 */

import type { Command } from "commander";
import { addCompare } from "./bench-compare.ts";
import { addDensity } from "./bench-density.ts";
import { addHistory, addShow } from "./bench-history.ts";
import { addHyperfine } from "./bench-hyperfine.ts";
import { addMigration } from "./bench-migration.ts";
import { addNull } from "./bench-null.ts";
import { addOverhead } from "./bench-overhead.ts";
import { addReport } from "./bench-report.ts";
import { addRun, addVerify } from "./bench-run.ts";
import { addRuntime } from "./bench-runtime.ts";
import { addSimulator } from "./bench-simulator.ts";
import { addStartup } from "./bench-startup.ts";
import { addWhole } from "./bench-whole.ts";
import { addTruth } from "./truth-command.ts";

/** The commands below `ringside bench`, in the order of the help. */
const COMMANDS: readonly ((bench: Command) => void)[] = [
  addStartup,
  addDensity,
  addOverhead,
  addMigration,
  addRun,
  addVerify,
  addCompare,
  addHistory,
  addShow,
  addNull,
  addRuntime,
  addSimulator,
  addReport,
  addHyperfine,
  addTruth,
];

/** Adds `bench` to the program. */
export function registerBench(program: Command): void {
  const bench = program.command("bench").description("measure, side by side, with raw samples and a protocol");
  bench.enablePositionalOptions();
  addWhole(bench);
  for (const add of COMMANDS) add(bench);
}
