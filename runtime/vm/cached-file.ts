/** Files that can be made again, kept in the cache: whole or not there, whoever else is making the same one. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @param path where the file is kept; its name says what it was made from
 * @param make gives its content where it is missing
 * @returns the path
 */
export function cachedFile(path: string, make: () => Uint8Array): string {
  if (existsSync(path)) {
    const now = new Date();
    utimesSync(path, now, now);
    return path;
  }
  writeWhole(path, make());
  return path;
}

/** Writes a file so that nobody ever sees a part of it. rename(2) */
export function writeWhole(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.partial`;
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
 */
export function removeOthers(directory: string, prefix: string, inUse: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (name.startsWith(prefix) && !name.endsWith(".partial") && path !== inUse) rmSync(path, { force: true });
  }
}
