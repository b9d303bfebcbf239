/** `ringside bench simulator`: the simulator's engine against a floor and against SimPy. */

import type { Command } from "commander";
import { formatSimulatorSpeed } from "../bench/simulator/report.ts";
import { benchSimulator } from "../bench/simulator/simulator-speed.ts";
import { deliver, INTERRUPTED, interruptible, parseCount, type RoundArguments } from "./bench-options.ts";

/** Adds `simulator` to `ringside bench`. */
export function addSimulator(bench: Command): void {
  bench
    .command("simulator")
    .description(
      "the simulator's engine against a floor and against SimPy, and its longest trace, with a verdict for each goal",
    )
    .option("--runs <n>", "measured rounds", parseCount(1), 7)
    .option("--warmup <n>", "rounds before them that do not count", parseCount(0), 2)
    .option("--seed <n>", "of the queues and of the order", parseCount(0), 1)
    .option("--json [file]", "write ringside.simulator-speed/1 to a file, or (- or none) to standard output")
    .action(runSimulator);
}

async function runSimulator({ json, ...options }: RoundArguments): Promise<void> {
  const report = await interruptible((measuring) => benchSimulator({ ...options, ...measuring }));
  deliver(report, formatSimulatorSpeed(report), report.interrupted, json);
  if (report.interrupted) process.exitCode = INTERRUPTED;
}
