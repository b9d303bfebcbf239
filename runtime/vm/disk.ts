/**
 * The root file system of an image as a disk that the guest mounts read-only, below an overlay in memory: erofs or
 * squashfs, made once by the distribution's own tools and kept in the cache. mkfs.erofs(1), mksquashfs(1).
 *
 * The tools read a directory, so the image's layers are merged into one first, of hard links where that can be: nothing
 * is copied, and owners, modes and attributes are the files' own. The image may hold anything: links are made again and
 * never followed, and only root and this user can look into the directory meanwhile.
 */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { RingsideError } from "../error.ts";
import { findProgram } from "../host-program.ts";
import { cacheDirectory } from "../image/cache.ts";
import type { Image } from "../image/image.ts";
import { removeOthers, removeStalePartials, touch } from "./cached-file.ts";
import { stageTree } from "./staged-tree.ts";
import type { DiskKind } from "./vmm.ts";

interface DiskMaker {
  readonly program: string;
  /** What to install where it is missing. */
  readonly packageName: string;
  arguments(source: string, target: string): readonly string[];
  /** An ordinary user owns every file of an image of theirs, and is root in the guest. */
  readonly allOfRoot: string;
}

/**
 * Times are zero, so the same tree gives the same bytes. Nothing is packed: emulation pays more to unpack than to read.
 * erofs packs only when asked to; squashfs is told not to.
 */
const MAKERS: Readonly<Record<DiskKind, DiskMaker>> = {
  erofs: {
    program: "mkfs.erofs",
    packageName: "erofs-utils",
    allOfRoot: "--all-root",
    arguments: (source, target) => ["--quiet", "-T0", "-U00000000-0000-0000-0000-000000000000", target, source],
  },
  squashfs: {
    program: "mksquashfs",
    packageName: "squashfs-tools",
    allOfRoot: "-all-root",
    arguments: (source, target) => [
      source,
      target,
      ...["-noappend", "-no-progress", "-quiet", "-mkfs-time", "0", "-all-time", "0"],
      ...["-noI", "-noId", "-noD", "-noF", "-noX"],
    ],
  },
};

const execute = promisify(execFile);
const TOOL_TIMEOUT_MS = 300_000;

/** @returns whether the tool for such a disk is installed */
export function canMakeDisk(kind: DiskKind): boolean {
  return findProgram(MAKERS[kind].program) !== undefined;
}

/**
 * Finds or makes the disk of an image.
 *
 * @param find looks for the tool
 * @returns its path in the cache
 * @throws RingsideError where the tool is missing, or fails
 */
export async function rootDisk(
  image: Image,
  kind: DiskKind,
  cache: string = cacheDirectory(),
  find: (program: string) => string | undefined = findProgram,
): Promise<string> {
  const { program, packageName } = MAKERS[kind];
  const prefix = `root-${encodeURIComponent(image.name)}-`;
  const key = createHash("sha256").update(image.id).digest("hex").slice(0, 16);
  const path = join(cache, "guest", `${prefix}${key}.${kind}`);
  if (existsSync(path)) return touch(path);
  const tool = find(program);
  if (tool === undefined) {
    throw new RingsideError(`cannot make the root file system of ${image.name} a disk: ${program} is not in $PATH`, {
      fix: `apt-get install ${packageName}, or leave --root ${kind} out`,
    });
  }
  mkdirSync(dirname(path), { recursive: true });
  removeStalePartials(dirname(path));
  const attempt = join(dirname(path), `.${randomBytes(6).toString("hex")}.partial`);
  try {
    const tree = join(attempt, "tree");
    mkdirSync(tree, { recursive: true, mode: 0o700 });
    stageTree(image.lowerDirectories, tree);
    const made = join(attempt, "disk");
    await run(tool, toolArguments(kind, tree, made), image.name);
    renameSync(made, path);
  } finally {
    rmSync(attempt, { recursive: true, force: true });
  }
  removeOthers(dirname(path), prefix, path, `.${kind}`);
  return path;
}

function toolArguments(kind: DiskKind, tree: string, disk: string): readonly string[] {
  const { arguments: argumentsFor, allOfRoot } = MAKERS[kind];
  return process.geteuid?.() === 0 ? argumentsFor(tree, disk) : [...argumentsFor(tree, disk), allOfRoot];
}

async function run(tool: string, args: readonly string[], image: string): Promise<void> {
  try {
    await execute(tool, args, { timeout: TOOL_TIMEOUT_MS, maxBuffer: 1024 ** 2 });
  } catch (cause) {
    const words = z.object({ stderr: z.string() }).safeParse(cause);
    const said = words.success ? words.data.stderr.trim().split("\n").at(-1) : String(cause);
    throw new RingsideError(`cannot make the root file system of ${image} a disk: ${tool} failed: ${said}`, {
      cause,
      fix: "look whether the cache's file system is full; --root initramfs goes without a disk",
    });
  }
}
