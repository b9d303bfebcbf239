/** `ringside bench hyperfine`: our clock beside that of hyperfine(1), on the same commands in one session. */

import type { Command } from "commander";
import { checkAgainstHyperfine } from "../bench/hyperfine/check.ts";
import { hyperfineText } from "../bench/hyperfine/text.ts";
import { deliver, INTERRUPTED, interruptible, parseCount } from "./bench-options.ts";

interface HyperfineArguments {
  readonly turns: number;
  readonly runs: number;
  readonly seed: number;
  readonly json?: string | true;
}

const OUT_OF_TOLERANCE = 1;

/** Adds `hyperfine` to `ringside bench`. */
export function addHyperfine(bench: Command): void {
  bench
    .command("hyperfine")
    .description("crun, runc and bwrap by our clock and by hyperfine, turn about: whether the medians agree")
    .option("--turns <n>", "of each command by either", parseCount(1), 40)
    .option("--runs <n>", "measured runs in each turn", parseCount(1), 3)
    .option("--seed <n>", "of the order and of the intervals", parseCount(0), 1)
    .option("--json [file]", "write ringside.hyperfine/1 to a file, or (- or none) to standard output")
    .addHelpText("after", "\nThe exit code is 1 where medians are more than 10 % apart.")
    .action(runHyperfine);
}

async function runHyperfine({ turns, runs, seed, json }: HyperfineArguments): Promise<void> {
  const report = await interruptible((measuring) =>
    checkAgainstHyperfine({ turns, runsPerTurn: runs, seed, ...measuring }),
  );
  deliver(report, hyperfineText(report), report.interrupted, json);
  if (report.interrupted) process.exitCode = INTERRUPTED;
  else if (report.commands.some(({ within }) => !within)) process.exitCode = OUT_OF_TOLERANCE;
}
