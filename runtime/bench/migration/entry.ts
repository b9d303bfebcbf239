/** The benchmark of migration as a part of the whole report (../schema.ts). */
import { seededRandom } from "../random.ts";
import type { MigrationReport as Part } from "../schema.ts";
import { summarize } from "../statistics.ts";
import type { MigrationDone, MigrationReport } from "./schema.ts";

/** @returns the part for `ringside.bench/1`: attempts, pauses as the counter shows them, whole times */
export function migrationPart(report: MigrationReport): Part {
  const { guest, migrations, counter, notes } = report;
  const done = migrations.filter((migration) => migration.kind === "done");
  const random = seededRandom(report.options.seed);
  const mark = (of: (migration: MigrationDone) => number) => {
    const samplesMs = done.map(of);
    const { p50, p95, p99, ci95 } = summarize(samplesMs, random);
    const interval: [number, number] = [ci95[0], ci95[1]];
    return { samplesMs, p50, p95, p99, ci95: interval };
  };
  const isWhole = counter.missed === 0 && counter.doubled === 0 && counter.wrongPages === 0;
  return {
    name: `qemu-${guest.machine}-${/TCG/.test(guest.accelerator) ? "tcg" : "kvm"}`,
    accelerator: guest.accelerator,
    version: `QEMU ${guest.version}`,
    attempts: Math.max(1, migrations.length),
    succeeded: done.length,
    // One counter lives through all of them: a value that is missing could have gone in any.
    counterComplete: isWhole ? done.length : 0,
    ...(done.length > 0 && {
      downtimeMs: mark(({ gapByHostClockMs }) => gapByHostClockMs),
      totalMs: mark(({ totalMs }) => totalMs),
      transferredBytes: done.map(({ transferredBytes }) => transferredBytes),
    }),
    notes,
  };
}
