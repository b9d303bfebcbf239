/**
 * A whole comparison from one protocol: the parts after one another, each with its share of the time that is left. What a
 * part does not need goes to those after it.
 */

import { RingsideError } from "../error.ts";
import { benchDensity, DEFAULT_INSTANCES, DEFAULT_MEMORY_SHARE } from "./density/density.ts";
import { DENSITY_SYSTEMS } from "./density/systems.ts";
import { describeLimits, limitsFor } from "./limits.ts";
import { describeMachine } from "./machine.ts";
import { benchMigration, DEFAULT_BANDWIDTH_BYTES } from "./migration/bench.ts";
import { migrationPart } from "./migration/entry.ts";
import { benchOverhead, DEFAULT_RUNS } from "./overhead/overhead.ts";
import { OVERHEAD_WORLDS } from "./overhead/worlds.ts";
import type { BenchProtocol } from "./protocol.ts";
import type { Circumstances, Step, TimedSample } from "./rounds.ts";
import { type BenchReport, benchReportSchema, type Unavailable } from "./schema.ts";
import { benchStartup } from "./startup.ts";
import { STARTUP_SYSTEMS } from "./systems.ts";
import { explain } from "./trial.ts";

export interface WholeOptions {
  /** Ends the benchmark; the report then has what was measured until then. */
  readonly signal: AbortSignal;
  progress(step: Step): void;
  /** Told what it will take at most, and how many starts were planned. */
  announce?(line: string): void;
  /** Told every sample of a start as it comes. */
  onSample?(system: string, circumstances: Circumstances, sample: TimedSample): void;
}

/** What a part is given: the protocol with the limits of this part. */
interface PartOptions extends WholeOptions {
  readonly limits: BenchProtocol["limits"];
  readonly seed: number;
}

/** What a part gives: what of a report is its own. */
type PartReport = Partial<Omit<BenchReport, "schema" | "benchmark" | "startedAt">>;

interface Part {
  readonly name: "startup" | "overhead" | "density" | "migration";
  /** Of the time, against the other parts'. */
  readonly weight: number;
  run(protocol: BenchProtocol, options: PartOptions): Promise<PartReport>;
}

/** A migration's guest: as `ringside bench migration` has it unless told otherwise. */
const MIGRATED_GUEST = {
  machine: "microvm",
  memoryBytes: 256 * 1024 ** 2,
  intervalUs: 10_000,
  workingSetBytes: 64 * 1024 ** 2,
  writesPerSecond: 8000,
  downtimeLimitMs: 30,
  bandwidthBytesPerSecond: DEFAULT_BANDWIDTH_BYTES,
  lastResort: "none",
} as const;

const PARTS: readonly Part[] = [
  {
    name: "startup",
    weight: 12,
    async run({ startup }, options) {
      if (startup === undefined) return {};
      const { systems, runs, warmup, baseline, conditions } = startup;
      return await benchStartup({
        ...options,
        systems: new Map(systems.map(({ name, system = name }) => [name, rowNamed(STARTUP_SYSTEMS, system)])),
        runs,
        runsOf: new Map(systems.flatMap(({ name, runs: own }) => (own === undefined ? [] : [[name, own] as const]))),
        warmup,
        conditions,
        ...(baseline === undefined ? {} : { baseline }),
      });
    },
  },
  {
    name: "overhead",
    weight: 3,
    async run({ overhead }, options) {
      if (overhead === undefined) return {};
      const { systems, runs = DEFAULT_RUNS } = overhead;
      const worlds = new Map(systems.map((name) => [name, rowNamed(OVERHEAD_WORLDS, name)]));
      return await benchOverhead({ ...options, worlds, runs });
    },
  },
  {
    name: "density",
    weight: 4,
    async run({ density }, options) {
      if (density === undefined) return {};
      const { systems, image, instances = DEFAULT_INSTANCES, memoryShare = DEFAULT_MEMORY_SHARE } = density;
      const rows = new Map(systems.map((name) => [name, rowNamed(DENSITY_SYSTEMS, name)]));
      return await benchDensity({
        ...options,
        systems: rows,
        instances,
        memoryShare,
        ...(image === undefined ? {} : { image }),
      });
    },
  },
  {
    name: "migration",
    weight: 2,
    async run({ migration }, { seed, signal, progress }) {
      if (migration === undefined) return {};
      const report = await benchMigration({ ...MIGRATED_GUEST, runs: migration.attempts, seed, signal, progress });
      return { migration: [migrationPart(report)] };
    },
  },
];

