/**
 * Removes trees that no image refers to any more. A tree may still be the lower directory of a running container, and
 * overlayfs leaves it undefined what happens when files vanish below it: so only a tree that is old and that no mount
 * of any process names is removed, and none where not every mount table can be read.
 */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../native/error-code.ts";
import { listImages, treesDirectory } from "./image.ts";

/** A container that is being started may have found its image, and not mounted it yet. */
const MINIMUM_AGE_MS = 60 * 60 * 1000;

/**
 * @param cache the cache directory
 * @param mountTables what /proc/PID/mountinfo holds, of every process; null where one could not be read
 * @param nowMs the time that ages are counted to
 * @returns the names of the trees that were removed
 */
export function pruneTrees(
  cache: string,
  mountTables: readonly string[] | null = readMountTables(),
  nowMs: number = Date.now(),
): string[] {
  if (mountTables === null) return [];
  const directory = treesDirectory(cache);
  const used = new Set(listImages(cache).map(({ tree }) => tree));
  const unused = readdirSync(directory).filter((name) => {
    const old = nowMs - statSync(join(directory, name)).ctimeMs > MINIMUM_AGE_MS;
    return /^[0-9a-f]+$/.test(name) && !used.has(name) && old && !mountTables.some((table) => table.includes(name));
  });
  for (const name of unused) rmSync(join(directory, name), { recursive: true, force: true });
  return unused;
}

/** Mount tables are many and mostly the same: each is kept once. */
function readMountTables(): string[] | null {
  const tables = new Set<string>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      tables.add(readFileSync(`/proc/${pid}/mountinfo`, "utf8"));
    } catch (error) {
      const code = errorCode(error);
      // A process that ended meanwhile, or a zombie (EINVAL), holds no mounts.
      if (code !== "ENOENT" && code !== "ESRCH" && code !== "EINVAL") return null;
    }
  }
  return [...tables];
}
