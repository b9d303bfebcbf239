/** Puts an image into the cache: its tree under the hash of what is in it, and its record under its name. */
import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TreeBuilder } from "./entry.ts";
import {
  findImage,
  type Image,
  type ImageConfig,
  type ImageInput,
  type ImageRecord,
  recordPath,
  treesDirectory,
} from "./image.ts";
import { pruneTrees } from "./prune.ts";
import { hashTree, removePartialTrees, writeTree } from "./tree.ts";

export interface NewImage {
  readonly name: string;
  readonly tree: TreeBuilder;
  readonly config: ImageConfig;
  /** What it was made from, in words. */
  readonly builtFrom: string;
  readonly inputs: readonly ImageInput[];
}

const TREE_NAME_CHARACTERS = 32;

/**
 * Writes an image, or finds that what is there is the same.
 *
 * @param cache the cache directory
 * @returns the image as `findImage` gives it
 * @throws whatever the file system says; the image that was there before stays in use then
 */
export function writeImage(cache: string, { name, tree, config, builtFrom, inputs }: NewImage): Image {
  const entries = tree.entries();
  const hash = hashTree(entries);
  const treeName = hash.slice(0, TREE_NAME_CHARACTERS);
  removePartialTrees(treesDirectory(cache));
  writeTree(entries, join(treesDirectory(cache), treeName));
  const createdAt = new Date().toISOString();
  const id = `sha256:${hash}`;
  writeRecord(cache, { schema: "ringside.image/1", name, id, tree: treeName, config, builtFrom, inputs, createdAt });
  const image = findImage(name, cache);
  if (image === undefined) throw new Error(`make ${name} in ${cache}: what was written cannot be read back`);
  pruneTrees(cache);
  return image;
}

/** @returns what tells later whether a file is still the one that an image was made from */
export function imageInput(path: string): ImageInput {
  const { size, mtimeMs } = statSync(path);
  return { path, size, mtimeMs };
}

/** The record takes the place of the old one in one step: readers see the one or the other. */
function writeRecord(cache: string, record: ImageRecord): void {
  const path = recordPath(record.name, cache);
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.partial`;
  try {
    writeFileSync(partial, `${JSON.stringify(record, null, 2)}\n`, { flag: "wx" });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
