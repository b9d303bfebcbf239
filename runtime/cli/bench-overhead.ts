/** `ringside bench overhead`: what common operations take in every world, set against the bare process of the same rounds. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { benchOverhead, DEFAULT_RUNS } from "../bench/overhead/overhead.ts";
import { formatOverhead } from "../bench/overhead/text.ts";
import type { OverheadRow } from "../bench/overhead/world.ts";
import { OVERHEAD_WORLDS } from "../bench/overhead/worlds.ts";
import {
  announce,
  deliver,
  exitCodeOf,
  interruptible,
  keep,
  parseCount,
  type RoundArguments,
} from "./bench-options.ts";
import { writeReport } from "./bench-report.ts";

interface OverheadArguments extends Pick<RoundArguments, "runs" | "seed" | "json"> {
  readonly systems: ReadonlyMap<string, OverheadRow>;
  readonly time?: number;
  readonly html?: string;
  readonly csv?: string;
  readonly history: boolean;
}

/** Adds `overhead` to `ringside bench`. */
export function addOverhead(bench: Command): void {
  bench
    .command("overhead")
    .description("what system calls, faults, switches, files, TCP, memory and exits take in every world")
    .addOption(
      new Option("--systems <list>", "comma-separated, of those below; the bare process comes with them")
        .argParser(parseWorlds)
        .default(OVERHEAD_WORLDS, "all"),
    )
    .option("--runs <n>", "measured rounds at most", parseCount(1), DEFAULT_RUNS)
    .option("--seed <n>", "of the order and of the intervals", parseCount(0), 1)
    .option("--time <seconds>", "no start begins after so long", parseCount(1))
    .option("--json [file]", "write ringside.bench/1 to a file, or (- or none) to standard output")
    .option("--html <file>", "write one HTML file that needs nothing else")
    .option("--csv <file>", "write a row for each sample (RFC 4180)")
    .option("--no-history", "do not keep the report")
    .addHelpText("after", () => `\nWorlds:\n${worldList()}`)
    .action(runOverhead);
}

async function runOverhead(given: OverheadArguments): Promise<void> {
  const { systems: worlds, runs, seed, time, json, html, csv, history } = given;
  const limits = time === undefined ? {} : { timeSeconds: time };
  const asked = { worlds, runs, seed, limits, announce };
  const report = await interruptible((measuring) => benchOverhead({ ...asked, ...measuring }));
  await writeReport(report, { ...(html === undefined ? {} : { html }), ...(csv === undefined ? {} : { csv }) });
  deliver(report, formatOverhead(report), report.interrupted, json);
  if (history) keep(report);
  process.exitCode = exitCodeOf(report);
}

/** Parses `--systems a,b`. @throws InvalidArgumentError naming what there is */
function parseWorlds(list: string): ReadonlyMap<string, OverheadRow> {
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("name at least one world.");
  return new Map(
    names.map((name) => {
      const row = OVERHEAD_WORLDS.get(name);
      if (row === undefined)
        throw new InvalidArgumentError(`there is no ${name}; there are ${[...OVERHEAD_WORLDS.keys()].join(", ")}.`);
      return [name, row];
    }),
  );
}

function worldList(): string {
  const width = Math.max(...[...OVERHEAD_WORLDS.keys()].map((name) => name.length));
  return [...OVERHEAD_WORLDS].map(([name, { what }]) => `  ${name.padEnd(width)}  ${what}`).join("\n");
}
