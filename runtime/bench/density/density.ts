/**
 * `ringside bench density`: how many instances of one image fit into a machine. In every world idle instances are added one
 * by one, and each time is asked what all of them take. It stops before the machine suffers, and ends them all.
 */

import { setTimeout } from "node:timers/promises";
import { RingsideError } from "../../error.ts";
import { BASE_IMAGE, findImage } from "../../image/image.ts";
import { acceptHybridCgroups } from "../hybrid-cgroups.ts";
import { type Limits, limitsFor } from "../limits.ts";
import { describeMachine } from "../machine.ts";
import type { BenchProtocol } from "../protocol.ts";
import type { Step } from "../rounds.ts";
import { type BenchReport, benchReportSchema, type DensityReport, type Unavailable } from "../schema.ts";
import type { Workbench } from "../system.ts";
import { explain } from "../trial.ts";
import { openWorkbench } from "../workbench.ts";
import { fitLine } from "./fit.ts";
import { allocatedBytes, chargedBytes, proportionalBytes, withDescendants } from "./footprint.ts";
import { type Bounds, floorBytes, mebibytes, memoryNow, type Reached, whyStop } from "./guard.ts";
import type { DensityRow, DensitySystem, Idle, Instance } from "./system.ts";

export interface DensityOptions {
  /** By name, in the order in which they are measured. */
  readonly systems: ReadonlyMap<string, DensityRow>;
  readonly image?: string | undefined;
  /** At most so many of each system. */
  readonly instances?: number | undefined;
  /** At most this share of the machine's memory for the instances of a system. */
  readonly memoryShare?: number | undefined;
  readonly limits?: BenchProtocol["limits"];
  /** Ends the benchmark; the report then has what was measured until then. */
  readonly signal: AbortSignal;
  progress(step: Step): void;
  /** Told before it begins what it will take at most. */
  announce?(line: string): void;
}

/** What of a report is this benchmark's. */
export interface DensityPart {
  readonly density: DensityReport[];
  readonly unavailable: Unavailable[];
}

export const DEFAULT_INSTANCES = 16;
export const DEFAULT_MEMORY_SHARE = 0.25;
const DEFAULT_TIME_SECONDS = 300;
const MS_PER_SECOND = 1000;
const INTERRUPTED = "it was interrupted";
/** Idles in every image that has a shell's usual commands. */
const COMMAND = ["sleep", "1000000"];
const WORKLOAD = `${COMMAND.join(" ")}, which only waits`;

/**
 * Measures and reports; whatever was started for it is gone afterwards.
 * @throws RingsideError when nothing could be measured at all: no launcher, no such image
 */
export async function benchDensity(options: DensityOptions): Promise<BenchReport> {
  const [startedAt, machine] = [new Date().toISOString(), describeMachine()];
  const { instances = DEFAULT_INSTANCES, memoryShare = DEFAULT_MEMORY_SHARE, image = BASE_IMAGE } = options;
  const limits = densityLimits(options);
  options.announce?.(announcement(limits, instances));
  await using cleanup = new AsyncDisposableStack();
  const bench = await openWorkbench(cleanup, { image: requireImage(image) });
  const { density, unavailable } = await measureDensity(bench, options, limits);
  return benchReportSchema.parse({
    schema: "ringside.bench/1",
    benchmark: "density",
    startedAt,
    interrupted: options.signal.aborted,
    machine,
    protocol: {
      seed: 1,
      runs: instances,
      warmup: 0,
      order: "one system after the other, each with instances added one by one and ended before the next",
      cache: "warm: what the first instance reads stays in the page cache for the others",
      concurrency: 1,
      settle: "after each start until it is idle, for as long as its notes say",
      workload: WORKLOAD,
      definition: {
        schema: "ringside.bench-protocol/1",
        seed: 1,
        density: { systems: [...options.systems.keys()], image, instances, memoryShare },
        limits: options.limits ?? {},
      },
    },
    limits,
    systems: [],
    density,
    unavailable,
  } satisfies BenchReport);
}

function requireImage(name: string) {
  const image = findImage(name);
  if (image !== undefined) return image;
  throw new RingsideError(`bench density: there is no image ${name}`, {
    fix: "ringside image ls, ringside image build",
  });
}

/**
 * What it takes at most: the smaller of the share and what may be used anyway.
 * @throws RingsideError where more is asked for than there is
 */
export function densityLimits({ limits = {}, memoryShare = DEFAULT_MEMORY_SHARE }: Partial<DensityOptions>): Limits {
  const { timeSeconds = DEFAULT_TIME_SECONDS, ...asked } = limits;
  const known = limitsFor({ ...asked, timeSeconds });
  const shareBytes = Math.floor(memoryNow().totalBytes * memoryShare);
  return { ...known, memoryBytes: Math.min(known.memoryBytes, shareBytes) };
}

function announcement({ timeSeconds, memoryBytes, diskBytes }: Limits, instances: number): string {
  const floor = mebibytes(floorBytes(memoryNow().totalBytes));
  return `at most: ${instances} instances of each system, ${Math.ceil(timeSeconds)} s, ${mebibytes(memoryBytes)} of memory (${floor} stay available in any case), ${mebibytes(diskBytes)} of disk`;
}

/**
 * Measures on a workbench that is there.
 * @param limits of all systems together; each has its share of the time that is left
 */
