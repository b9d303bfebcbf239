/** Where the destination of a detached machine's move has its files before they are the machine's own. */
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { VmDirectory } from "../directory.ts";
import { vmLogDirectory } from "../monitored.ts";

export interface MovePlaces {
  /** Its sockets, below the machine's directory. */
  readonly sockets: string;
  /** What its guest prints. */
  readonly log: string;
}

/** @returns paths only */
export function movePlaces({ id, path }: Pick<VmDirectory, "id" | "path">): MovePlaces {
  return { sockets: join(path, "to"), log: `${vmLogDirectory(id)}.to` };
}

/**
 * The destination's sockets take the names of the source's. rename(2): whoever connects finds the one or the other.
 *
 * @throws whatever the file system says; the source's are back in their places then
 */
export function exchangeSockets(directory: VmDirectory): void {
  const { sockets } = movePlaces(directory);
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
export function exchangeLogs(directory: VmDirectory): void {
  const own = vmLogDirectory(directory.id);
  const { log } = movePlaces(directory);
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
