/**
 * What an image is to the rest of the runtime: directories to stack, and the defaults of its configuration.
 *
 * The defaults follow the OCI image specification's `config` object (Env, Entrypoint, Cmd, WorkingDir, User).
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
// Not zod, whose loading takes as long as a container's start.
import { anyNumber, exactly, list, object, required, text, textLike } from "../oci/readers.ts";
import { cacheDirectory } from "./cache.ts";

export interface ImageConfig {
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  readonly user: string;
}

export interface Image {
  name: string;
  /** `sha256:` and the hash over every path, mode, owner and content of the tree. */
  id: string;
  /** Paths on the host, topmost first, as overlayfs counts its lower directories. */
  lowerDirectories: string[];
  config: ImageConfig;
  /** What it was made from, in words. */
  builtFrom: string;
}

/** The image that every machine has: made on the spot, downloaded from nowhere. */
export const BASE_IMAGE = "ringside/base";

/** ENV names the file that busybox's shell reads when it is interactive: the prompt then shows user, host and place. */
export const BASE_CONFIG: ImageConfig = {
  env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ENV=/etc/profile"],
  entrypoint: [],
  cmd: ["sh"],
  workingDir: "/",
  user: "",
};

/** A file that an image was made from. When its size or time changes, the image is out of date. */
export interface ImageInput {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** The record of an image in the cache. */
export interface ImageRecord {
  readonly schema: "ringside.image/1";
  readonly name: string;
  readonly id: string;
  /** A directory's name below `trees`, so that the cache can be moved. */
  readonly tree: string;
  readonly config: ImageConfig;
  readonly builtFrom: string;
  readonly inputs: readonly ImageInput[];
  readonly createdAt: string;
}

const imageRecord = object<ImageRecord>({
  schema: required(exactly("ringside.image/1")),
  name: required(text),
  id: required(text),
  tree: required(textLike("a directory's name", /^[0-9a-f]{16,64}$/)),
  config: required(
    object<ImageConfig>({
      env: required(list(text)),
      entrypoint: required(list(text)),
      cmd: required(list(text)),
      workingDir: required(text),
      user: required(text),
    }),
  ),
  builtFrom: required(text),
  inputs: required(
    list(object<ImageInput>({ path: required(text), size: required(anyNumber), mtimeMs: required(anyNumber) })),
  ),
  createdAt: required(text),
});

/** The file that records an image. The name is escaped whole, so that no name leads out of the directory. */
export function recordPath(name: string, cache: string = cacheDirectory()): string {
  return join(cache, "images", `${encodeURIComponent(name)}.json`);
}

/** The directory that holds the trees of all images. */
export function treesDirectory(cache: string = cacheDirectory()): string {
  return join(cache, "trees");
}

/**
 * Reads the record of an image.
 *
 * @returns undefined where there is none, where it cannot be read as one, or where its tree has gone
 */
export function readRecord(name: string, cache: string = cacheDirectory()): ImageRecord | undefined {
  try {
    const record = readUnlessKnown(recordPath(name, cache));
    return statSync(join(treesDirectory(cache), record.tree)).isDirectory() ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Records that have been read, with what tells that the file is still the same: it is replaced whole, by rename(2). */
const knownRecords = new Map<string, { readonly stamp: string; readonly record: ImageRecord }>();

function readUnlessKnown(path: string): ImageRecord {
  const { ino, size, mtimeMs } = statSync(path);
  const stamp = `${ino} ${size} ${mtimeMs}`;
  const known = knownRecords.get(path);
  if (known?.stamp === stamp) return known.record;
  const record = imageRecord(JSON.parse(readFileSync(path, "utf8")));
  knownRecords.set(path, { stamp, record });
  return record;
}

/**
 * Finds an image by its name: one small file is read.
 *
 * @returns undefined where it has not been made yet
 */
export function findImage(name: string, cache: string = cacheDirectory()): Image | undefined {
  const record = readRecord(name, cache);
  if (record === undefined) return undefined;
  const { id, config, builtFrom } = record;
  return { name: record.name, id, lowerDirectories: [join(treesDirectory(cache), record.tree)], config, builtFrom };
}

/** Every image in the cache, by name. */
export function listImages(cache: string = cacheDirectory()): ImageRecord[] {
  let files: string[] = [];
  try {
    files = readdirSync(join(cache, "images"));
  } catch {
    // No directory yet: no images.
  }
  return files
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      const name = decodeName(file.slice(0, -".json".length));
      const record = name === undefined ? undefined : readRecord(name, cache);
      return record === undefined ? [] : [record];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function decodeName(escaped: string): string | undefined {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}
