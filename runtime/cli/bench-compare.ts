/** `ringside bench compare A B`: what changed between two reports, and whether it is more than noise. */

import type { Command } from "commander";
import { compareReports, DEFAULT_LEVEL, protocolDifferences } from "../bench/compare.ts";
import { formatComparison } from "../bench/compare-text.ts";
import { keptReports } from "../bench/history.ts";
import { parseLevel } from "./bench-options.ts";
import { unlike } from "./bench-run.ts";
import { namedReport } from "./bench-source.ts";

interface CompareArguments {
  readonly level: number;
  readonly json?: true;
}

/** Adds `compare` to `ringside bench`. */
export function addCompare(bench: Command): void {
  bench
    .command("compare")
    .description("two reports of the same protocol: what changed, and whether it is more than noise")
    .argument("<a>", "a file, or a number of the history")
    .argument("<b>", "the later one")
    .option("--level <share>", "of each condition's differences being chance", parseLevel, DEFAULT_LEVEL)
    .option("--json", "print ringside.bench-compare/1")
    .action(compare);
}

function compare(first: string, second: string, { level, json }: CompareArguments): void {
  const [a, b] = [namedReport(first), namedReport(second)];
  const differences = protocolDifferences(a, b);
  if (differences.length > 0) throw unlike(`compare ${first} ${second}`, differences);
  const report = compareReports(a, b, level, keptReports(b.benchmark, [a, b]));
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatComparison(report));
}
