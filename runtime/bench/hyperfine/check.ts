/**
 * `ringside bench hyperfine`: whether our clock shows what others' does. The very same commands are timed by our benchmark
 * and by hyperfine, turn by turn in one session; the medians have to agree.
 */

import { RingsideError } from "../../error.ts";
import { findProgram } from "../../host-program.ts";
import { startProcess } from "../../process/start.ts";
import { type CommandOptions, commandSystem, environment, versionOf } from "../command.ts";
import { describeMachine } from "../machine.ts";
import { requireProgram } from "../programs.ts";
import { type Random, seededRandom, shuffled } from "../random.ts";
import type { Progress } from "../rounds.ts";
import type { Unavailable } from "../schema.ts";
import { settle } from "../settle.ts";
import { median, pairedRatio } from "../statistics.ts";
import { type RunRequest, type System, Unusable, type Workbench } from "../system.ts";
import { bwrapCommand } from "../systems/bwrap.ts";
import { CRUN, ociCommand, RUNC } from "../systems/oci.ts";
import { openWorkbench } from "../workbench.ts";
import { hyperfineTimes } from "./hyperfine.ts";
import { type HyperfineReport, type HyperfineRow, hyperfineReportSchema } from "./schema.ts";

export interface HyperfineCheck {
  readonly turns: number;
  readonly runsPerTurn: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  progress(step: Progress): void;
}

/** The commands of both, by name. bwrap goes without its filter, for which hyperfine 1.15 has no standard input. */
const COMMANDS: ReadonlyMap<string, (bench: Workbench) => Promise<CommandOptions>> = new Map([
  ["crun", (bench: Workbench) => ociCommand(bench, CRUN)],
  ["runc", (bench: Workbench) => ociCommand(bench, RUNC)],
  ["bwrap", bwrapCommand],
]);

const TOLERANCE = 0.1;
/**
 * What both start before every run. By its end the kernel has taken down the namespaces of the run before; and a processor
 * that has just run a program is quicker with the next one than one that was idle, by a tenth with bwrap.
 */
const PREPARE = ["sleep", "0.02"];
/** The first run after somebody else's finds caches that are not its own. */
const WARMUP = 1;

interface Prepared {
  readonly name: string;
  readonly version: string;
  readonly argv: readonly string[];
  readonly system: System;
  /** Medians and all samples of each turn. */
  readonly turns: { readonly ours: number[][]; readonly hyperfine: number[][] };
}

/**
 * Times the commands in turns.
 * @throws RingsideError where hyperfine is not installed, or nothing could be compared
 */
export async function checkAgainstHyperfine(options: HyperfineCheck): Promise<HyperfineReport> {
  const { turns, runsPerTurn, seed, signal } = options;
  const program = findProgram("hyperfine");
  if (program === undefined)
    throw new RingsideError("bench hyperfine: hyperfine is not installed", { fix: "apt-get install hyperfine" });
  const [startedAt, machine] = [new Date().toISOString(), describeMachine()];
  await using cleanup = new AsyncDisposableStack();
  const bench = await openWorkbench(cleanup);
  const run: RunRequest = { signal, slot: 0, workload: "byte", port: undefined };
  const { prepared, unavailable } = await prepareAll(bench, run);
  const random = seededRandom(seed);
  for (let turn = 1; turn <= turns && !signal.aborted; turn++) {
    for (const command of shuffled(prepared, random)) {
      options.progress({ phase: "run", round: turn, rounds: turns, system: command.name });
      await takeTurn(bench, { program, command, run, runs: runsPerTurn, random });
    }
  }
  return hyperfineReportSchema.parse({
    schema: "ringside.hyperfine/1",
    startedAt,
    interrupted: signal.aborted,
    machine,
    hyperfine: await versionOf(bench, [program, "--version"]),
    seed,
    turns,
    runsPerTurn,
    tolerance: TOLERANCE,
    commands: prepared.filter((command) => command.turns.ours.length > 0).map((command) => rowOf(command, seed)),
    unavailable,
  } satisfies HyperfineReport);
}

async function prepareAll(bench: Workbench, run: RunRequest) {
  const prepared: Prepared[] = [];
  const unavailable: Unavailable[] = [];
  for (const [name, commandOf] of COMMANDS) {
    try {
      const command = await commandOf(bench);
      const system = commandSystem(bench, command);
      await system.measure(run);
      const turns = { ours: [], hyperfine: [] };
      prepared.push({ name, version: command.version, argv: command.argv(run), system, turns });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      unavailable.push({ name, reason, fix: error instanceof Unusable ? error.fix : "ringside doctor" });
    }
  }
  return { prepared, unavailable };
}

interface Turn {
  readonly program: string;
  readonly command: Prepared;
  readonly run: RunRequest;
  readonly runs: number;
  readonly random: Random;
}

/** Both, one after the other; who begins is drawn. A turn that was cut short counts for neither. */
async function takeTurn(bench: Workbench, { program, command, run, runs, random }: Turn): Promise<void> {
  const { argv, system, turns } = command;
  let ours: number[] = [];
  let theirs: number[] = [];
  const who = shuffled(
    [
      async () => {
        ours = await ourTimes(bench, system, run, runs);
      },
      async () => {
        theirs = await hyperfineTimes(bench, { program, argv, runs, warmup: WARMUP, prepare: PREPARE });
      },
    ],
    random,
  );
  for (const measure of who) {
    await settle();
    await measure();
  }
  if (run.signal.aborted) return;
  turns.ours.push(ours);
  turns.hyperfine.push(theirs);
}

async function ourTimes(bench: Workbench, system: System, run: RunRequest, runs: number): Promise<number[]> {
  const [sleep = "", ...rest] = PREPARE;
  const prepare = { argv: [requireProgram(sleep, "coreutils"), ...rest], env: environment() };
  const times: number[] = [];
  for (let count = 0; count < WARMUP + runs && !run.signal.aborted; count++) {
    await (await startProcess(bench.launcher, prepare)).exited;
    const { gone } = await system.measure(run);
    if (count >= WARMUP) times.push(gone);
  }
  return times;
}

function rowOf({ name, version, argv, turns }: Prepared, seed: number): HyperfineRow {
  const ours = turns.ours.flat();
  const theirs = turns.hyperfine.flat();
  const pairs = turns.ours.map((times, turn) => [median(times), median(turns.hyperfine[turn] ?? [])] as const);
  const ratio = median(ours) / median(theirs);
  return {
    name,
    version,
    argv: [...argv],
    ours: { samplesMs: ours, p50: median(ours) },
    hyperfine: { samplesMs: theirs, p50: median(theirs) },
    ratio,
    ci95: [...pairedRatio(pairs, seededRandom(seed)).ci95],
    within: Math.abs(ratio - 1) <= TOLERANCE,
  };
}
