/**
 * The floor as a command: native/bench/floor.cc makes the container of `ringside run` with the bare system calls, and
 * takes what depends on the machine as arguments.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nativeProgram } from "../../native/kernel.ts";
import { type CgroupLayout, detectCgroups } from "../cgroup/layout.ts";
import { places } from "../container/directories.ts";
import { cacheDirectory } from "../image/cache.ts";
import type { Image } from "../image/image.ts";
import { cachedFilter } from "../plan/seccomp/filter-cache.ts";
import { benchConfig } from "./bundle.ts";
import { Unusable } from "./system.ts";

export interface FloorOptions {
  readonly image: Image;
  /** For the file of the filter. */
  readonly directory: string;
  readonly program: readonly string[];
  readonly memoryBytes: number;
  readonly pidsLimit: number;
  /** What runs at the same time has another one: its group and its layer are named for it. */
  readonly slot?: number;
}

const HIERARCHIES = ["devices", "memory", "pids"] as const;
const ROOT = "/sys/fs/cgroup";

/**
 * Writes the filter and puts the command together.
 *
 * @returns what execve(2) takes; the program's path comes first
 * @throws Unusable where the floor has not been built, or the control groups are not mounted where it expects them
 */
export function floorCommand(options: FloorOptions): string[] {
  const floor = nativeProgram("ringside-floor");
  if (floor === undefined) throw new Unusable({ reason: "ringside-floor has not been built", fix: "npm run build" });
  const { image, directory, program, memoryBytes, pidsLimit, slot = 0 } = options;
  const mode = groupMode(detectCgroups());
  const { seccomp } = benchConfig({ ...options, rootDirectory: directory, cgroups: true, seccomp: true }).linux ?? {};
  if (seccomp === undefined) throw new Unusable({ reason: "our configuration has no filter", fix: "npm run build" });
  const filter = join(directory, "filter");
  writeFileSync(filter, cachedFilter(seccomp, cacheDirectory()));
  const { layers } = places();
  mkdirSync(layers, { recursive: true });
  // Begins as our own groups and layers do, so that what a killed benchmark leaves is swept up with them.
  const name = `ringside-floor${process.pid}${slot === 0 ? "" : `-${slot}`}`;
  const layer = join(layers, name);
  const lower = image.lowerDirectories.join(":");
  return [floor, name, lower, layer, filter, String(memoryBytes), String(pidsLimit), mode, ROOT, ...program];
}

function groupMode({ mode, unified, controllers }: CgroupLayout): "v1" | "v2" {
  if (mode === "v2" && unified === ROOT) return "v2";
  const usual = HIERARCHIES.every((name) => controllers[name]?.directory === join(ROOT, name));
  if (usual) return "v1";
  throw new Unusable({
    reason: `the floor knows cgroup v2 at ${ROOT}, or ${HIERARCHIES.join(", ")} of v1 below it, and this machine has neither`,
    fix: "mount the control groups as the distribution does",
  });
}
