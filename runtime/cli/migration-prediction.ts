/** What the simulator's model of pre-copy (simulator/virtualization/migration.ts) says of a migration that was measured. */
import { CostBook } from "../../simulator/costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile } from "../../simulator/costs/profiles.ts";
import { Random } from "../../simulator/engine/random.ts";
import { idleMemory, migrate, PAGE_BYTES } from "../../simulator/virtualization/migration.ts";
import type { MigrationReport } from "../bench/migration/schema.ts";
import type { MigrationPrediction } from "../bench/migration/text.ts";

const NS_PER_MS = 1e6;
const US_PER_SECOND = 1e6;
const MAX_ROUNDS = 100;

/**
 * @returns the model's answer for the same memory, write rate, bandwidth and limit; undefined where nothing was moved, or
 *   something was done that the model has not got (post-copy after a pass)
 */
export function predictMigration({ migrations, options, guest }: MigrationReport): MigrationPrediction | undefined {
  const done = migrations.filter((migration) => migration.kind === "done");
  const [first] = done;
  const profile = findProfile(DEFAULT_PROFILE);
  if (first === undefined || profile === undefined || options.lastResort === "post-copy") return undefined;
  const costs = new CostBook(profile);
  const pages = Math.floor(guest.memoryBytes / PAGE_BYTES);
  const { rounds, totalNs, downtimeNs } = migrate({
    costs,
    random: new Random(options.seed, "migration"),
    mode: "pre-copy",
    // As many pages with something in them as QEMU found to send whole, less those that it sent again.
    memory: idleMemory(pages, Math.max(0, pages - first.uniformPages)),
    writesPerSecond: options.writesPerSecond,
    workingSet: Math.floor(options.workingSetBytes / PAGE_BYTES),
    bytesPerMicrosecond: options.bandwidthBytesPerSecond / US_PER_SECOND,
    downtimeLimitNs: options.downtimeLimitMs * NS_PER_MS,
    maxRounds: MAX_ROUNDS,
    lastResort: options.lastResort === "auto-converge" ? "throttle" : "stop",
    tuned: true,
  });
  return {
    totalMs: totalNs / NS_PER_MS,
    downtimeMs: downtimeNs / NS_PER_MS,
    rounds: rounds.length,
    model: `pre-copy with the same memory, writes and bandwidth, costs ${DEFAULT_PROFILE} (hardware)`,
  };
}
