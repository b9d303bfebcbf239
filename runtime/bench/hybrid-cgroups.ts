/**
 * crun up to 1.8 refuses a hybrid layout as long as the v2 tree holds a controller ("cgroups in hybrid mode not supported,
 * drop all controllers from cgroupv2"); podman uses crun. For as long as the benchmark runs, each such controller is
 * mounted as a v1 hierarchy, which takes it out of the v2 tree (cgroups(7)).
 *
 * The mounts lie in a mount namespace of a process of their own. The launcher ends that process when we go, however we go;
 * the namespace and its mounts go with it, and the controllers return to the v2 tree.
 */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { detectCgroups } from "../cgroup/layout.ts";
import { startProcess } from "../process/start.ts";
import { requireProgram } from "./programs.ts";
import { Unusable, type Workbench } from "./system.ts";

const HOLDER = `set -e
for controller in "$@"; do mount -t cgroup -o "$controller" none "$DIRECTORY/$controller"; done
: > "$DIRECTORY/ready"
exec sleep infinity`;

const prepared = new WeakMap<Workbench, Promise<string | undefined>>();

/**
 * Makes a hybrid machine acceptable to crun for the life of this benchmark; once, however many systems ask.
 * @returns the sentence that says what was done, or undefined when nothing had to be
 * @throws Unusable when a controller cannot be moved (it is in use in the v2 tree)
 */
export function acceptHybridCgroups(bench: Workbench): Promise<string | undefined> {
  const existing = prepared.get(bench);
  if (existing !== undefined) return existing;
  const work = moveControllers(bench);
  prepared.set(bench, work);
  return work;
}

async function moveControllers(bench: Workbench): Promise<string | undefined> {
  const layout = detectCgroups();
  if (layout.mode !== "hybrid" || layout.unified === undefined) return undefined;
  const list = join(layout.unified, "cgroup.controllers");
  const inUnified = readFileSync(list, "utf8").split(/\s+/).filter(Boolean);
  const controllers = [...inUnified, ...heldElsewhere()];
  if (controllers.length === 0) return undefined;
  const directory = join(bench.directory, "v1");
  for (const controller of controllers) mkdirSync(join(directory, controller), { recursive: true });
  // The hierarchies go a moment after the last mount, which may be somebody else's.
  if (heldElsewhere().length === 0) bench.afterwards.defer(() => until(() => readFileSync(list, "utf8").trim() !== ""));
  await holdMounts(bench, directory, controllers);
  return `for the time of the benchmark the controllers of the v2 tree (${controllers.join(", ")}) were mounted as v1 hierarchies in a private mount namespace: crun refuses this machine's hybrid layout otherwise`;
}

/**
 * What another benchmark holds as a v1 hierarchy in a mount namespace of its own: it would return to the v2 tree when that one
 * ends, in the middle of ours.
 */
function heldElsewhere(): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  const mounted = new Set(
    mounts.split("\n").flatMap((line) => / - cgroup \S+ (\S+)$/.exec(line)?.[1]?.split(",") ?? []),
  );
  return readFileSync("/proc/cgroups", "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap((line) => {
      // subsys_name, hierarchy, num_cgroups, enabled; hierarchy 0 is the v2 tree (cgroups(7), /proc/cgroups).
      const [name = "", hierarchy] = line.split("\t");
      return hierarchy === "0" || mounted.has(name) ? [] : name;
    });
}

async function holdMounts(bench: Workbench, directory: string, controllers: readonly string[]): Promise<void> {
  const unshare = requireProgram("unshare", "util-linux");
  const holder = await startProcess(bench.launcher, {
    argv: [unshare, "--mount", "--propagation", "private", "/bin/sh", "-c", HOLDER, "holder", ...controllers],
    env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", `DIRECTORY=${directory}`],
  });
  let ended = false;
  const gone = holder.exited.then(() => {
    ended = true;
  });
  bench.cleanup.defer(async () => {
    holder.kill("SIGKILL");
    await gone;
  });
  await until(() => ended || existsSync(join(directory, "ready")));
  if (!ended) return;
  throw new Unusable({
    reason: `the controllers of the cgroup v2 tree (${controllers.join(", ")}) could not be mounted as v1 hierarchies, and crun refuses a hybrid layout without that`,
    fix: "a newer crun, or a machine with cgroup v2 alone",
  });
}

const POLL_MS = 2;
const LIMIT_MS = 2000;

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition() && waitedMs < LIMIT_MS; waitedMs += POLL_MS) await setTimeout(POLL_MS);
}
