/**
 * `ringside bench simulator`: the engine against a floor, against itself without a trace, and against SimPy, in rounds that
 * take turns, so that a drift of the machine meets all of them; then the longest trace that is promised.
 *
 * Speed is counted per second of processor time, which the kernel keeps apart for each process: others on the machine
 * lengthen the clock's seconds, and hardly these.
 */

import { setImmediate } from "node:timers/promises";
import { installLine } from "../../doctor/install-line.ts";
import { describeMachine } from "../machine.ts";
import { seededRandom, shuffled } from "../random.ts";
import type { Progress } from "../rounds.ts";
import { judgeRow } from "../speed/judge.ts";
import type { Quantity } from "../speed/quantity.ts";
import { percentile } from "../statistics.ts";
import { runCrowd, WAITING } from "./crowd.ts";
import { EVENTS_PER_CUSTOMER, MEAN_GAP_NS, MEAN_SERVICE_NS, runBare, runTraced, runUntraced } from "./one-server.ts";
import { type SimulatorReport, simulatorReportSchema } from "./schema.ts";
import { findSimpy, runSimpy, SIMPY_PACKAGE, type Simpy } from "./simpy.ts";
import { MOMENTS, type Travel, travel } from "./travel.ts";

export interface SimulatorSpeedOptions {
  readonly runs: number;
  readonly warmup: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly progress: (step: Progress | { readonly phase: "preparing"; readonly system: string }) => void;
  /** Customers of a round; SimPy serves fewer, since it counts them by the second. */
  readonly customers?: number;
  readonly simpyCustomers?: number;
  /** Events of the long trace. */
  readonly traceEvents?: number;
}

const CUSTOMERS = 1_000_000;
const SIMPY_CUSTOMERS = 20_000;
const MEBIBYTE = 1024 * 1024;

/** Per second, of each round. */
type Samples = { readonly [Name in keyof SimulatorReport["samples"]]: number[] };

/** Waiting times are summed up, so that what was simulated can be seen to be the same queue. */
interface Waits {
  nanoseconds: number;
  customers: number;
}

/**
 * Measures everything and judges it.
 *
 * @throws Error where our own runs do not agree with one another: they draw the same, so they have to
 */
export async function benchSimulator(options: SimulatorSpeedOptions): Promise<SimulatorReport> {
  const { seed, runs, warmup, signal, progress } = options;
  const startedAt = new Date().toISOString();
  // First, while the process has had nothing else in its memory.
  progress({ phase: "preparing", system: "the long trace" });
  const travelled = travel(seed, options.traceEvents);
  const simpy = findSimpy();
  const samples: Samples = {
    traced: [],
    tracedByTheClock: [],
    untraced: [],
    bare: [],
    crowded: [],
    simpyCustomers: [],
  };
  const waits = { ours: { nanoseconds: 0, customers: 0 }, simpy: { nanoseconds: 0, customers: 0 } };
  const systems = contestants(options, simpy, samples, waits);
  const random = seededRandom(seed);
  for (let round = 1 - warmup; round <= runs && !signal.aborted; round++) {
    for (const [system, run] of shuffled([...systems], random)) {
      if (signal.aborted) break;
      const counted = round > 0;
      progress(
        counted
          ? { phase: "run", round, rounds: runs, system }
          : { phase: "warm-up", round: round + warmup, rounds: warmup, system },
      );
      run(counted, seed + round + warmup);
      // Ctrl-C is heard between two runs.
      await setImmediate();
    }
  }
  return simulatorReportSchema.parse({
    schema: "ringside.simulator-speed/1",
    startedAt,
    interrupted: signal.aborted,
    machine: describeMachine(),
    node: process.version,
    protocol: {
      seed,
      runs,
      warmup,
      order: "shuffled in every round",
      workload: `M/M/1, a customer every ${MEAN_GAP_NS} ns, services of ${MEAN_SERVICE_NS} ns on average`,
    },
    rows: rowsOf(samples, travelled, simpy),
    notes: notesOf(samples, travelled, waits, simpy),
    samples,
  } satisfies SimulatorReport);
}

type Contestant = (counted: boolean, seed: number) => void;

function contestants(
  { customers = CUSTOMERS, simpyCustomers = SIMPY_CUSTOMERS }: SimulatorSpeedOptions,
  simpy: Simpy | undefined,
  samples: Samples,
  waits: { readonly ours: Waits; readonly simpy: Waits },
): Map<string, Contestant> {
  // What the three come to with one seed; they draw the same.
  const expected = new Map<number, number>();
  const agree = (seed: number, waited: number): void => {
    const before = expected.get(seed) ?? waited;
    expected.set(seed, before);
    if (before !== waited) throw new Error(`with seed ${seed} customers wait ${before} ns, and ${waited} ns`);
  };
  const ours: readonly (readonly ["traced" | "untraced" | "bare", typeof runTraced])[] = [
    ["traced", (seed, count) => runTraced(seed, count)],
    ["untraced", runUntraced],
    ["bare", runBare],
  ];
  const rows = ours.map(([name, run]): [string, Contestant] => [
    name,
    (counted, seed) => {
      const startedMs = performance.now();
      const started = process.cpuUsage();
      const { events, waited } = run(seed, customers);
      const { user, system } = process.cpuUsage(started);
      agree(seed, waited);
      if (!counted) return;
      samples[name].push((events * 1e6) / (user + system));
      if (name !== "traced") return;
      samples.tracedByTheClock.push((events * 1e3) / (performance.now() - startedMs));
      waits.ours.nanoseconds += waited;
      waits.ours.customers += customers;
    },
  ]);
  rows.push([
    "crowded",
    (counted, seed) => {
      const started = process.cpuUsage();
      const events = runCrowd(seed, customers);
      const { user, system } = process.cpuUsage(started);
      if (counted) samples.crowded.push((events * 1e6) / (user + system));
    },
  ]);
  if (simpy === undefined) return new Map(rows);
  const run: Contestant = (counted, seed) => {
    const what = { seed, customers: simpyCustomers, meanGapNs: MEAN_GAP_NS, meanServiceNs: MEAN_SERVICE_NS };
    const { seconds, served, waited } = runSimpy(simpy, what);
    if (!counted) return;
    samples.simpyCustomers.push(served / seconds);
    waits.simpy.nanoseconds += waited;
    waits.simpy.customers += served;
  };
  return new Map([...rows, ["SimPy", run]]);
}

