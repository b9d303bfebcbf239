/** `ringside bench null`: the same system twice under two names, to see whether the comparison cries wolf. */

import { type Command, Option } from "commander";
import { DEFAULT_LEVEL } from "../bench/compare.ts";
import { benchNull, formatNull } from "../bench/null.ts";
import type { SystemRow } from "../bench/system.ts";
import {
  deliver,
  INTERRUPTED,
  interruptible,
  parseCount,
  parseLevel,
  parseSystems,
  type RoundArguments,
} from "./bench-options.ts";

interface NullArguments extends Pick<RoundArguments, "runs" | "seed" | "json"> {
  readonly systems: ReadonlyMap<string, SystemRow>;
  readonly repeats: number;
  readonly level: number;
}

/** Adds `null` to `ringside bench`. */
export function addNull(bench: Command): void {
  bench
    .command("null")
    .description("the same system twice under two names: how often a difference is reported that is none")
    .addOption(
      new Option("--systems <list>", "comma-separated, of those of bench startup")
        .argParser(parseSystems)
        .default(parseSystems("process,container"), "process,container"),
    )
    .option("--repeats <n>", "comparisons of each system", parseCount(1), 100)
    .option("--runs <n>", "starts under each name in one comparison", parseCount(4), 20)
    .option("--level <share>", "of a difference being chance", parseLevel, DEFAULT_LEVEL)
    .option("--seed <n>", "of the order and of the permutations", parseCount(0), 1)
    .option("--json [file]", "write ringside.bench-null/1 to a file, or (- or none) to standard output")
    .addHelpText("after", "\nThe exit code is 1 where differences are reported more often than the level allows.")
    .action(runNull);
}

async function runNull({ json, ...options }: NullArguments): Promise<void> {
  const report = await interruptible((measuring) => benchNull({ ...options, ...measuring }));
  deliver(report, formatNull(report), report.interrupted, json);
  const isTooOften = report.results.some(({ reported, allowed }) => reported > allowed);
  process.exitCode = report.interrupted ? INTERRUPTED : isTooOften ? 1 : 0;
}