/** @throws RingsideError naming what there is */
function rowNamed<Row>(rows: ReadonlyMap<string, Row>, name: string): Row {
  const row = rows.get(name);
  if (row !== undefined) return row;
  throw new RingsideError(`benchmark: there is no system ${name}`, { fix: `there are ${[...rows.keys()].join(", ")}` });
}

/** A whole report needs no more than this, as `npm run bench` makes it. */
const WHOLE_SECONDS = 540;

/** The protocol of `npm run bench`: everything that is known, under every condition, in under ten minutes. */
export function wholeProtocol(timeSeconds: number = WHOLE_SECONDS, seed = 1): BenchProtocol {
  const at = (concurrency: number, runs: number) =>
    ({ workload: "byte", cache: "warm", concurrency, runs }) as const satisfies Circumstances & { runs: number };
  return {
    schema: "ringside.bench-protocol/1",
    seed,
    startup: {
      systems: [...STARTUP_SYSTEMS.keys()].map((name) => ({ name })),
      runs: 40,
      warmup: 2,
      baseline: "process",
      conditions: [
        { workload: "serve", cache: "warm", concurrency: 1, runs: 10 },
        { workload: "byte", cache: "cold", concurrency: 1, runs: 4 },
        at(2, 16),
        at(4, 16),
        at(8, 16),
        at(16, 32),
      ],
    },
    overhead: { systems: [...OVERHEAD_WORLDS.keys()] },
    density: { systems: [...DENSITY_SYSTEMS.keys()] },
    migration: { attempts: 5 },
    limits: { timeSeconds },
  };
}

/**
 * Does what a protocol says. A part that cannot be measured at all is named with its reason, and the others are measured.
 * @throws RingsideError where the protocol names what there is not, or a limit is beyond this machine
 */
export async function runProtocol(protocol: BenchProtocol, options: WholeOptions): Promise<BenchReport> {
  checkNames(protocol);
  const beganMs = performance.now();
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  const limits = limitsFor(protocol.limits);
  options.announce?.(describeLimits(limits));
  const parts = PARTS.filter(({ name }) => protocol[name] !== undefined);
  if (parts.length === 0) {
    throw new RingsideError("benchmark: the protocol has no part", {
      fix: `give it one of ${PARTS.map(({ name }) => name).join(", ")}`,
    });
  }
  const reports: PartReport[] = [];
  const unavailable: Unavailable[] = [];
  for (const [index, part] of parts.entries()) {
    if (options.signal.aborted) break;
    const spentSeconds = (performance.now() - beganMs) / 1000;
    const shares = sharesOf(parts.slice(index), limits.timeSeconds - spentSeconds);
    const { timeSeconds: _, ...others } = protocol.limits;
    const timeSeconds = Number.isFinite(shares.ownSeconds) ? { timeSeconds: Math.max(1, shares.ownSeconds) } : {};
    try {
      const progress = withinWhole(part, spentSeconds, shares, options.progress);
      const announce = (line: string) => options.announce?.(`${part.name}: ${line}`);
      const asked = { ...options, progress, announce, seed: protocol.seed, limits: { ...others, ...timeSeconds } };
      reports.push(await part.run(protocol, asked));
    } catch (error) {
      if (!options.signal.aborted) unavailable.push({ name: part.name, ...explain(error) });
    }
  }
  const took = (performance.now() - beganMs) / 1000;
  return merge(protocol, reports, {
    startedAt,
    machine,
    interrupted: options.signal.aborted,
    unavailable,
    benchmark: parts.length === 1 ? BENCHMARKS[parts[0]?.name ?? "startup"] : "whole",
    limits: { ...limits, timeSeconds: Number.isFinite(limits.timeSeconds) ? limits.timeSeconds : took },
  });
}

/**
 * Before anything is measured: a wrong name is no system that is missing here.
 * @throws RingsideError naming what there is
 */
