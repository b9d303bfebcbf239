/** podman run, the whole command: an engine on top of an OCI runtime (here the one that it prefers). */

import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
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
    removeLeftoversAtEnd(bench);
    const place = (name: string) => join(bench.directory, `podman-${name}`);
    return commandSystem(bench, {
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
        ...(adaptation === undefined ? [] : [adaptation]),
      ],
    });
  },
};

/** Removes what podman leaves outside its own directories, where it was not there before. */
function removeLeftoversAtEnd(bench: Workbench): void {
  const hadLock = existsSync(LOCK);
  const groups = cgroupRoots().map((root) => join(root, CGROUP_PARENT));
  const ours = groups.filter((group) => !existsSync(group));
  bench.cleanup.defer(() => {
    for (const group of ours) removeGroups(group);
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
