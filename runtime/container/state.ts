/**
 * What is known of each container, in the state directory that every Ringside process shares. Whether a container runs
 * is never written down: it is asked of the kernel each time.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
// zod/mini: zod itself would take longer to load than a container to start.
import * as z from "zod/mini";
import { lockFile, parseStatus } from "../../native/kernel.ts";
import { isFrozen } from "../cgroup/freezer.ts";
import { removeCgroups } from "../cgroup/remove.ts";
import { parseReports } from "../cgroup/reports.ts";
import { EXIT_CODES, RingsideError } from "../error.ts";
import { places } from "./directories.ts";
import { appendEvent } from "./events.ts";
import { exitCodeOf } from "./exit-code.ts";
import { EXIT_FILE } from "./monitor-steps.ts";
import { isAlive } from "./process-identity.ts";
import { removeDirectoryOf, removeLayer } from "./remove-layer.ts";

const processSchema = z.object({ pid: z.int(), startTicks: z.int() });

const exitSchema = z.object({
  status: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("exited"), code: z.int() }),
    z.object({ kind: z.literal("signaled"), signal: z.string(), core: z.optional(z.literal(true)) }),
  ]),
  at: z.string(),
  oomKilled: z.boolean(),
});

/** What a monitor writes when its container has ended (native/launcher/monitor-record.h). */
const monitorExitSchema = z.object({
  schema: z.literal("ringside.exit/1"),
  at: z.string(),
  waitStatus: z.int(),
  userUs: z.number(),
  systemUs: z.number(),
  maxRssKiB: z.number(),
  reports: z.record(z.string(), z.string()),
});

const stateSchema = z.object({
  schema: z.literal("ringside.container/1"),
  id: z.string(),
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  createdAt: z.string(),
  /** Whose container it is, and with whom it dies: a Ringside process, or a monitor of its own. */
  owner: z.extend(processSchema, { kind: z.enum(["lab", "monitor"]) }),
  /** The container's PID 1, as the host numbers it; absent until it has exec'd. */
  init: z.optional(processSchema),
  exit: z.optional(exitSchema),
  remove: z.boolean(),
  cgroups: z.array(z.string()),
  layer: z.string(),
  labels: z.record(z.string(), z.string()),
  /** What asks it to end, and how long it is given before it is killed; SIGTERM and ten seconds unless they are there. */
  stopSignal: z.optional(z.string()),
  stopTimeoutMs: z.optional(z.number()),
  /** The OCI configuration that the plan was compiled from, for `inspect` and `exec`. */
  config: z.record(z.string(), z.unknown()),
});

export type ContainerRecord = z.infer<typeof stateSchema>;
export type ContainerStatus = "creating" | "running" | "paused" | "exited";
export type ContainerExit = z.infer<typeof exitSchema>;
export type ContainerState = ContainerRecord & { readonly status: ContainerStatus };

const STATE_FILE = "state.json";
const LOCK_FILE = "lock";
const ID = /^[0-9a-f]{12}$/;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

function statusOf(record: ContainerRecord): ContainerStatus {
  if (record.exit !== undefined) return "exited";
  if (record.init !== undefined) {
    if (!isAlive(record.init.pid, record.init.startTicks)) return "exited";
    return isFrozen(record.cgroups) ? "paused" : "running";
  }
  return isAlive(record.owner.pid, record.owner.startTicks) ? "creating" : "exited";
}

const STATUS_WORDS: Readonly<Record<ContainerStatus, string>> = {
  creating: "it is not started yet",
  running: "it is running",
  paused: "it is paused",
  exited: "it has exited",
};

/** A status as the end of a sentence: why something cannot be done now. */
export function itIs(status: ContainerStatus): string {
  return STATUS_WORDS[status];
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** @throws RingsideError when `name` cannot be a container's name (Docker's rule) */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new RingsideError(`cannot name a container ${JSON.stringify(name)}`, {
    fix: "use letters, digits, '_', '.' and '-', beginning with a letter or digit, at most 128 characters",
  });
}

/** Makes the directory of a new container and takes its name. @throws RingsideError when the name is taken */
export function reserve(id: string, name: string): void {
  const { states, names, layers, logs } = places();
  // Made in this order: where the last is there, all have been made.
  for (const directory of existsSync(layers) && existsSync(names) ? [] : [states, logs, names, layers]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  try {
    symlinkSync(id, join(names, name));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    const holder = readlinkSync(join(names, name));
    if (readRecord(holder) === undefined && !ownerMayBeStarting(holder)) {
      releaseName(holder, name);
      reserve(id, name);
      return;
    }
    throw new RingsideError(`the name ${name} is taken by container ${holder}`, {
      fix: `ringside rm ${name}, or give another --name`,
    });
  }
  mkdirSync(join(states, id), { mode: 0o700 });
}

/** Between taking its name and writing its state a container has only its directory. */
function ownerMayBeStarting(id: string): boolean {
  try {
    readdirSync(join(places().states, id));
    return true;
  } catch {
    return false;
  }
}

/** Writes the whole state at once: readers see the old one or the new one. */
export function writeRecord(record: ContainerRecord): void {
  const directory = join(places().states, record.id);
  const temporary = join(directory, `state.json.${process.pid}`);
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, join(directory, STATE_FILE));
}

