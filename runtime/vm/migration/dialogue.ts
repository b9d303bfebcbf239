/**
 * Live migration between two QEMU processes of this machine, spoken over QMP: QEMU's docs/devel/migration.rst and the
 * chapter "Migration" of its QMP reference manual.
 *
 * The order is libvirt's: the destination is there and paused (`-S`, `-incoming defer`), the source sends its memory while
 * its guest runs, stops, and sends the rest; only when QEMU has said that all of it has arrived does the caller let the
 * destination's guest run. Until that moment the source can go on as if nothing had been. After a switch to post-copy it
 * cannot: the destination runs at once, and fetches the rest.
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { monotonicNs } from "../../../native/kernel.ts";
import { RingsideError, reasonOf } from "../../error.ts";
import { wallOffsetNs } from "../qemu-trace.ts";
import type { Qmp, QmpEvent } from "../qmp.ts";

/** What is done about a guest that writes faster than the connection carries. */
export const LAST_RESORTS = ["none", "auto-converge", "post-copy"] as const;
export type LastResort = (typeof LAST_RESORTS)[number];

export interface MigrationOptions {
  /** How long the guest may stand still, as QEMU reckons it in advance; QEMU's own 300 ms unless given. */
  readonly downtimeLimitMs?: number;
  /** QEMU's own 128 MiB/s unless given. */
  readonly bandwidthBytesPerSecond?: number;
  /** `none` unless given. */
  readonly lastResort?: LastResort;
  /** After that it is given up; two minutes unless given. */
  readonly timeLimitMs?: number;
  /** Gives it up. */
  readonly signal?: AbortSignal;
}

/** What the source said at one moment; times are CLOCK_MONOTONIC. */
export interface MigrationSample {
  readonly atNs: number;
  readonly status: string;
  readonly transferredBytes: number;
  readonly remainingBytes: number;
  readonly totalBytes: number;
  /** As QEMU found it between its last two looks at the dirty log; 0 until there were two. */
  readonly dirtyPagesPerSecond: number;
  /** How often the dirty log has been read. */
  readonly syncs: number;
  /** By how much the guest is slowed down (auto-converge). */
  readonly throttlePercent: number;
  /** Pages that the destination's guest had to wait for (post-copy). */
  readonly pagesAskedFor: number;
}

/** One pass over the memory: the first over all of it, each next over what has been written meanwhile. */
export interface MigrationRound {
  readonly pass: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly transferredBytes: number;
}

export interface Migration {
  readonly startNs: number;
  /** When QEMU said that all of it had arrived. */
  readonly endNs: number;
  /** When the source stopped its guest. */
  readonly stoppedNs: number;
  /** When the destination's guest began to run by itself, after a switch to post-copy. */
  readonly resumedNs: number | undefined;
  /** QEMU's own figures. */
  readonly totalMs: number;
  readonly setupMs: number;
  readonly downtimeMs: number;
  readonly transferredBytes: number;
  readonly memoryBytes: number;
  readonly pageBytes: number;
  /** Pages that were sent whole, and those that hold one byte all over, of which only that was sent. */
  readonly wholePages: number;
  readonly uniformPages: number;
  readonly samples: readonly MigrationSample[];
  readonly rounds: readonly MigrationRound[];
}

/** QEMU's own. */
const DOWNTIME_LIMIT_MS = 300;
export const BANDWIDTH_BYTES_PER_SECOND = 128 * 1024 ** 2;
const TIME_LIMIT_MS = 120_000;
const CANCEL_LIMIT_MS = 10_000;
const ARRIVAL_LIMIT_MS = 10_000;
const POLL_MS = 20;
const PASSES_BEFORE_POST_COPY = 2;

const ramSchema = z.object({
  transferred: z.int(),
  remaining: z.int(),
  total: z.int(),
  duplicate: z.int(),
  normal: z.int(),
  "dirty-pages-rate": z.int(),
  "dirty-sync-count": z.int(),
  "page-size": z.int(),
  "postcopy-requests": z.int(),
});

const answerSchema = z.object({
  /** Absent until there was a migration. */
  status: z.string().default("none"),
  "total-time": z.int().default(0),
  "setup-time": z.int().default(0),
  downtime: z.int().default(0),
  "cpu-throttle-percentage": z.int().default(0),
  "error-desc": z.string().optional(),
  ram: ramSchema.optional(),
});
type Answer = z.infer<typeof answerSchema>;

