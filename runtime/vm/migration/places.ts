/** Where the destination of a detached machine's move has its files before they are the machine's own. */
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { VmDirectory } from "../directory.ts";
import { vmLogDirectory } from "../monitored.ts";

export interface MovePlaces {
  readonly name: string;
  /** Its sockets, below the machine's directory. */
  readonly sockets: string;
  /** What its guest prints. */
  readonly log: string;
}

/** `1`, `2` …: short, since sockets lie in it whose names have little room (unix(7)). */
const PLACE = /^\d+$/;

/**
 * @param name of one that is known; a new one unless given
 * @returns paths only
 */
export function movePlaces({ id, path }: Pick<VmDirectory, "id" | "path">, name?: string): MovePlaces {
  const taken = readdirSync(path).filter((entry) => PLACE.test(entry));
  const place = name ?? String(Math.max(0, ...taken.map(Number)) + 1);
  return { name: place, sockets: join(path, place), log: `${vmLogDirectory(id)}.to` };
}

/**
 * The destination's directory becomes the machine's own: a link takes its place, since its monitor knows by that name
 * where to write down how the machine has ended.
 */
export function becomeOwn({ path }: Pick<VmDirectory, "path">, { name, sockets }: MovePlaces): void {
  rmSync(sockets, { recursive: true, force: true });
  symlinkSync(".", sockets);
  // The monitors that knew the machine by another one have gone.
  for (const other of readdirSync(path)) {
    if (PLACE.test(other) && other !== name) rmSync(join(path, other), { recursive: true, force: true });
  }
}

/** It has not come to that. */
export function forgetPlaces({ sockets, log }: MovePlaces): void {
  rmSync(sockets, { recursive: true, force: true });
  rmSync(log, { recursive: true, force: true });
}

/**
 * The destination's sockets take the names of the source's. rename(2): whoever connects finds the one or the other.
 *
 * @throws whatever the file system says; the source's are back in their places then
 */
export function exchangeSockets(directory: VmDirectory, { sockets }: MovePlaces): void {
  const aside = join(directory.path, "from");
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  const done: string[] = [];
  try {
    for (const name of readdirSync(sockets)) {
      renameIfThere(join(directory.path, name), join(aside, name));
      renameSync(join(sockets, name), join(directory.path, name));
      done.push(name);
    }
  } catch (error) {
    for (const name of done) renameIfThere(join(aside, name), join(directory.path, name));
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

/**
 * The log goes on in the destination's directory: the source's files, whose numbers are lower, are moved into it, and it
 * takes their place. A reader that has one of them open reads on.
 */
export function exchangeLogs(directory: VmDirectory, { log }: MovePlaces): void {
  const own = vmLogDirectory(directory.id);
  for (const name of readdirSync(own)) renameSync(join(own, name), join(log, name));
  // rename(2) replaces an empty directory: there is no moment without one.
  renameSync(log, own);
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // The source had none of that name.
  }
}
