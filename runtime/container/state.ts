/**
 * What is known of each container, in the state directory that every Ringside process shares. Whether a container runs
 * is never written down: it is asked of the kernel each time.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { EXIT_CODES, RingsideError } from "../error.ts";
import { places } from "./directories.ts";
import { isAlive } from "./process-identity.ts";

const processSchema = z.object({ pid: z.int(), startTicks: z.int() });

const exitSchema = z.object({
  status: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("exited"), code: z.int() }),
    z.object({ kind: z.literal("signaled"), signal: z.string() }),
  ]),
  at: z.string(),
  oomKilled: z.boolean(),
});

const stateSchema = z.object({
  schema: z.literal("ringside.container/1"),
  id: z.string(),
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  createdAt: z.string(),
  /** Whose container it is: with kind lab it dies with this process. */
  owner: processSchema.extend({ kind: z.literal("lab") }),
  /** The container's PID 1, as the host numbers it; absent until it has exec'd. */
  init: processSchema.optional(),
  exit: exitSchema.optional(),
  remove: z.boolean(),
  cgroups: z.array(z.string()),
  layer: z.string(),
  labels: z.record(z.string(), z.string()),
  /** The OCI configuration that the plan was compiled from, for `inspect` and `exec`. */
  config: z.record(z.string(), z.unknown()),
});

export type ContainerRecord = z.infer<typeof stateSchema>;
export type ContainerStatus = "creating" | "running" | "exited";
export type ContainerState = ContainerRecord & { readonly status: ContainerStatus };

const ID = /^[0-9a-f]{12}$/;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

function statusOf(record: ContainerRecord): ContainerStatus {
  if (record.exit !== undefined) return "exited";
  if (record.init !== undefined) return isAlive(record.init.pid, record.init.startTicks) ? "running" : "exited";
  return isAlive(record.owner.pid, record.owner.startTicks) ? "creating" : "exited";
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
  const { states, names, layers } = places();
  for (const directory of [states, names, layers]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    symlinkSync(id, join(names, name));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    const holder = readlinkSync(join(names, name));
    if (readRecord(holder) === undefined && !ownerMayBeStarting(holder)) {
      release(holder, name);
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
  renameSync(temporary, join(directory, "state.json"));
}

function readRecord(id: string): ContainerRecord | undefined {
  if (!ID.test(id)) return undefined;
  try {
    const parsed = stateSchema.safeParse(JSON.parse(readFileSync(join(places().states, id, "state.json"), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** A cgroup is busy for a moment after its last process has died (cgroups(7)). */
const CGROUP_ATTEMPTS = 50;
const CGROUP_WAIT_MS = 2;

/** Usually the launcher has removed them; when it was killed itself, nobody has. */
function removeCgroups(directories: readonly string[]): void {
  for (const directory of directories) {
    for (let attempt = 0; attempt < CGROUP_ATTEMPTS; attempt++) {
      try {
        rmdirSync(directory);
        break;
      } catch (error) {
        if (errorCode(error) !== "EBUSY") break;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, CGROUP_WAIT_MS);
      }
    }
  }
}

/** Lets go of an id and its name, of its control groups, and of what the container wrote. */
export function release(id: string, name: string, cgroups: readonly string[] = []): void {
  removeCgroups(cgroups);
  const { states, names, layers } = places();
  rmSync(join(layers, id), { recursive: true, force: true });
  rmSync(join(states, id), { recursive: true, force: true });
  try {
    if (readlinkSync(join(names, name)) === id) rmSync(join(names, name), { force: true });
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
export function sweep(): void {
  sweepRecords();
  sweepLayers();
}

/** A container has its state from before it writes anything until after all of it is gone. */
function sweepLayers(): void {
  const { states, layers } = places();
  const known = new Set(entries(states));
  const orphans = entries(layers).filter((id) => ID.test(id) && !known.has(id));
  for (const id of orphans) rmSync(join(layers, id), { recursive: true, force: true });
}

function sweepRecords(): void {
  for (const { id, name, status, remove, owner, cgroups } of listContainers()) {
    if (status !== "exited" || isAlive(owner.pid, owner.startTicks)) continue;
    if (remove) release(id, name, cgroups);
    else removeCgroups(cgroups);
  }
}