/**
 * Moves a guest. When this returns, the source's guest stands still and nothing more is needed of it, and the destination
 * has all of it; where it was paused so far, it waits for `cont`.
 *
 * @param source its QMP
 * @param destination QMP of one that was started with the same devices and `-incoming defer`
 * @param socketPath where the destination may make a unix socket; it removes it
 * @throws RingsideError saying why not; the source's guest runs on then as before, the destination is of no use any more
 */
export async function migrateGuest(
  source: Qmp,
  destination: Qmp,
  socketPath: string,
  options: MigrationOptions = {},
): Promise<Migration> {
  await prepare(source, destination, options);
  const offsetNs = wallOffsetNs(monotonicNs);
  const watched = watchEvents(source, destination, offsetNs);
  const timeLimit = AbortSignal.timeout(options.timeLimitMs ?? TIME_LIMIT_MS);
  try {
    await destination.execute("migrate-incoming", { uri: `unix:${socketPath}` });
    const startNs = monotonicNs();
    await source.execute("migrate", { uri: `unix:${socketPath}` });
    const samples: MigrationSample[] = [];
    let switched = false;
    for (;;) {
      const answer = await source.query("query-migrate", answerSchema);
      if (answer.ram !== undefined) samples.push(sampleOf(answer, answer.ram));
      if (answer.status === "completed") {
        const endNs = await arrived(source, destination);
        return finished(answer, { startNs, endNs, samples, watched });
      }
      if (FAILED.has(answer.status)) throw notDone(answer["error-desc"] ?? "the destination has gone");
      if (options.lastResort === "post-copy" && !switched && ripe(answer)) {
        // The destination's guest is to run as soon as it can: there is no way back from here.
        await destination.execute("cont");
        await source.execute("migrate-start-postcopy");
        switched = true;
      }
      if (!switched && (timeLimit.aborted || options.signal?.aborted === true)) {
        await cancel(source);
        throw givenUp(samples.at(-1), timeLimit.aborted);
      }
      await Promise.race([delay(POLL_MS), watched.event()]);
    }
  } finally {
    watched.stop();
  }
}

const FAILED = new Set(["failed", "cancelled"]);

async function prepare(source: Qmp, destination: Qmp, options: MigrationOptions): Promise<void> {
  const {
    downtimeLimitMs = DOWNTIME_LIMIT_MS,
    bandwidthBytesPerSecond = BANDWIDTH_BYTES_PER_SECOND,
    lastResort = "none",
  } = options;
  const capabilities = [
    { capability: "events", state: true },
    // The destination says when it has all of it: else the source would take what it has sent for arrived.
    { capability: "return-path", state: true },
    { capability: "auto-converge", state: lastResort === "auto-converge" },
    { capability: "postcopy-ram", state: lastResort === "post-copy" },
  ];
  // The destination first: where it cannot, such as post-copy without userfaultfd(2), nothing has been touched.
  await destination.execute("migrate-set-capabilities", { capabilities });
  await source.execute("migrate-set-capabilities", { capabilities });
  // Always both: the source may remember those of an attempt before.
  await source.execute("migrate-set-parameters", {
    "downtime-limit": downtimeLimitMs,
    "max-bandwidth": bandwidthBytesPerSecond,
  });
}

/**
 * Waits for the destination's own word that it is complete. Until then the source's guest could go on, and does so where
 * that word does not come.
 *
 * @returns when it came
 */
async function arrived(source: Qmp, destination: Qmp): Promise<number> {
  try {
    const limit = AbortSignal.timeout(ARRIVAL_LIMIT_MS);
    for (;;) {
      const { status, "error-desc": reason } = await destination.query("query-migrate", answerSchema);
      if (status === "completed") return monotonicNs();
      if (FAILED.has(status) || limit.aborted) throw notDone(reason ?? "the destination is not complete");
      await delay(1);
    }
  } catch (error) {
    await source.execute("cont");
    throw error instanceof RingsideError ? error : notDone(reasonOf(error));
  }
}

/** Once round all memory before: else the destination would fetch nearly everything, page by page. */
function ripe({ status, ram }: Answer): boolean {
  return status === "active" && (ram?.["dirty-sync-count"] ?? 0) >= PASSES_BEFORE_POST_COPY;
}

async function cancel(source: Qmp): Promise<void> {
  await source.execute("migrate_cancel");
  const limit = AbortSignal.timeout(CANCEL_LIMIT_MS);
  for (;;) {
    const { status } = await source.query("query-migrate", answerSchema);
    if (status !== "cancelling" || limit.aborted) return;
    await delay(POLL_MS);
  }
}

