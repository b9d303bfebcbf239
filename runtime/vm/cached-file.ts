/** Files that can be made again, kept in the cache: whole or not there, whoever else is making the same one. */
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @param path where the file is kept; its name says what it was made from
 * @param make gives its content where it is missing
 * @returns the path
 */
export function cachedFile(path: string, make: () => Uint8Array): string {
  if (existsSync(path)) return touch(path);
  writeWhole(path, make());
  return path;
}

/** Says that a file has been used. @returns the path */
export function touch(path: string): string {
  const now = new Date();
  utimesSync(path, now, now);
  return path;
}

/** Writes a file so that nobody ever sees a part of it. rename(2) */
export function writeWhole(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}-${randomBytes(4).toString("hex")}${PARTIAL}`;
  try {
    writeFileSync(partial, content, { flag: "wx" });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/**
 * Removes what an older kernel, image or init has left: every file of `directory` that begins with `prefix`, but the one
 * that is in use.
 *
 * @param suffix how those end that are meant
 */
export function removeOthers(directory: string, prefix: string, inUse: string, suffix = ""): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const isMeant = name.startsWith(prefix) && name.endsWith(suffix) && !name.endsWith(PARTIAL);
    if (isMeant && path !== inUse) rmSync(path, { force: true });
  }
}

const PARTIAL = ".partial";
/** Nothing that is made here takes as long. */
const STALE_MS = 3_600_000;

/** Removes what somebody who was killed had begun. */
export function removeStalePartials(directory: string): void {
  for (const name of readdirSync(directory).filter((one) => one.endsWith(PARTIAL))) {
    const path = join(directory, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) rmSync(path, { recursive: true, force: true });
  }
}
