/**
 * The root file system of an image as entries of a cpio archive. What cannot travel in an initial RAM disk, sockets and
 * pipes, is left out; device nodes too, since the guest's kernel makes its own in /dev.
 */
import { lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import type { CpioEntry } from "./cpio.ts";
import { type LayeredFile, layeredFiles } from "./layers.ts";

/**
 * Reads the layers.
 *
 * @param lowerDirectories paths on the host, topmost first
 * @returns parents before their children, in the order of their names
 * @throws an error of Node's shape when a file cannot be read
 */
export function imageEntries(lowerDirectories: readonly string[]): CpioEntry[] {
  return [...layeredFiles(lowerDirectories)].flatMap((file) => readEntry(file) ?? []);
}

function readEntry({ path, source }: LayeredFile): CpioEntry | undefined {
  const info: Stats = lstatSync(source);
  const owned = { path, user: info.uid, group: info.gid };
  if (info.isDirectory()) return { kind: "directory", ...owned, mode: info.mode & 0o7777 };
  if (info.isSymbolicLink()) return { kind: "symlink", ...owned, target: readlinkSync(source) };
  if (info.isFile()) return { kind: "file", ...owned, mode: info.mode & 0o7777, data: readFileSync(source) };
  return undefined;
}