function checkNames({ startup, density, overhead }: BenchProtocol): void {
  for (const { name, system = name } of startup?.systems ?? []) rowNamed(STARTUP_SYSTEMS, system);
  for (const name of density?.systems ?? []) rowNamed(DENSITY_SYSTEMS, name);
  for (const name of overhead?.systems ?? []) rowNamed(OVERHEAD_WORLDS, name);
  const names = startup?.systems.map(({ name }) => name) ?? [];
  const meant = [startup?.baseline ?? [], ...(startup?.conditions ?? []).map(({ systems = [] }) => systems)].flat();
  const wrong =
    meant.find((name) => !names.includes(name)) ?? names.find((name, index) => names.indexOf(name) !== index);
  if (wrong === undefined) return;
  throw new RingsideError(
    `benchmark: ${wrong} is ${names.includes(wrong) ? "twice" : "not"} among the systems of the protocol`,
    { fix: "give each of startup.systems a name of its own, and name only those as baseline and in conditions" },
  );
}

/** What a report of one part alone calls itself; a migration has no report of its own in this format. */
const BENCHMARKS: Readonly<Record<Part["name"], BenchReport["benchmark"]>> = {
  startup: "startup",
  overhead: "overhead",
  density: "density",
  migration: "whole",
};

interface Shares {
  /** Infinity without a limit. */
  readonly ownSeconds: number;
  readonly laterSeconds: number;
}

function sharesOf(parts: readonly Part[], leftSeconds: number): Shares {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const ownSeconds = leftSeconds * ((parts[0]?.weight ?? 0) / total);
  return { ownSeconds, laterSeconds: leftSeconds - ownSeconds };
}

/** A part's own progress as that of the whole, where the time is limited: else nobody knows how long the others take. */
function withinWhole(
  { name }: Part,
  spentSeconds: number,
  { ownSeconds, laterSeconds }: Shares,
  progress: WholeOptions["progress"],
): WholeOptions["progress"] {
  return (step) => {
    if (step.phase === "preparing") return progress(step);
    const { fraction, leftSeconds, ...rest } = step;
    const part = step.part === undefined ? name : `${name}: ${step.part}`;
    if (!Number.isFinite(ownSeconds)) return progress({ ...step, part });
    const whole = spentSeconds + ownSeconds + laterSeconds;
    const left = Math.min(leftSeconds ?? ownSeconds * (1 - (fraction ?? 0)), ownSeconds) + laterSeconds;
    progress({ ...rest, part, fraction: Math.max(0, 1 - left / whole), leftSeconds: left });
  };
}

type Frame = Pick<BenchReport, "startedAt" | "machine" | "interrupted" | "unavailable" | "benchmark"> &
  Required<Pick<BenchReport, "limits">>;

function merge(protocol: BenchProtocol, reports: readonly PartReport[], frame: Frame): BenchReport {
  const [first] = reports.flatMap((report) => report.protocol ?? []);
  const definitions = reports.flatMap((report) => report.protocol?.definition ?? []);
  const definition: BenchProtocol = Object.assign({}, protocol, ...definitions, {
    seed: protocol.seed,
    limits: protocol.limits,
  });
  return benchReportSchema.parse({
    schema: "ringside.bench/1",
    ...frame,
    unavailable: distinct([...reports.flatMap(({ unavailable = [] }) => unavailable), ...frame.unavailable]),
    protocol: {
      ...(first ?? {
        runs: 1,
        warmup: 0,
        order: "none",
        cache: "warm",
        concurrency: 1,
        settle: "none",
        workload: "none",
      }),
      seed: protocol.seed,
      definition,
    },
    systems: reports.flatMap(({ systems = [] }) => systems),
    ...one("comparisons", reports),
    ...one("density", reports),
    ...one("overhead", reports),
    ...one("migration", reports),
  });
}

/** What is missing for several parts for the same reason is said once. */
function distinct(unavailable: readonly Unavailable[]): Unavailable[] {
  return [...new Map(unavailable.map((one) => [`${one.name}: ${one.reason}`, one])).values()];
}

/** The part of the one report that has it; nothing where none has. */
function one<Key extends "comparisons" | "density" | "overhead" | "migration">(
  key: Key,
  reports: readonly PartReport[],
): PartReport {
  const found = reports.find((report) => report[key] !== undefined);
  return found === undefined ? {} : { [key]: found[key] };
}
