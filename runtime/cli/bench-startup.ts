/** `ringside bench startup`: how long until a program's first byte, in every world. */

import { type Command, Option } from "commander";
import { formatReport } from "../bench/report/text.ts";
import { benchStartup } from "../bench/startup.ts";
import type { SystemRow } from "../bench/system.ts";
import { STARTUP_SYSTEMS } from "../bench/systems.ts";
import {
  deliver,
  exitCodeOf,
  interruptible,
  parseCount,
  parseSystems,
  type RoundArguments,
  systemList,
} from "./bench-options.ts";

interface StartupArguments extends RoundArguments {
  readonly systems: ReadonlyMap<string, SystemRow>;
}

/** Adds `startup` to `ringside bench`. */
export function addStartup(bench: Command): void {
  bench
    .command("startup")
    .description("from the request to a program's first byte, in every world")
    .addOption(
      new Option("--systems <list>", "comma-separated, of those below")
        .argParser(parseSystems)
        .default(STARTUP_SYSTEMS, "all"),
    )
    .option("--runs <n>", "measured rounds", parseCount(1), 20)
    .option("--warmup <n>", "rounds before them that do not count", parseCount(0), 3)
    .option("--seed <n>", "of the order and of the intervals", parseCount(0), 1)
    .option("--json [file]", "write ringside.bench/1 to a file, or (- or none) to standard output")
    .addHelpText("after", () => `\nSystems:\n${systemList()}`)
    .action(runStartup);
}

async function runStartup({ json, ...options }: StartupArguments): Promise<void> {
  const report = await interruptible((measuring) => benchStartup({ ...options, ...measuring }));
  deliver(report, formatReport(report), report.interrupted, json);
  process.exitCode = exitCodeOf(report);
}