export async function measureDensity(bench: Workbench, options: DensityOptions, limits: Limits): Promise<DensityPart> {
  const { systems, signal, instances = DEFAULT_INSTANCES, image = BASE_IMAGE, progress } = options;
  const endMs = performance.now() + limits.timeSeconds * MS_PER_SECOND;
  const density: DensityReport[] = [];
  const unavailable: Unavailable[] = [];
  // What it starts is no instance's: so it is there before anything is counted.
  await acceptHybridCgroups(bench).catch(() => undefined);
  let left = systems.size;
  for (const [name, row] of systems) {
    if (signal.aborted) break;
    progress({ phase: "preparing", system: name });
    const helpers = new Set(withDescendants([bench.launcher.pid]));
    try {
      const idle = { image, command: COMMAND };
      const system = await row.prepare(bench, idle);
      const bounds = {
        instances,
        memoryBytes: limits.memoryBytes,
        diskBytes: limits.diskBytes,
        deadlineMs: performance.now() + (endMs - performance.now()) / left,
      };
      density.push(await fill(system, { name, row, idle, bounds, helpers, bench, signal, progress }));
    } catch (error) {
      if (!signal.aborted) unavailable.push({ name, ...explain(error) });
    }
    left--;
  }
  return { density, unavailable };
}

interface Filling {
  readonly name: string;
  readonly row: DensityRow;
  readonly idle: Idle;
  readonly bounds: Bounds;
  /** The launcher, and what it had started before: they are nobody's instances. */
  readonly helpers: ReadonlySet<number>;
  readonly bench: Workbench;
  readonly signal: AbortSignal;
  progress(step: Step): void;
}

type Point = DensityReport["points"][number];

/** Adds instances until there is a reason to stop, and ends them all. @throws Error where not even one starts */
async function fill(system: DensitySystem, filling: Filling): Promise<DensityReport> {
  const { name, row, idle, bounds, signal, progress } = filling;
  const availableBytes = memoryNow().availableBytes;
  const points: Point[] = [];
  let stoppedBecause: string | undefined;
  let processes = 0;
  await using running = new AsyncDisposableStack();
  while (stoppedBecause === undefined) {
    stoppedBecause = signal.aborted
      ? INTERRUPTED
      : whyStop(bounds, reached(system, points, availableBytes), memoryNow());
    if (stoppedBecause !== undefined) break;
    const number = points.length + 1;
    progress({ phase: "run", round: number, rounds: bounds.instances, system: name });
    try {
      const startMs = await startOne(system, number, running);
      await setTimeout(system.idleAfterMs);
      const started = startedProcesses(system, filling);
      if (started.length <= processes) throw new Error("its program has ended by itself");
      processes = started.length;
      points.push(pointOf(system, started, { number, startMs, availableBytes }));
    } catch (error) {
      if (number === 1) throw error;
      stoppedBecause = `number ${number} did not start: ${explain(error).reason}`;
    }
  }
  return {
    ...{ name, world: row.world, accelerator: system.accelerator, image: idle.image, points },
    lines: linesOf(points),
    stoppedBecause,
    notes: [`${system.version}; idle: ${system.idleAfterMs} ms after its start`, ...system.notes],
  };
}

async function startOne(system: DensitySystem, number: number, running: AsyncDisposableStack): Promise<number> {
  const beganMs = performance.now();
  const instance: Instance = await system.start(number);
  const startMs = performance.now() - beganMs;
  running.defer(() => instance.stop());
  return startMs;
}

/** How far it is; the next one takes as much as those before did on average, the first one what the system says. */
function reached({ memoryBytes }: DensitySystem, points: readonly Point[], availableBytes: number): Reached {
  const last = points.at(-1);
  const each = (bytes: number) => Math.max(0, bytes / (last?.instances ?? 1));
  return {
    instances: points.length,
    availableBeforeBytes: availableBytes,
    nextBytes: last === undefined ? memoryBytes : Math.max(each(last.availableDropBytes), each(last.pssBytes ?? 0)),
    diskBytes: last?.diskBytes ?? 0,
    nextDiskBytes: each(last?.diskBytes ?? 0),
    nowMs: performance.now(),
  };
}

/** All of them, without the launcher and what it had started before. */
function startedProcesses(system: DensitySystem, { bench, helpers }: Filling): number[] {
  return withDescendants([bench.launcher.pid, ...system.processes()]).filter((pid) => !helpers.has(pid));
}

interface Now {
  readonly number: number;
  readonly startMs: number;
  /** Before the first instance. */
  readonly availableBytes: number;
}

function pointOf(system: DensitySystem, started: readonly number[], now: Now): Point {
  const groups = system.memoryGroups();
  return {
    instances: now.number,
    startMs: now.startMs,
    pssBytes: proportionalBytes(started),
    cgroupBytes: groups === undefined ? null : chargedBytes(groups),
    availableDropBytes: now.availableBytes - memoryNow().availableBytes,
    diskBytes: allocatedBytes(system.directories()),
  };
}

/** What a line is laid through, by its name in the report. */
const QUANTITIES: readonly (readonly [keyof DensityReport["lines"], (point: Point) => number | null])[] = [
  ["pss", ({ pssBytes }) => pssBytes],
  ["cgroup", ({ cgroupBytes }) => cgroupBytes],
  ["available", ({ availableDropBytes }) => availableDropBytes],
  ["disk", ({ diskBytes }) => diskBytes],
];

function linesOf(points: readonly Point[]): DensityReport["lines"] {
  const lines: DensityReport["lines"] = {};
  for (const [name, of] of QUANTITIES) {
    const known = points.flatMap((point) => {
      const value = of(point);
      return value === null ? [] : [[point.instances, value] as const];
    });
    const line = fitLine(known);
    if (line !== undefined) lines[name] = { slopeBytes: line.slope, interceptBytes: line.intercept, r2: line.r2 };
  }
  return lines;
}
