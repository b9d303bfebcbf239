/**
 * A cold start: what it reads has to come from the disk. As root the kernel is told to drop what it caches of every file
 * (/proc/sys/vm/drop_caches, proc(5)); dirty pages are written out before, since it drops clean ones only. Otherwise the
 * files that a start reads are given up one by one (posix_fadvise(2), POSIX_FADV_DONTNEED, by dd(1)). Neither takes away
 * what a running process has mapped: the measuring process and its launcher stay warm.
 */

import { execFile } from "node:child_process";
import { accessSync, constants, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Image } from "../image/image.ts";
import { requireProgram } from "./programs.ts";
import { Unusable, type Workbench } from "./system.ts";

export interface Evictor {
  /** What is evicted, for the report. */
  readonly words: string;
  /** @throws Error where it fails */
  evict(): Promise<void>;
}

const DROP_CACHES = "/proc/sys/vm/drop_caches";
/** Pages, and the entries of directories and inodes. */
const EVERYTHING = "3\n";
const MOST_FILES = 500;
const execute = promisify(execFile);

/** What a start reads: the probe, and the image's files. */
type Read = Pick<Workbench, "hostProbe" | "rootDirectory"> & { readonly image: Pick<Image, "lowerDirectories"> };

/**
 * Finds out what can be evicted here.
 * @param mayDropAll whether the kernel may be told to drop everything
 * @throws Unusable where neither way is open
 */
export async function openEvictor(bench: Read, mayDropAll: boolean = mayDropCaches()): Promise<Evictor> {
  if (mayDropAll) {
    const sync = requireProgram("sync", "coreutils");
    // Once: what a start reads was written while it was prepared.
    await execute(sync);
    return {
      words:
        "cold: before each start the page cache, directory entries and inodes of the whole machine are dropped (drop_caches), except dirty pages and what running processes have mapped, such as the launcher's and the daemons' own code",
      async evict() {
        writeFileSync(DROP_CACHES, EVERYTHING);
      },
    };
  }
  const dd = requireProgram("dd", "coreutils");
  const files = [bench.hostProbe, ...[bench.rootDirectory, ...bench.image.lowerDirectories].flatMap(filesBelow)];
  if (files.length > MOST_FILES) {
    throw new Unusable({
      reason: `a cold start needs an empty page cache: only root may drop it, and the image has more than ${MOST_FILES} files to give up one by one`,
      fix: "run the benchmark as root",
    });
  }
  return {
    words: `cold: before each start the ${files.length} files of the image and the probe are given up by the page cache (POSIX_FADV_DONTNEED); the programs of the runtimes, directory entries and inodes stay, since only root may drop them`,
    async evict() {
      for (const file of files) await execute(dd, [`if=${file}`, "of=/dev/null", "iflag=nocache", "count=0"]);
    },
  };
}

/** Access as root says yes also where /proc/sys is mounted read-only; access(2) asks for that, too. */
function mayDropCaches(): boolean {
  try {
    accessSync(DROP_CACHES, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}
