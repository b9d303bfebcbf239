/** `ringside bench`: the whole report for this machine, in under ten minutes, as three files in one directory. */

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { formatReport } from "../bench/report/text.ts";
import { wholeProtocol } from "../bench/whole.ts";
import { places } from "../container/directories.ts";
import { RingsideError, reasonOf } from "../error.ts";
import { deliver, exitCodeOf, keep, parseCount } from "./bench-options.ts";
import { writeReport } from "./bench-report.ts";
import { measured } from "./bench-run.ts";

interface WholeArguments {
  readonly time: number;
  readonly seed: number;
  readonly output?: string;
  readonly history: boolean;
}

/** Leaves a minute of the ten for what nobody foresees. */
const DEFAULT_SECONDS = 540;
const LEAST_SECONDS = 60;

/** Gives `ringside bench` itself something to do. */
export function addWhole(bench: Command): void {
  bench
    .option("--time <seconds>", "what all of it may take", parseCount(LEAST_SECONDS), DEFAULT_SECONDS)
    .option("--seed <n>", "of the order and of the intervals", parseCount(0), 1)
    .option("--output <directory>", "where the files go (default: a new one in the data directory)")
    .option("--no-history", "do not keep the report")
    .action(runWhole);
}

async function runWhole({ time, seed, output, history }: WholeArguments): Promise<void> {
  const directory = output ?? join(dirname(places().logs), "reports", new Date().toISOString().slice(0, 19));
  makeDirectory(directory);
  const report = await measured(wholeProtocol(time, seed));
  // First what the rest can be made from again.
  deliver(report, formatReport(report), report.interrupted, join(directory, "report.json"));
  if (history) keep(report);
  await writeReport(report, { html: join(directory, "report.html"), csv: join(directory, "report.csv") });
  process.stderr.write(`ringside: ${directory} has report.html, report.json and report.csv\n`);
  process.exitCode = exitCodeOf(report);
}

/** Before anything is measured: ten minutes for a report that cannot be written would be too many. */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    throw new RingsideError(`benchmark: make ${directory}: ${reasonOf(cause)}`, {
      cause,
      fix: "--output names a directory that you may write to",
    });
  }
}
