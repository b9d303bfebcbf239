/**
 * The containers that there are. Whether one runs is never written down: it is asked of the kernel each time.
 */
import { isFrozen } from "../cgroup/freezer.ts";
import { EXIT_CODES, RingsideError } from "../error.ts";
import { places } from "./directories.ts";
import { isAlive } from "./process-identity.ts";
import { type ContainerRecord, readRecord } from "./record.ts";
import { entries } from "./reserve.ts";

export type ContainerStatus = "creating" | "running" | "paused" | "exited";
export type ContainerState = ContainerRecord & { readonly status: ContainerStatus };

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
