/** Reports as tests need them: a few systems with samples of a known kind. */
import type { BenchProtocol } from "../../runtime/bench/protocol.ts";
import { type Random, seededRandom } from "../../runtime/bench/random.ts";
import { type BenchReport, benchReportSchema } from "../../runtime/bench/schema.ts";
import { summaryOf } from "../../runtime/bench/system-report.ts";

export interface MadeReport {
  readonly seed?: number;
  readonly samples?: number;
  /** How much longer each system takes; the systems are the keys. */
  readonly scale?: Readonly<Record<string, number>>;
  readonly definition?: Partial<NonNullable<BenchProtocol["startup"]>>;
  readonly kernel?: string;
}

/** A report of systems whose start times are skewed, 10 ms at least, times their scale. */
export function madeReport({
  seed = 1,
  samples = 30,
  scale = { process: 1, crun: 4 },
  definition = {},
  kernel = "Linux 6.18.0",
}: MadeReport = {}): BenchReport {
  const random = seededRandom(seed);
  const systems = Object.entries(scale).map(([name, factor]) => ({
    name,
    world: name === "process" ? "process" : "container",
    version: `${name} 1`,
    accelerator: null,
    notes: [],
    marks: { firstByte: made(random, samples, factor), gone: made(random, samples, factor * 1.5) },
    rounds: Array.from({ length: samples }, (_, index) => index + 1),
  }));
  return benchReportSchema.parse({
    schema: "ringside.bench/1",
    benchmark: "startup",
    startedAt: "2026-11-23T09:00:00.000Z",
    interrupted: false,
    machine: { kernel, cpu: "Example", cores: 2, memoryBytes: 1e9, cgroupMode: "v2" },
    protocol: {
      ...{ seed, runs: samples, warmup: 1, order: "shuffled", cache: "warm", concurrency: 1 },
      ...{ settle: "yes", workload: "a program" },
      definition: {
        schema: "ringside.bench-protocol/1",
        seed,
        startup: { systems: Object.keys(scale).map((name) => ({ name })), runs: samples, warmup: 1, ...definition },
      },
    },
    systems,
    unavailable: [],
  });
}

function made(random: Random, count: number, factor: number) {
  return summaryOf(
    Array.from({ length: count }, () => factor * (10 - Math.log(1 - random()))),
    1,
  );
}
