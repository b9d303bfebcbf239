/** `ringside bench migration`: a running guest is moved from QEMU to QEMU, and must not notice. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { benchMigration, DEFAULT_BANDWIDTH_BYTES, type MigrationBenchOptions } from "../bench/migration/bench.ts";
import { migrationText } from "../bench/migration/text.ts";
import { migrationTimeline } from "../bench/migration/timeline.ts";
import { parseMemory } from "../container/options.ts";
import { reasonOf } from "../error.ts";
import { LAST_RESORTS, type LastResort } from "../vm/migration/dialogue.ts";
import { type AcceleratorName, MACHINE_TYPES, type MachineType } from "../vm/vmm.ts";
import { deliver, INTERRUPTED, interruptible, parseCount } from "./bench-options.ts";
import { predictMigration } from "./migration-prediction.ts";
import { requireTimelineFile, writeTimeline } from "./timeline-file.ts";

interface MigrationArguments {
  readonly runs: number;
  readonly seed: number;
  readonly machine: MachineType;
  readonly accelerator: AcceleratorName | "auto";
  readonly memory: number;
  readonly pace: number;
  readonly workingSet: number;
  readonly writes: number;
  readonly downtimeLimit: number;
  readonly bandwidth: number;
  readonly lastResort: LastResort;
  readonly json?: string | true;
  readonly timeline?: string;
}

const MIB = 1024 ** 2;
const US_PER_MS = 1000;

const HELP = `
A guest counts at a steady pace, each value with the time by its own clock, and writes memory at a set rate. It is moved to
another QEMU on this machine, from there to the next, and so on. The counter must miss nothing and say nothing twice, and
each page must hold what was written there last. It takes about three seconds a run, and twice the guest's memory.

Examples:
  ringside bench migration
  ringside bench migration --runs 3 --writes 20000 --timeline migration.json
  ringside bench migration --runs 3 --bandwidth 16M --last-resort post-copy`;

/** Adds `migration` to `ringside bench`. */
export function addMigration(bench: Command): void {
  bench
    .command("migration")
    .description("live migration of a running guest: standstill, rounds, and whether its counter notices")
    .option("--runs <n>", "migrations", parseCount(1), 20)
    .option("--seed <n>", "of the intervals", parseCount(0), 1)
    .addOption(new Option("--machine <type>", "what QEMU emulates").choices(MACHINE_TYPES).default("microvm"))
    .addOption(
      new Option("--accelerator <name>", "how the guest runs; auto decides by a booted probe")
        .choices(["auto", "kvm", "tcg"])
        .default("auto"),
    )
    .option("-m, --memory <amount>", "the guest's memory", amount, 256 * MIB)
    .option("--pace <ms>", "between two values of the counter", parseCount(1), 10)
    .option("--working-set <amount>", "memory that the guest writes, round and round", amount, 64 * MIB)
    .option("--writes <n>", "pages that it writes in a second", parseCount(0), 8000)
    .option(
      "--downtime-limit <ms>",
      "how long it may stand still, as QEMU reckons it (QEMU's own: 300)",
      parseCount(1),
      30,
    )
    .option(
      "--bandwidth <amount>",
      "bytes a second between the two, QEMU's own unless given",
      amount,
      DEFAULT_BANDWIDTH_BYTES,
    )
    .addOption(
      new Option("--last-resort <what>", "what is done about a guest that writes faster than it can be sent")
        .choices(LAST_RESORTS)
        .default("none"),
    )
    .option("--json [file]", "write ringside.migration/1 to a file, or (- or none) to standard output")
    .option("--timeline <file>", "write passes and counters as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .addHelpText("after", HELP)
    .action(runMigration);
}

function amount(written: string): number {
  try {
    return parseMemory(written);
  } catch (error) {
    throw new InvalidArgumentError(`${reasonOf(error)}.`);
  }
}

async function runMigration(given: MigrationArguments): Promise<void> {
  requireTimelineFile(given.timeline);
  const report = await interruptible((measuring) => benchMigration({ ...optionsOf(given), ...measuring }));
  if (given.timeline !== undefined) writeTimeline(given.timeline, migrationTimeline(report));
  deliver(report, migrationText(report, predictMigration(report)), report.interrupted, given.json);
  const { missed, doubled, wrongPages } = report.counter;
  const isWhole = missed + doubled + wrongPages === 0 && report.migrations.every(({ kind }) => kind === "done");
  process.exitCode = report.interrupted ? INTERRUPTED : isWhole ? 0 : 1;
}

function optionsOf({ accelerator, ...given }: MigrationArguments): MigrationBenchOptions {
  return {
    runs: given.runs,
    seed: given.seed,
    machine: given.machine,
    memoryBytes: given.memory,
    intervalUs: given.pace * US_PER_MS,
    workingSetBytes: given.workingSet,
    writesPerSecond: given.writes,
    downtimeLimitMs: given.downtimeLimit,
    bandwidthBytesPerSecond: given.bandwidth,
    lastResort: given.lastResort,
    ...(accelerator !== "auto" && { accelerator }),
  };
}