interface Watched {
  readonly passes: { readonly pass: number; readonly atNs: number }[];
  stoppedNs: number | undefined;
  resumedNs: number | undefined;
  /** Settled with the next event: a look just then finds what a pass has sent. */
  event(): Promise<void>;
  stop: () => void;
}

/** Events carry QEMU's own stamps, which are closer to what happened than the moment at which we read of it. */
function watchEvents(source: Qmp, destination: Qmp, offsetNs: number): Watched {
  const passSchema = z.object({ pass: z.int() });
  const at = (event: QmpEvent): number =>
    event.wallNs === undefined ? monotonicNs() : Math.round(event.wallNs - offsetNs);
  let next = Promise.withResolvers<void>();
  const watched: Watched = {
    passes: [],
    stoppedNs: undefined,
    resumedNs: undefined,
    event: () => next.promise,
    stop: () => undefined,
  };
  const ends = [
    destination.onEvent((event) => {
      if (event.name === "RESUME") watched.resumedNs = at(event);
    }),
    source.onEvent((event) => {
      if (event.name === "STOP") watched.stoppedNs = at(event);
      const pass = event.name === "MIGRATION_PASS" ? passSchema.safeParse(event.data) : undefined;
      if (pass?.success === true) watched.passes.push({ pass: pass.data.pass, atNs: at(event) });
      next.resolve();
      next = Promise.withResolvers();
    }),
  ];
  watched.stop = () => {
    for (const end of ends) end();
  };
  return watched;
}

function sampleOf(answer: Answer, ram: z.infer<typeof ramSchema>): MigrationSample {
  return {
    atNs: monotonicNs(),
    status: answer.status,
    transferredBytes: ram.transferred,
    remainingBytes: ram.remaining,
    totalBytes: ram.total,
    dirtyPagesPerSecond: ram["dirty-pages-rate"],
    syncs: ram["dirty-sync-count"],
    throttlePercent: answer["cpu-throttle-percentage"],
    pagesAskedFor: ram["postcopy-requests"],
  };
}

interface Run {
  readonly startNs: number;
  readonly endNs: number;
  readonly samples: readonly MigrationSample[];
  readonly watched: Watched;
}

function finished(answer: Answer, { startNs, endNs, samples, watched }: Run): Migration {
  const { ram } = answer;
  return {
    startNs,
    endNs,
    stoppedNs: watched.stoppedNs ?? endNs,
    resumedNs: watched.resumedNs,
    totalMs: answer["total-time"],
    setupMs: answer["setup-time"],
    downtimeMs: answer.downtime,
    transferredBytes: ram?.transferred ?? 0,
    memoryBytes: ram?.total ?? 0,
    pageBytes: ram?.["page-size"] ?? 0,
    wholePages: ram?.normal ?? 0,
    uniformPages: ram?.duplicate ?? 0,
    samples,
    rounds: roundsOf(watched, samples, endNs),
  };
}

/** QEMU tells when a pass begins; what was sent in it is read off the samples. The last pass is the one at standstill. */
function roundsOf(
  { passes, stoppedNs }: Watched,
  samples: readonly MigrationSample[],
  endNs: number,
): MigrationRound[] {
  const sentUntil = (ns: number): number => samples.findLast(({ atNs }) => atNs <= ns)?.transferredBytes ?? 0;
  const starts = passes.map(({ atNs }, index) =>
    stoppedNs !== undefined && index === passes.length - 1 && stoppedNs < atNs ? stoppedNs : atNs,
  );
  return passes.map(({ pass }, index) => {
    const [startNs = endNs, nextNs = endNs] = starts.slice(index);
    const until = index === passes.length - 1 ? (samples.at(-1)?.transferredBytes ?? 0) : sentUntil(nextNs);
    return { pass, startNs, endNs: nextNs, transferredBytes: Math.max(0, until - sentUntil(startNs)) };
  });
}

function notDone(reason: string): RingsideError {
  return new RingsideError(`the guest could not be moved: ${reason}; it runs on where it was`, {
    fix: "try again; ringside vm ps shows it",
  });
}

function givenUp(last: MigrationSample | undefined, isLate: boolean): RingsideError {
  if (!isLate) return notDone("it was given up");
  const rate = last === undefined ? "" : ` (it writes ${last.dirtyPagesPerSecond} pages a second)`;
  return new RingsideError(
    `the guest could not be moved in time: it writes memory faster than the connection carries it${rate}; it runs on where it was`,
    {
      fix: "--last-resort auto-converge slows it down, --last-resort post-copy moves it first and its memory after it",
    },
  );
}
