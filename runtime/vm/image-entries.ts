/**
 * The root file system of an image as entries of a cpio archive: the layers stacked as overlayfs stacks them
 * (Documentation/filesystems/overlayfs.rst), the topmost first. What cannot travel in an initial RAM disk, sockets and
 * pipes, is left out; device nodes too, since the guest's kernel makes its own in /dev.
 */
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { CpioEntry } from "./cpio.ts";

/**
 * Reads the layers.
 *
 * @param lowerDirectories paths on the host, topmost first
 * @returns parents before their children, in the order of their names
 * @throws an error of Node's shape when a file cannot be read
 */
export function imageEntries(lowerDirectories: readonly string[]): CpioEntry[] {
  const entries: CpioEntry[] = [];
  addDirectory("", lowerDirectories, entries);
  return entries;
}

/** Merges one directory: `layers` are those in which it is one, topmost first. */
function addDirectory(path: string, layers: readonly string[], entries: CpioEntry[]): void {
  const hidden = new Set<string>();
  const seen = new Map<string, { readonly entry: Dirent; readonly layers: string[] }>();
  for (const layer of layers) {
    for (const entry of readdirSync(join(layer, path), { withFileTypes: true })) {
      const known = seen.get(entry.name);
      if (known !== undefined) {
        if (known.entry.isDirectory() && entry.isDirectory() && !hidden.has(entry.name)) known.layers.push(layer);
        else hidden.add(entry.name);
      } else if (!hidden.has(entry.name)) {
        if (isWhiteout(join(layer, path, entry.name), entry)) hidden.add(entry.name);
        else seen.set(entry.name, { entry, layers: [layer] });
      }
    }
  }
  for (const [name, found] of [...seen].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const inner = path === "" ? name : `${path}/${name}`;
    const entry = readEntry(inner, join(found.layers[0] ?? "", inner));
    if (entry === undefined) continue;
    entries.push(entry);
    if (entry.kind === "directory") addDirectory(inner, found.layers, entries);
  }
}

/** overlayfs marks what an upper layer has removed by a character device 0:0. */
function isWhiteout(path: string, entry: Dirent): boolean {
  return entry.isCharacterDevice() && lstatSync(path).rdev === 0;
}

function readEntry(path: string, source: string): CpioEntry | undefined {
  const info: Stats = lstatSync(source);
  const owned = { path, user: info.uid, group: info.gid };
  if (info.isDirectory()) return { kind: "directory", ...owned, mode: info.mode & 0o7777 };
  if (info.isSymbolicLink()) return { kind: "symlink", ...owned, target: readlinkSync(source) };
  if (info.isFile()) return { kind: "file", ...owned, mode: info.mode & 0o7777, data: readFileSync(source) };
  return undefined;
}
