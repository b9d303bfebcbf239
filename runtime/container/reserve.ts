/**
 * A container's id and name, from when they are taken to when they are free again. Making a symbolic link is what
 * reserves a name; who is at it is written down before, by another one, so that nothing is left without an owner.
 */
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../native/error-code.ts";
import { removeCgroups } from "../cgroup/remove.ts";
import { RingsideError } from "../error.ts";
import { places } from "./directories.ts";
import { isAlive } from "./process-identity.ts";
import { type ContainerRecord, type ProcessNumbers, readRecord, STATE_FILE, writeRecord } from "./record.ts";
import { removeDirectoryOf, removeLayer } from "./remove-layer.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
/** Between taking its name and writing its record, a container has a link of this ending that says who is at it. */
const RESERVATION = ".reserved";

/** @throws RingsideError when `name` cannot be a container's name (Docker's rule) */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new RingsideError(`cannot name a container ${JSON.stringify(name)}`, {
    fix: "use letters, digits, '_', '.' and '-', beginning with a letter or digit, at most 128 characters",
  });
}

/**
 * Takes an id and a name, and makes the directory of a new container. Who is at it is written down before all else, so
 * that whoever is killed before the container has a record leaves nothing that nobody sweeps up.
 *
 * @param owner the process that is about to write the record
 * @throws RingsideError when the name is taken; nothing is left then
 */
export function reserve(id: string, name: string, owner: ProcessNumbers): void {
  const { states, names, layers, logs } = places();
  // Made in this order: where the last is there, all have been made.
  for (const directory of existsSync(layers) && existsSync(names) ? [] : [states, logs, names, layers]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  symlinkSync(`${owner.pid} ${owner.startTicks}`, reservationOf(id));
  try {
    takeName(id, name);
    mkdirSync(join(states, id), { mode: 0o700 });
  } catch (error) {
    unlinkSync(reservationOf(id));
    throw error;
  }
}

function takeName(id: string, name: string): void {
  const link = join(places().names, name);
  try {
    symlinkSync(id, link);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    const holder = readlinkSync(link);
    // Asked in this order: a record is there before its reservation goes.
    if (!isBeingReserved(holder) && readRecord(holder) === undefined) {
      releaseName(holder, name);
      takeName(id, name);
      return;
    }
    throw new RingsideError(`the name ${name} is taken by container ${holder}`, {
      fix: `ringside rm ${name}, or give another --name`,
    });
  }
}

/** A symbolic link is made whole, with what it says, by one system call. */
function reservationOf(id: string): string {
  return join(places().states, `${id}${RESERVATION}`);
}

function isBeingReserved(id: string): boolean {
  try {
    const [pid, startTicks] = readlinkSync(reservationOf(id)).split(" ").map(Number);
    return pid !== undefined && startTicks !== undefined && isAlive(pid, startTicks);
  } catch {
    return false;
  }
}

/** Writes a container's first record: from now on that says whose it is. */
export function publishRecord(record: ContainerRecord): void {
  writeRecord(record);
  unlinkSync(reservationOf(record.id));
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
export async function removeForeign(layer: string): Promise<void> {
  if (process.geteuid?.() === 0 || !existsSync(layer)) return;
  const { removeForeignLayer } = await import("./remove-foreign-layer.ts");
  await removeForeignLayer(layer);
}

/** The same where no process can be left. */
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
  rmSync(reservationOf(id), { force: true });
}

/** Frees what was taken by somebody who was killed before there was a record, or right after. */
export function freeReservations(): void {
  const { states, names } = places();
  for (const entry of entries(states).filter((file) => file.endsWith(RESERVATION))) {
    const id = entry.slice(0, -RESERVATION.length);
    if (isBeingReserved(id)) continue;
    if (readRecord(id) === undefined) releaseName(id, entries(names).find((name) => isNameOf(name, id)) ?? id);
    else rmSync(reservationOf(id), { force: true });
  }
}

function isNameOf(name: string, id: string): boolean {
  try {
    return readlinkSync(join(places().names, name)) === id;
  } catch {
    return false;
  }
}

/** @returns nothing where there is no such directory */
export function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
