/** podman run, the whole command: an engine on top of an OCI runtime (here the one that it prefers). */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commandSystem, versionOf } from "../command.ts";
import { acceptHybridCgroups } from "../hybrid-cgroups.ts";
import { expectGroups, guestProgram, HOST_NETWORK, peerId, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import type { SystemRow, Workbench } from "../system.ts";

/** Podman's lock in shared memory, which all podmans of a user have in common: it goes if it was not there before. */
const LOCK = "/dev/shm/libpod_lock";
const CGROUPS = "/sys/fs/cgroup";

export const podmanSystem: SystemRow = {
  world: "container",
  what: "podman run --rm --network none, the whole command",
  async prepare(bench) {
    const program = requireProgram("podman", "podman");
    const adaptation = await acceptHybridCgroups(bench);
    expectGroups(bench);
    if (!existsSync(LOCK)) bench.journal.will({ kind: "directory", path: LOCK });
    const system = commandSystem(bench, {
      argv: (run) => [
        ...podmanCommand(bench, program),
        ...["run", "--rm", "--network", run.workload === "serve" ? "host" : "none", "--pull", "never"],
        // Below one that is ours: it leaves the parent of its groups behind.
        ...["--cgroup-parent", `/${peerId("podman", run.slot)}`],
        ...podmanLimits(bench),
        ...["--rootfs", bench.rootDirectory, ...guestProgram(bench, run)],
      ],
      workloads: ["byte", "serve"],
      version: await versionOf(bench, [program, "--version"]),
      notes: [
        WHOLE_COMMAND,
        "--rootfs, so no image is unpacked; the byte comes through conmon, its monitor",
        "its monitor and clean-up go on for a while after the command's end; the next start waits for them, “gone” does not",
        HOST_NETWORK,
        ...(adaptation === undefined ? [] : [adaptation]),
      ],
    });
    return {
      ...system,
      measure: (run) => system.measure(run).finally(() => untilEmpty(peerId("podman", run.slot))),
    };
  },
};

/** Where podman keeps what, below the benchmark's directory. Short: it takes no runroot of more than 50 characters. */
export function podmanPlaces({ directory }: Pick<Workbench, "directory">) {
  return { root: join(directory, "pm"), run: join(directory, "pr"), temporary: join(directory, "pt") };
}

/** Podman with its files below the benchmark's directory. */
export function podmanCommand(bench: Workbench, program: string): string[] {
  const { root, run, temporary } = podmanPlaces(bench);
  return [
    program,
    ...["--root", root, "--runroot", run, "--tmpdir", temporary, "--storage-driver", "vfs"],
    ...["--cgroup-manager", "cgroupfs", "--events-backend", "none"],
  ];
}

/** The workbench's limits. Podman's own defaults of the others are above the hard limits of many machines. */
export function podmanLimits({ memoryBytes, pidsLimit }: Workbench): string[] {
  return [
    ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"],
    ...["--memory", `${memoryBytes}b`, "--pids-limit", String(pidsLimit)],
  ];
}

const POLL_MS = 5;
const LIMIT_MS = 5000;

/**
 * Waits until conmon, and the podman that it calls to clean up, have ended: both are in conmon's group.
 * @param parent of the container's groups
 */
export async function untilEmpty(parent: string): Promise<void> {
  const lists = [CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))].map((root) =>
    join(root, parent, "conmon", "cgroup.procs"),
  );
  const isBusy = () => lists.some((list) => existsSync(list) && readFileSync(list, "utf8") !== "");
  for (let waitedMs = 0; isBusy() && waitedMs < LIMIT_MS; waitedMs += POLL_MS) await setTimeout(POLL_MS);
}