/**
 * Changes what is known of a container, so that two changes at a time both count (flock(2)).
 * @param change gets the record as it is
 */
export function changeRecord(id: string, change: (record: ContainerRecord) => ContainerRecord): void {
  using _lock = lockFile(join(places().states, id, LOCK_FILE));
  const record = readRecord(id);
  if (record !== undefined) writeRecord(change(record));
}

function readRecord(id: string): ContainerRecord | undefined {
  if (!ID.test(id)) return undefined;
  try {
    const directory = join(places().states, id);
    const parsed = stateSchema.safeParse(JSON.parse(readFileSync(join(directory, STATE_FILE), "utf8")));
    if (!parsed.success) return undefined;
    const exit = parsed.data.owner.kind === "monitor" ? readMonitorExit(join(directory, EXIT_FILE)) : undefined;
    return exit === undefined ? parsed.data : { ...parsed.data, exit };
  } catch {
    return undefined;
  }
}

function readMonitorExit(path: string): ContainerExit | undefined {
  try {
    const parsed = monitorExitSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    if (!parsed.success) return undefined;
    const { at, waitStatus, reports } = parsed.data;
    return { at, status: parseStatus(waitStatus), oomKilled: parseReports(reports).oomKilled };
  } catch {
    return undefined;
  }
}

/**
 * Lets go of an id and its name, of its control groups with whoever is left in them, and of what the container wrote.
 * @throws RingsideError when a process in the groups does not end
 */
export async function release(id: string, name: string, cgroups: readonly string[] = []): Promise<void> {
  // Usually the launcher has removed them; when it was killed itself, nobody has.
  await removeCgroups(cgroups);
  await removeForeign(join(places().layers, id));
  releaseName(id, name);
}

/** Only an ordinary user has layers that it may not remove as it is. */
async function removeForeign(layer: string): Promise<void> {
  if (process.geteuid?.() === 0 || !existsSync(layer)) return;
  const { removeForeignLayer } = await import("./remove-foreign-layer.ts");
  await removeForeignLayer(layer);
}

function releaseName(id: string, name: string): void {
  const { states, names, layers, logs } = places();
  removeLayer(join(layers, id));
  rmSync(join(logs, id), { recursive: true, force: true });
  removeDirectoryOf(join(states, id), STATE_FILE);
  try {
    if (readlinkSync(join(names, name)) === id) unlinkSync(join(names, name));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Every container, newest first. */
export function listContainers(): ContainerState[] {
  return entries(places().states)
    .flatMap((id) => {
      const record = readRecord(id);
      return record === undefined ? [] : [{ ...record, status: statusOf(record) }];
    })
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/**
 * Finds a container by its name, its id, or the beginning of its id.
 * @throws RingsideError when there is none, or more than one
 */
export function findContainer(idOrName: string): ContainerState {
  const all = listContainers();
  const exact = all.find(({ id, name }) => id === idOrName || name === idOrName);
  if (exact !== undefined) return exact;
  const beginning = all.filter(({ id }) => idOrName !== "" && id.startsWith(idOrName));
  const [found] = beginning;
  if (found !== undefined && beginning.length === 1) return found;
  throw new RingsideError(
    found === undefined
      ? `there is no container ${idOrName}`
      : `${idOrName} is the beginning of ${beginning.length} ids`,
    { fix: "ringside ps -a lists them", exitCode: EXIT_CODES.failure },
  );
}

/** Takes away what a Ringside that was killed could not take away itself. */
export async function sweep(): Promise<void> {
  await sweepRecords();
  await sweepLayers();
}

/** A container has its state from before it writes anything until after all of it is gone. */
async function sweepLayers(): Promise<void> {
  const { states, layers, logs } = places();
  const known = new Set(entries(states));
  for (const directory of [layers, logs]) {
    const orphans = entries(directory).filter((id) => ID.test(id) && !known.has(id));
    for (const id of orphans) {
      if (directory === layers) await removeForeign(join(directory, id));
      rmSync(join(directory, id), { recursive: true, force: true });
    }
  }
}

async function sweepRecords(): Promise<void> {
  for (const container of listContainers()) {
    const { id, name, status, remove, owner, cgroups } = container;
    if (isAlive(owner.pid, owner.startTicks)) continue;
    // What has lost its monitor dies of it, and is only kept from it by being frozen.
    if (status !== "exited" && owner.kind === "lab") continue;
    await removeCgroups(cgroups);
    if (owner.kind === "monitor" && container.exit === undefined) recordLostMonitor(container);
    if (!remove) continue;
    await removeForeign(join(places().layers, id));
    releaseName(id, name);
    appendEvent("destroy", container);
  }
}

/** The monitor was killed itself, and its container with it: SIGKILL, since that is how it dies with its parent. */
function recordLostMonitor(container: ContainerState): void {
  const exit: z.infer<typeof monitorExitSchema> = {
    schema: "ringside.exit/1",
    at: new Date().toISOString(),
    waitStatus: constants.signals.SIGKILL,
    userUs: 0,
    systemUs: 0,
    maxRssKiB: 0,
    reports: {},
  };
  const path = join(places().states, container.id, EXIT_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(exit), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  appendEvent("die", container, { exitCode: exitCodeOf(parseStatus(exit.waitStatus)), oomKilled: false });
}
