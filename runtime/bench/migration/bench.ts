/**
 * The benchmark of live migration: one guest that counts and writes memory is moved from QEMU to QEMU, again and again, on
 * this machine; each destination is the next one's source. Its counter must not notice (counter.ts).
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Launcher } from "../../../native/kernel.ts";
import { RingsideError, reasonOf } from "../../error.ts";
import { BASE_IMAGE } from "../../image/image.ts";
import { guestKernel } from "../../vm/guest-files.ts";
import { requireQemu } from "../../vm/host.ts";
import type { VirtualMachine } from "../../vm/machine.ts";
import { type CounterLine, continuityOf, standstillOf } from "../../vm/migration/counter.ts";
import { BANDWIDTH_BYTES_PER_SECOND, type LastResort, type Migration } from "../../vm/migration/dialogue.ts";
import { startVm } from "../../vm/start.ts";
import type { AcceleratorName, MachineType } from "../../vm/vmm.ts";
import { openJournal } from "../journal.ts";
import { describeMachine } from "../machine.ts";
import { seededRandom } from "../random.ts";
import type { Step } from "../rounds.ts";
import { summarize } from "../statistics.ts";
import { MovedGuest } from "./moved-guest.ts";
import {
  type MigrationDone,
  type MigrationFailed,
  type MigrationReport,
  SUMMARIES,
  type SummaryName,
} from "./schema.ts";

export interface MigrationBenchOptions {
  readonly runs: number;
  readonly seed: number;
  readonly machine: MachineType;
  readonly accelerator?: AcceleratorName;
  readonly memoryBytes: number;
  readonly intervalUs: number;
  readonly workingSetBytes: number;
  readonly writesPerSecond: number;
  readonly downtimeLimitMs: number;
  readonly bandwidthBytesPerSecond: number;
  readonly lastResort: LastResort;
  readonly signal?: AbortSignal;
  readonly progress?: (step: Step) => void;
}

/** What QEMU sends in a second unless it is told otherwise. */
export const DEFAULT_BANDWIDTH_BYTES = BANDWIDTH_BYTES_PER_SECOND;

/** Lines of the counter on either side of a migration: from them come its usual pace and the distance of the clocks. */
const LINES_AROUND = 40;
const NS_PER_MS = 1e6;
const KIB = 1024;
const SYSTEM = "live migration";

/**
 * Moves a guest so many times.
 *
 * @throws RingsideError when the guest cannot be started; a migration that fails is part of the report
 */
export async function benchMigration(options: MigrationBenchOptions): Promise<MigrationReport> {
  const startedAt = new Date().toISOString();
  await using launcher = await Launcher.open();
  const journal = openJournal();
  const work = mkdtempSync(join(tmpdir(), "ringside-migration-"));
  journal.will({ kind: "directory", path: work });
  try {
    options.progress?.({ phase: "preparing", system: SYSTEM });
    const vm = await startVm(launcher, {
      image: BASE_IMAGE,
      command: counterCommand(options),
      env: [],
      machine: options.machine,
      memoryBytes: options.memoryBytes,
      ...(options.accelerator !== undefined && { accelerator: options.accelerator }),
    });
    const guest = new MovedGuest(vm);
    try {
      const migrations = await moveAgainAndAgain(launcher, guest, work, options);
      return reportOf({ startedAt, options, vm, migrations, guest });
    } finally {
      await guest.end();
    }
  } finally {
    await journal.close();
  }
}

function counterCommand({ intervalUs, workingSetBytes, writesPerSecond }: MigrationBenchOptions): string[] {
  return ["ringside-counter", String(intervalUs), String(Math.floor(workingSetBytes / KIB)), String(writesPerSecond)];
}

async function moveAgainAndAgain(
  launcher: Launcher,
  guest: MovedGuest,
  work: string,
  options: MigrationBenchOptions,
): Promise<(MigrationDone | MigrationFailed)[]> {
  const migrations: (MigrationDone | MigrationFailed)[] = [];
  for (let number = 1; number <= options.runs && options.signal?.aborted !== true; number++) {
    options.progress?.({
      phase: "run",
      round: number,
      rounds: options.runs,
      system: SYSTEM,
      fraction: (number - 1) / options.runs,
    });
    migrations.push(await moveOnce(launcher, guest, join(work, String(number % 2)), { number, options }));
  }
  return migrations;
}

interface Attempt {
  readonly number: number;
  readonly options: MigrationBenchOptions;
}

