/** `ringside bench runtime`: our runtime against the floor of this machine and its peers. */

import type { Command } from "commander";
import { formatSpeed } from "../bench/speed/report.ts";
import { benchSpeed } from "../bench/speed/speed.ts";
import { deliver, exitCodeOf, interruptible, parseCount, type RoundArguments } from "./bench-options.ts";

/** Adds `runtime` to `ringside bench`. */
export function addRuntime(bench: Command): void {
  bench
    .command("runtime")
    .description("our runtime against the floor of this machine and its peers, with a verdict for each goal")
    .option("--runs <n>", "measured rounds", parseCount(1), 20)
    .option("--warmup <n>", "rounds before them that do not count", parseCount(0), 3)
    .option("--seed <n>", "of the order and of the intervals", parseCount(0), 1)
    .option("--json [file]", "write ringside.speed/1 to a file, or (- or none) to standard output")
    .action(runSpeed);
}

async function runSpeed({ json, ...options }: RoundArguments): Promise<void> {
  const report = await interruptible((measuring) => benchSpeed({ ...options, ...measuring }));
  deliver(report, formatSpeed(report), report.starts.interrupted, json);
  process.exitCode = exitCodeOf(report.starts);
}
