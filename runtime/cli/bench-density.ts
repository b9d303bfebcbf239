/** `ringside bench density`: how many idle instances of an image fit into this machine, in every world. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { benchDensity, DEFAULT_INSTANCES, DEFAULT_MEMORY_SHARE } from "../bench/density/density.ts";
import type { DensityRow } from "../bench/density/system.ts";
import { DENSITY_SYSTEMS } from "../bench/density/systems.ts";
import { formatDensity } from "../bench/density/text.ts";
import { announce, chooseRows, deliver, exitCodeOf, interruptible, keep, parseCount } from "./bench-options.ts";
import { writeReport } from "./bench-report.ts";

interface DensityArguments {
  readonly systems: ReadonlyMap<string, DensityRow>;
  readonly image?: string;
  readonly instances: number;
  readonly memoryShare: number;
  readonly time?: number;
  readonly json?: string | true;
  readonly html?: string;
  readonly csv?: string;
  readonly history: boolean;
}

const MOST_SHARE = 0.9;

/** Adds `density` to `ringside bench`. */
export function addDensity(bench: Command): void {
  bench
    .command("density")
    .description("idle instances, one by one: memory, disk and start of the k-th, in every world")
    .addOption(
      new Option("--systems <list>", "comma-separated, of those below")
        .argParser(parseDensities)
        .default(DENSITY_SYSTEMS, "all"),
    )
    .option("--image <image>", "of every instance; it has to have the command sleep (default: ringside/base)")
    .option("--instances <n>", "of each system at most", parseCount(1), DEFAULT_INSTANCES)
    .option(
      "--memory-share <share>",
      "of the machine's memory, for all of a system at most",
      parseShare,
      DEFAULT_MEMORY_SHARE,
    )
    .option("--time <seconds>", "for all systems together", parseCount(1))
    .option("--json [file]", "write ringside.bench/1 to a file, or (- or none) to standard output")
    .option("--html <file>", "write one HTML file that needs nothing else")
    .option("--csv <file>", "write a row for each point (RFC 4180)")
    .option("--no-history", "do not keep the report")
    .addHelpText("after", () => `\nSystems:\n${densityList()}`)
    .action(runDensity);
}

async function runDensity(given: DensityArguments): Promise<void> {
  const { systems, image, instances, memoryShare, time, json, html, csv, history } = given;
  const limits = time === undefined ? {} : { timeSeconds: time };
  const asked = { systems, image, instances, memoryShare, limits, announce };
  const report = await interruptible((measuring) => benchDensity({ ...asked, ...measuring }));
  await writeReport(report, { ...(html === undefined ? {} : { html }), ...(csv === undefined ? {} : { csv }) });
  deliver(report, formatDensity(report), report.interrupted, json);
  if (history) keep(report);
  process.exitCode = exitCodeOf(report);
}

function parseDensities(list: string): ReadonlyMap<string, DensityRow> {
  return chooseRows(list, DENSITY_SYSTEMS);
}

function parseShare(written: string): number {
  const value = Number(written);
  if (!(value > 0 && value <= MOST_SHARE))
    throw new InvalidArgumentError(`a number above 0 and up to ${MOST_SHARE} is needed.`);
  return value;
}

function densityList(): string {
  const width = Math.max(...[...DENSITY_SYSTEMS.keys()].map((name) => name.length));
  return [...DENSITY_SYSTEMS].map(([name, { what }]) => `  ${name.padEnd(width)}  ${what}`).join("\n");
}
