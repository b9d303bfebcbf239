/**
 * `ringside bench runtime`: the container runtime against the floor of this machine and against its peers, one table.
 * The starts of all systems are interleaved in one run; throughput is measured in batches that take turns.
 */

import { benchStartup, type StartupOptions } from "../startup.ts";
import type { SystemRow, Workbench } from "../system.ts";
import { dockerRingsideSystem, dockerRuncSystem } from "../systems/docker.ts";
import { crunExecSystem, ringsideExecSystem } from "../systems/exec.ts";
import { STARTUP_SYSTEMS } from "../systems.ts";
import { openWorkbench } from "../workbench.ts";
import { IDLE_CONTAINERS, idleMemory } from "./idle-memory.ts";
import { judgeAll } from "./judge.ts";
import { crunTries, leastMemory, ourTries } from "./least-memory.ts";
import { type Quantity, quantity } from "./quantity.ts";
import { type SpeedReport, speedReportSchema } from "./schema.ts";
import { AT_A_TIME, crunStarts, ourStarts, STARTS, throughputFigure, throughputOf } from "./throughput.ts";

export type SpeedOptions = Omit<StartupOptions, "systems">;

const BATCHES = 3;
const OF_STARTUP = ["process", "floor", "container", "crun", "container-command", "podman"];

const NOTES = [
  "warm: our launcher is up, while the commands of other runtimes start cold; rows named whole command include Node's start",
  "the floor is a command too: forked and executed by the same launcher for every start",
  `throughput: ${STARTS} starts, ${AT_A_TIME} at a time, each until all of it is gone; ours and crun's take turns, median of ${BATCHES}`,
  `memory per idle container: the mean PSS (smaps_rollup) of the monitors of ${IDLE_CONTAINERS} containers of ringside run -d that sleep`,
  "smallest memory limit: in steps of 4 KiB, the least with which true ended with 0 three times",
];

/** The systems whose single starts are timed. */
export function speedSystems(): Map<string, SystemRow> {
  return new Map([
    ...[...STARTUP_SYSTEMS].filter(([name]) => OF_STARTUP.includes(name)),
    ["exec", ringsideExecSystem],
    ["crun-exec", crunExecSystem],
    ["docker-ringside", dockerRingsideSystem],
    ["docker-runc", dockerRuncSystem],
  ]);
}

/**
 * Measures everything and judges it.
 *
 * @throws RingsideError when nothing could be measured at all: no launcher, no image
 */
export async function benchSpeed(options: SpeedOptions): Promise<SpeedReport> {
  const starts = await benchStartup({ ...options, systems: speedSystems() });
  const quantities = starts.interrupted ? new Map<string, Quantity>() : await measureQuantities(options);
  const rows = judgeAll({ starts, quantities });
  return speedReportSchema.parse({ schema: "ringside.speed/1", rows, notes: NOTES, starts } satisfies SpeedReport);
}

async function measureQuantities({ signal, progress }: SpeedOptions): Promise<Map<string, Quantity>> {
  await using cleanup = new AsyncDisposableStack();
  const bench = await openWorkbench(cleanup);
  const measured = new Map<string, Quantity>();
  const work: readonly (readonly [string, () => Promise<Quantity>])[] = [
    ["idle memory", () => quantity(() => idleMemory(bench))],
    ["our least memory", () => quantity(() => leastMemory("container", ourTries(bench)))],
    ["crun's least memory", () => quantity(() => leastMemory("crun", crunTries(bench)))],
  ];
  for (const [name, measure] of work) {
    if (signal.aborted) return measured;
    progress({ phase: "preparing", system: name });
    measured.set(name, await measure());
  }
  progress({ phase: "preparing", system: "throughput" });
  for (const [name, value] of await throughputs(bench, signal)) measured.set(name, value);
  return measured;
}

/** Batches of ours and of crun's take turns, so that a drift of the machine meets both. */
async function throughputs(bench: Workbench, signal: AbortSignal): Promise<Map<string, Quantity>> {
  const ours: number[] = [];
  const others: number[] = [];
  let crun: Quantity | undefined;
  const own = await quantity(async () => {
    for (let round = 0; round < BATCHES && !signal.aborted; round++) {
      ours.push(await throughputOf(ourStarts(bench)));
      crun = await quantity(async () => {
        others.push(await throughputOf(await crunStarts(bench)));
        return throughputFigure("crun", others);
      });
    }
    return throughputFigure("container", ours);
  });
  return new Map([["our throughput", own], ...(crun === undefined ? [] : [["crun's throughput", crun] as const])]);
}
