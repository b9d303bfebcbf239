/** podman run, the whole command: an engine on top of an OCI runtime (here the one that it prefers). */

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commandSystem, versionOf } from "../command.ts";
import { groupsToCome, removeGroups } from "../foreign-groups.ts";
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
    const groups = groupsToCome(CGROUP_PARENT);
    removeLeftoversAtEnd(bench, groups);
    const place = (name: string) => join(bench.directory, `podman-${name}`);
    const system = commandSystem(bench, {
      argv: () => [
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
      measure: (run) => system.measure(run).finally(() => untilEmpty(groups)),
    };
  },
};

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