async function moveOnce(
  launcher: Launcher,
  guest: MovedGuest,
  place: string,
  { number, options }: Attempt,
): Promise<MigrationDone | MigrationFailed> {
  // Only the lines of this stay belong to this migration: with every one before, the clocks drew further apart.
  const firstLine = guest.lines.length;
  await guest.linesMore(LINES_AROUND);
  try {
    const { migration, resumedNs } = await guest.move(launcher, place, options);
    await guest.linesMore(LINES_AROUND);
    return doneOf(number, migration, resumedNs, guest.lines.slice(firstLine));
  } catch (error) {
    const heard = guest.lines.length;
    await guest.linesMore(1).catch(() => undefined);
    return { kind: "failed", number, reason: reasonOf(error), sourceRanOn: guest.lines.length > heard };
  }
}

function doneOf(number: number, migration: Migration, resumedNs: number, lines: readonly CounterLine[]): MigrationDone {
  const { startNs } = migration;
  const sinceStart = (ns: number): number => (ns - startNs) / NS_PER_MS;
  const standstill = standstillOf(lines, startNs, resumedNs);
  if (standstill === undefined) throw new RingsideError("the counter printed too little to say anything of its pace");
  return {
    kind: "done",
    number,
    totalMs: migration.totalMs,
    setupMs: migration.setupMs,
    qemuDowntimeMs: migration.downtimeMs,
    stoppedMs: Math.max(0, (resumedNs - migration.stoppedNs) / NS_PER_MS),
    gapByHostClockMs: standstill.byHostClockMs,
    gapByGuestClockMs: standstill.byGuestClockMs,
    clockLagMs: standstill.clockLagMs,
    transferredBytes: migration.transferredBytes,
    wholePages: migration.wholePages,
    uniformPages: migration.uniformPages,
    rounds: migration.rounds.map(({ pass, startNs: from, endNs, transferredBytes }) => ({
      pass,
      startMs: sinceStart(from),
      endMs: sinceStart(endNs),
      transferredBytes,
    })),
    samples: migration.samples.map((sample) => ({
      atMs: Math.max(0, sinceStart(sample.atNs)),
      transferredBytes: sample.transferredBytes,
      remainingBytes: sample.remainingBytes,
      dirtyPagesPerSecond: sample.dirtyPagesPerSecond,
      throttlePercent: sample.throttlePercent,
      pagesAskedFor: sample.pagesAskedFor,
    })),
  };
}

interface Measured {
  readonly startedAt: string;
  readonly options: MigrationBenchOptions;
  readonly vm: VirtualMachine;
  readonly migrations: readonly (MigrationDone | MigrationFailed)[];
  readonly guest: MovedGuest;
}

function reportOf({ startedAt, options, vm, migrations, guest }: Measured): MigrationReport {
  const { kernel, cpu, cores, memoryBytes } = describeMachine();
  const { runs, seed, machine, intervalUs, workingSetBytes, writesPerSecond } = options;
  const { downtimeLimitMs, bandwidthBytesPerSecond, lastResort } = options;
  return {
    schema: "ringside.migration/1",
    startedAt,
    interrupted: options.signal?.aborted === true,
    machine: { kernel, cpu, cores, memoryBytes },
    guest: {
      vmm: "qemu",
      version: requireQemu().version,
      machine,
      accelerator: vm.accelerator,
      kernel: guestKernel().version,
      image: BASE_IMAGE,
      memoryBytes: options.memoryBytes,
    },
    options: {
      runs,
      seed,
      intervalUs,
      workingSetBytes,
      writesPerSecond,
      downtimeLimitMs,
      bandwidthBytesPerSecond,
      lastResort,
    },
    migrations: [...migrations],
    counter: continuityOf(guest.lines, guest.strange),
    summaries: summariesOf(migrations, seed),
    notes: [
      `accelerator ${vm.accelerator}: ${vm.acceleratorReason}`,
      "one guest, moved again and again between QEMU processes of this machine, over a unix socket: no network card, no second machine",
      "the standstill ends when the destination's guest is told to go on, which is after QEMU has said that all of it has arrived: QEMU's own figure does not contain that",
      "a guest's clock that stands still with the guest shows no gap; that it has lagged behind the host's is shown by the distance of the two clocks before and after",
    ],
  };
}

function summariesOf(migrations: readonly (MigrationDone | MigrationFailed)[], seed: number) {
  const done = migrations.filter((migration) => migration.kind === "done");
  const random = seededRandom(seed);
  const summary = (name: SummaryName) => {
    const { p50, p95, p99, ci95 } = summarize(
      done.map((migration) => migration[name]),
      random,
    );
    return { p50, p95, p99, ci95: [ci95[0], ci95[1]] as [number, number] };
  };
  if (done.length === 0) return {};
  return Object.fromEntries(SUMMARIES.map((name) => [name, summary(name)]));
}
