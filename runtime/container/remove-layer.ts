/**
 * Removes what a container has written. Most containers that go with their end have written nothing: what overlayfs
 * leaves of them is known by name, and removing it so takes a fifth of the system calls of a walk.
 */
import { rmdirSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * The mark and the directories of a layer that was mounted `volatile`, the innermost first; the upper one before all, since
 * what has been written lies there. Documentation/filesystems/overlayfs.rst, "Volatile mount".
 */
const MARK = "work/work/incompat/volatile/dirty";
const DIRECTORIES = ["work/work/incompat/volatile", "work/work/incompat", "work/work", "work", ""];

/**
 * Removes a layer, whatever is in it, if it is there.
 *
 * @param base its directory; the container cannot reach it but by `upper`
 * @throws an error of Node's shape when something cannot be removed
 */
export function removeLayer(base: string): void {
  try {
    rmdirSync(join(base, "upper"));
    unlinkSync(join(base, MARK));
    for (const directory of DIRECTORIES) rmdirSync(join(base, directory));
  } catch {
    // Something has been written, or it was mounted otherwise.
    rmSync(base, { recursive: true, force: true });
  }
}

/**
 * Removes a directory that usually holds one file.
 *
 * @throws an error of Node's shape when something cannot be removed
 */
export function removeDirectoryOf(path: string, file: string): void {
  try {
    unlinkSync(join(path, file));
    rmdirSync(path);
  } catch {
    rmSync(path, { recursive: true, force: true });
  }
}