function rowsOf(samples: Samples, travelled: Travel, simpy: Simpy | undefined): SimulatorReport["rows"] {
  const perSecond = (system: string, values: readonly number[]): Quantity => {
    const value = median(values);
    if (value === undefined) return { kind: "none", reason: `${system}: not measured`, fix: "npm run bench:simulator" };
    return { kind: "figure", figure: { system, value, unit: "1/s", n: values.length } };
  };
  const missing = { kind: "none", reason: "SimPy: not installed", fix: installLine([SIMPY_PACKAGE]) } as const;
  const traced = perSecond("tracing on", samples.traced);
  const ourCustomers = perSecond(
    "ours",
    samples.traced.map((events) => events / EVENTS_PER_CUSTOMER),
  );
  const peer = simpy === undefined ? missing : perSecond("SimPy", samples.simpyCustomers);
  const bytes: Quantity = figure("trace", travelled.peakBytes, "bytes", 1);
  const moment: Quantity = figure("keyframes", travelled.p99Ms, "ms", MOMENTS);
  return [
    judgeRow({ measure: "events a second of one core", goal: { bound: "at least", value: 5e6 } }, traced, undefined),
    judgeRow(
      { measure: "events a second, tracing on", goal: { bound: "at least", value: 0.4 } },
      traced,
      perSecond("no trace", samples.untraced),
    ),
    judgeRow(
      { measure: "events a second, tracing on", goal: { bound: "at least", value: 0.3 } },
      traced,
      perSecond("bare loop", samples.bare),
    ),
    judgeRow({ measure: "customers a second, tracing on", goal: { bound: "at least", value: 20 } }, ourCustomers, peer),
    judgeRow(
      { measure: "memory of a process with a trace of 10 million events", goal: { bound: "at most", value: 1e9 } },
      bytes,
      undefined,
    ),
    judgeRow(
      { measure: "any moment of that trace, 99th percentile", goal: { bound: "at most", value: 50 } },
      moment,
      undefined,
    ),
  ];
}

function figure(system: string, value: number, unit: "bytes" | "ms", n: number): Quantity {
  return { kind: "figure", figure: { system, value, unit, n } };
}

function notesOf(
  samples: Samples,
  travelled: Travel,
  waits: { readonly ours: Waits; readonly simpy: Waits },
  simpy: Simpy | undefined,
): string[] {
  const clock = median(samples.tracedByTheClock);
  const crowded = median(samples.crowded);
  const mean = ({ nanoseconds, customers }: Waits) => `${(nanoseconds / customers / 1e6).toFixed(2)} ms`;
  const theory = (MEAN_SERVICE_NS * MEAN_SERVICE_NS) / (MEAN_GAP_NS - MEAN_SERVICE_NS) / 1e6;
  return [
    "seconds of processor time, all threads of the process; medians of rounds that take turns",
    ...(clock === undefined
      ? []
      : [`by the clock, beside whatever else ran here: ${(clock / 1e6).toFixed(2)} M events/s`]),
    "tracing on: a span for each service and the number of customers at each event, three rows for two events",
    "no trace: the same engine and queue; bare loop: the same draws by a binary heap and a loop written for this queue alone",
    ...(crowded === undefined
      ? []
      : [`with ${WAITING} events waiting at any time, no trace: ${(crowded / 1e6).toFixed(2)} M events/s`]),
    "SimPy: a process for each customer who asks a resource for service, as in its manual; no trace",
    ...(waits.ours.customers === 0
      ? []
      : [
          `mean wait: ours ${mean(waits.ours)}, ${simpy === undefined || waits.simpy.customers === 0 ? "" : `SimPy ${mean(waits.simpy)}, `}theory ${theory.toFixed(2)} ms`,
        ]),
    `the long trace: ${travelled.events} events, ${travelled.rows} rows, ${Math.round(travelled.columnBytes / MEBIBYTE)} MiB of columns; its keyframes made once in ${travelled.openMs.toFixed(0)} ms`,
    `${MOMENTS} random moments of it: the slowest took ${travelled.worstMs.toFixed(2)} ms`,
    `versions: Node ${process.version}${simpy === undefined ? "" : `, ${simpy.version}`}`,
  ];
}

function median(values: readonly number[]): number | undefined {
  return values.length === 0
    ? undefined
    : percentile(
        values.toSorted((left, right) => left - right),
        0.5,
      );
}
