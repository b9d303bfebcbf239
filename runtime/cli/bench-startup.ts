/** `ringside bench startup`: how long until a program's first byte, in every world. */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { Condition } from "../bench/protocol.ts";
import { formatReport } from "../bench/report/text.ts";
import { benchStartup } from "../bench/startup.ts";
import type { SystemRow } from "../bench/system.ts";
import { STARTUP_SYSTEMS } from "../bench/systems.ts";
import { parseMemory } from "../container/options.ts";
import { reasonOf } from "../error.ts";
import {
  announce,
  deliver,
  exitCodeOf,
  interruptible,
  keep,
  parseCount,
  parseSystems,
  type RoundArguments,
  systemList,
} from "./bench-options.ts";
import { writeReport } from "./bench-report.ts";

interface StartupArguments extends RoundArguments {
  readonly systems: ReadonlyMap<string, SystemRow>;
  readonly baseline?: string;
  readonly serve?: true;
  readonly cold?: true;
  readonly concurrency?: readonly number[];
  readonly conditionRuns: number;
  readonly time?: number;
  readonly memory?: number;
  readonly disk?: number;
  readonly html?: string;
  readonly csv?: string;
  readonly history: boolean;
}

const MOST_AT_ONCE = 256;

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
    .option("--runs <n>", "measured rounds at most", parseCount(1), 20)
    .option("--warmup <n>", "rounds before them that do not count", parseCount(0), 3)
    .option("--seed <n>", "of the order and of the intervals", parseCount(0), 1)
    .option("--baseline <system>", "what the others are set against (default: the first that was measured)")
    .option("--serve", "also until a server has answered its first client on TCP")
    .option("--cold", "also with the page cache emptied before each start")
    .option("--concurrency <list>", "also with so many under way at once: 2,4,8,16", parseConcurrency)
    .option("--condition-runs <n>", "starts of each system under each of these conditions", parseCount(1), 10)
    .option("--time <seconds>", "what all of it may take; runs are chosen to fit", parseCount(1))
    .option("--memory <amount>", "what may be in use at once (default: half of what is available)", parseAmount)
    .option("--disk <amount>", "what copies of the image may take (default: 2g)", parseAmount)
    .option("--json [file]", "write ringside.bench/1 to a file, or (- or none) to standard output")
    .option("--html <file>", "write one HTML file that needs nothing else")
    .option("--csv <file>", "write a row for each sample (RFC 4180)")
    .option("--no-history", "do not keep the report")
    .addHelpText("after", () => `\nSystems:\n${systemList()}`)
    .action(runStartup);
}

async function runStartup(given: StartupArguments): Promise<void> {
  const { systems, runs, warmup, seed, baseline, json, html, csv, history } = given;
  if (baseline !== undefined && !systems.has(baseline))
    throw new InvalidArgumentError(`the baseline ${baseline} is not one of the systems that are measured.`);
  const limits = {
    ...(given.time === undefined ? {} : { timeSeconds: given.time }),
    ...(given.memory === undefined ? {} : { memoryBytes: given.memory }),
    ...(given.disk === undefined ? {} : { diskBytes: given.disk }),
  };
  const asked = {
    ...{ systems, runs, warmup, seed, limits, announce, conditions: conditionsOf(given) },
    ...(baseline === undefined ? {} : { baseline }),
  };
  const report = await interruptible((measuring) => benchStartup({ ...asked, ...measuring }));
  deliver(report, formatReport(report), report.interrupted, json);
  if (history) keep(report);
  await writeReport(report, { ...(html === undefined ? {} : { html }), ...(csv === undefined ? {} : { csv }) });
  process.exitCode = exitCodeOf(report);
}

function conditionsOf({ serve, cold, concurrency = [], conditionRuns: runs }: StartupArguments): Condition[] {
  return [
    ...(serve ? [{ workload: "serve", cache: "warm", concurrency: 1, runs } as const] : []),
    ...(cold ? [{ workload: "byte", cache: "cold", concurrency: 1, runs } as const] : []),
    ...concurrency.map((count) => ({ workload: "byte", cache: "warm", concurrency: count, runs }) as const),
  ];
}

function parseConcurrency(written: string): number[] {
  const counts = written.split(",").map(Number);
  if (counts.every((count) => Number.isSafeInteger(count) && count >= 2 && count <= MOST_AT_ONCE)) return counts;
  throw new InvalidArgumentError(`whole numbers from 2 to ${MOST_AT_ONCE} are needed, separated by commas.`);
}

function parseAmount(written: string): number {
  try {
    return parseMemory(written);
  } catch (error) {
    throw new InvalidArgumentError(`${reasonOf(error)}.`);
  }
}
