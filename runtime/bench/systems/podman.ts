/** podman run, the whole command: an engine on top of an OCI runtime (here the one that it prefers). */

import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commandSystem, versionOf } from "../command.ts";
import { acceptHybridCgroups } from "../hybrid-cgroups.ts";
import { requireProgram } from "../programs.ts";
import type { SystemRow, Workbench } from "../system.ts";

/** Left behind by podman: its lock in shared memory and the parent of its control groups, with conmon's below. */
const LOCK = "/dev/shm/libpod_lock";
const CGROUP_PARENT = "libpod_parent";

export const podmanSystem: SystemRow = {
  world: "container",
  what: "podman run --rm --network none, the whole command",
  async prepare(bench) {
    const program = requireProgram("podman", "podman");
    const adaptation = await acceptHybridCgroups(bench);
    const groups = ownGroups();
    removeLeftoversAtEnd(bench, groups);
    const place = (name: string) => join(bench.directory, `podman-${name}`);
    const system = commandSystem(bench, {
      argv: [
        program,
        ...["--root", place("root"), "--runroot", place("run"), "--tmpdir", place("tmp"), "--storage-driver", "vfs"],
        ...["--cgroup-manager", "cgroupfs", "--events-backend", "none"],
        ...["run", "--rm", "--network", "none", "--pull", "never"],
        // Its own defaults are above the hard limits of many machines.
        ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"],
        ...["--memory", `${bench.memoryBytes}b`, "--pids-limit", String(bench.pidsLimit)],
        ...["--rootfs", bench.rootDirectory, bench.guestProbe],
      ],
      version: await versionOf(bench, [program, "--version"]),
      notes: [
        "whole command, cold; --rootfs, so no image is unpacked; the byte comes through conmon, its monitor",
        "its monitor and clean-up go on for a while after the command's end; the next start waits for them, “gone” does not",
        ...(adaptation === undefined ? [] : [adaptation]),
      ],
    });
    return {
      ...system,
      measure: (signal) => system.measure(signal).finally(() => untilEmpty(groups)),
    };
  },
};

/** The groups that podman is going to make: those of its name that are not there yet. */
function ownGroups(): string[] {
  return cgroupRoots()
    .map((root) => join(root, CGROUP_PARENT))
    .filter((group) => !existsSync(group));
}

const POLL_MS = 5;
const LIMIT_MS = 5000;

/** Waits until conmon, and the podman that it calls to clean up, have ended: both are in conmon's group. */
async function untilEmpty(groups: readonly string[]): Promise<void> {
  const lists = groups.map((group) => join(group, "conmon", "cgroup.procs"));
  const isBusy = () => lists.some((list) => existsSync(list) && readFileSync(list, "utf8") !== "");
  for (let waitedMs = 0; isBusy() && waitedMs < LIMIT_MS; waitedMs += POLL_MS) await setTimeout(POLL_MS);
}

/** Removes what podman leaves outside its own directories, where it was not there before. */
function removeLeftoversAtEnd(bench: Workbench, groups: readonly string[]): void {
  const hadLock = existsSync(LOCK);
  bench.afterwards.defer(() => {
    for (const group of groups) removeGroups(group);
    if (!hadLock) rmSync(LOCK, { force: true });
  });
}

function cgroupRoots(): string[] {
  const root = "/sys/fs/cgroup";
  return [
    root,
    ...readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [join(root, entry.name)] : [],
    ),
  ];
}

/** Removes empty control groups, the innermost first; one that is in use stays. */
function removeGroups(group: string): void {
  if (!existsSync(group)) return;
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroups(join(group, entry.name));
  }
  try {
    rmdirSync(group);
  } catch {
    // In use by somebody else: not ours to remove.
  }
}
