/**
 * The layers of an image as the one tree that overlayfs would show (Documentation/filesystems/overlayfs.rst): what an
 * upper layer has hides what a lower one has under the same name, unless both are directories, which are merged; a
 * character device 0:0 says that the name has gone, and an opaque directory that nothing of the lower ones is left in it.
 */
import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readAttribute } from "../../native/kernel.ts";

export interface LayeredFile {
  /** From the root of the tree, without a slash before it. */
  readonly path: string;
  /** Where it lies on the host. */
  readonly source: string;
}

/** Whoever stacked the layers as root wrote the first name, an ordinary user (mount option `userxattr`) the second. */
const OPAQUE = ["trusted.overlay.opaque", "user.overlay.opaque"] as const;
const YES = "y".charCodeAt(0);

interface Found {
  readonly entry: Dirent;
  /** In which it is this directory, topmost first; of a file, the one it is in. */
  readonly layers: string[];
  isComplete: boolean;
}

/**
 * @param layers paths on the host, topmost first
 * @returns parents before their children, in the order of their names
 * @throws an error of Node's shape when a directory cannot be read
 */
export function* layeredFiles(layers: readonly string[], path = ""): Generator<LayeredFile> {
  for (const [name, { entry, layers: inner }] of [...merged(layers, path)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const below = path === "" ? name : `${path}/${name}`;
    yield { path: below, source: join(inner[0] ?? "", below) };
    if (entry.isDirectory()) yield* layeredFiles(inner, below);
  }
}

/** What is in one directory: `layers` are those in which it is one. */
function merged(layers: readonly string[], path: string): Map<string, Found> {
  const gone = new Set<string>();
  const found = new Map<string, Found>();
  for (const layer of layers) {
    for (const entry of readdirSync(join(layer, path), { withFileTypes: true })) {
      const { name } = entry;
      const source = join(layer, path, name);
      const known = found.get(name);
      if (known !== undefined) addLower(known, entry, layer, source);
      else if (gone.has(name)) continue;
      else if (isWhiteout(source, entry)) gone.add(name);
      else found.set(name, { entry, layers: [layer], isComplete: !entry.isDirectory() || isOpaque(source) });
    }
  }
  return found;
}

function addLower(upper: Found, entry: Dirent, layer: string, source: string): void {
  if (upper.isComplete) return;
  if (entry.isDirectory()) upper.layers.push(layer);
  upper.isComplete = !entry.isDirectory() || isOpaque(source);
}

function isWhiteout(path: string, entry: Dirent): boolean {
  return entry.isCharacterDevice() && lstatSync(path).rdev === 0;
}

function isOpaque(path: string): boolean {
  return OPAQUE.some((name) => readAttribute(path, name)?.[0] === YES);
}
