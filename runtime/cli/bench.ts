/** `ringside bench`: figures for containers beside virtual machines, with everything that is needed to doubt them. */

import { writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { formatReport } from "../bench/report/text.ts";
import type { Progress } from "../bench/rounds.ts";
import type { BenchReport } from "../bench/schema.ts";
import { formatSimulatorSpeed } from "../bench/simulator/report.ts";
import { benchSimulator } from "../bench/simulator/simulator-speed.ts";
import { formatSpeed } from "../bench/speed/report.ts";
import { benchSpeed } from "../bench/speed/speed.ts";
import { benchStartup, type StartupOptions } from "../bench/startup.ts";
import type { SystemRow } from "../bench/system.ts";
import { STARTUP_SYSTEMS } from "../bench/systems.ts";
import { addTruth } from "./truth-command.ts";

interface StartupArguments {
  readonly systems: ReadonlyMap<string, SystemRow>;
  readonly runs: number;
  readonly warmup: number;
  readonly seed: number;
  /** A file, `-`, or true where the option stands alone. */
  readonly json?: string | true;
}

/** As a shell reports an end by SIGINT. */
const INTERRUPTED = 130;

/** Adds `bench` to the program. */
export function registerBench(program: Command): void {
  const bench = program.command("bench").description("measure, side by side, with raw samples and a protocol");
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
  bench
    .command("runtime")
    .description("our runtime against the floor of this machine and its peers, with a verdict for each goal")
    .option("--runs <n>", "measured rounds", parseCount(1), 20)
    .option("--warmup <n>", "rounds before them that do not count", parseCount(0), 3)
    .option("--seed <n>", "of the order and of the intervals", parseCount(0), 1)
    .option("--json [file]", "write ringside.speed/1 to a file, or (- or none) to standard output")
    .action(runSpeed);
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
  addTruth(bench);
}

async function runSimulator({ json, ...options }: Omit<StartupArguments, "systems">): Promise<void> {
  const report = await interruptible((measuring) => benchSimulator({ ...options, ...measuring }));
  deliver(report, formatSimulatorSpeed(report), report.interrupted, json);
  if (report.interrupted) process.exitCode = INTERRUPTED;
}

async function runSpeed({ json, ...options }: Omit<StartupArguments, "systems">): Promise<void> {
  const report = await interruptible((measuring) => benchSpeed({ ...options, ...measuring }));
  deliver(report, formatSpeed(report), report.starts.interrupted, json);
  process.exitCode = exitCodeOf(report.starts);
}

async function runStartup({ json, ...options }: StartupArguments): Promise<void> {
  const report = await interruptible((measuring) => benchStartup({ ...options, ...measuring }));
  deliver(report, formatReport(report), report.interrupted, json);
  process.exitCode = exitCodeOf(report);
}

/** Measures with a line of progress; the first Ctrl-C keeps what has been measured, a second one gets the usual end. */
async function interruptible<Report>(
  measure: (measuring: Pick<StartupOptions, "signal" | "progress">) => Promise<Report>,
): Promise<Report> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort(new Error("interrupted"));
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);
  const line = progressLine();
  try {
    return await measure({ signal: interrupt.signal, progress: line.show });
  } finally {
    line.clear();
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

function deliver(report: unknown, words: string, interrupted: boolean, json: string | true | undefined): void {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === undefined) {
    process.stdout.write(words);
  } else if (json === true || json === "-") {
    process.stdout.write(text);
    if (process.stderr.isTTY) process.stderr.write(words);
  } else {
    writeFileSync(json, text);
    process.stdout.write(words);
  }
  if (interrupted) process.stderr.write("ringside: interrupted; the report has what had been measured until then\n");
}

/** 130 when interrupted, 125 when nothing could be measured: a script must not take that for a result. */
function exitCodeOf(report: BenchReport): number {
  if (report.interrupted) return INTERRUPTED;
  return report.systems.length === 0 ? 125 : 0;
}

/** One line that is written over, on a terminal only. */
function progressLine() {
  const terminal = process.stderr.isTTY;
  return {
    show(step: Progress | { readonly phase: "preparing"; readonly system: string }): void {
      if (!terminal) return;
      const where = step.phase === "preparing" ? "preparing" : `${step.phase} ${step.round} of ${step.rounds}`;
      process.stderr.write(`\r\u001b[K${where}: ${step.system}`);
    },
    clear(): void {
      if (terminal) process.stderr.write("\r\u001b[K");
    },
  };
}

function parseSystems(list: string): ReadonlyMap<string, SystemRow> {
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("name at least one system.");
  return new Map(
    names.map((name) => {
      const row = STARTUP_SYSTEMS.get(name);
      if (row === undefined)
        throw new InvalidArgumentError(`there is no ${name}; there are ${[...STARTUP_SYSTEMS.keys()].join(", ")}.`);
      return [name, row];
    }),
  );
}

function parseCount(least: number): (written: string) => number {
  return (written) => {
    const value = Number(written);
    if (!Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`a whole number from ${least} is needed.`);
    return value;
  };
}

function systemList(): string {
  const width = Math.max(...[...STARTUP_SYSTEMS.keys()].map((name) => name.length));
  return [...STARTUP_SYSTEMS].map(([name, { what }]) => `  ${name.padEnd(width)}  ${what}`).join("\n");
}
