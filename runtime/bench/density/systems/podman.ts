/** podman run -d: containers with conmon as their monitor. */

import { versionOf } from "../../command.ts";
import { acceptHybridCgroups } from "../../hybrid-cgroups.ts";
import { expectGroups, peerId } from "../../peer.ts";
import { requireProgram } from "../../programs.ts";
import { podmanCommand, podmanLimits, podmanPlaces } from "../../systems/podman.ts";
import type { DensityRow } from "../system.ts";
import { commandedSystem } from "./command.ts";

const NAME = "density-podman";
const CONTAINER_BYTES = 32 * 1024 ** 2;

export const podmanDensity: DensityRow = {
  world: "container",
  what: "podman run -d --network none",
  async prepare(bench, idle) {
    const program = requireProgram("podman", "podman");
    const adaptation = await acceptHybridCgroups(bench);
    expectGroups(bench);
    const command = podmanCommand(bench, program);
    const places = podmanPlaces(bench);
    return commandedSystem(bench, {
      version: await versionOf(bench, [program, "--version"]),
      notes: [
        "counted: the program, and conmon, the monitor that each container has",
        "the start is the whole command; --rootfs, so that all share one directory",
        ...(adaptation === undefined ? [] : [adaptation]),
      ],
      memoryBytes: CONTAINER_BYTES,
      idleAfterMs: 200,
      start: (number) => [
        ...command,
        ...["run", "--detach", "--network", "none", "--pull", "never", "--name", peerId(NAME, number)],
        ...["--cgroup-parent", `/${peerId(NAME, number)}`],
        ...podmanLimits(bench),
        ...["--rootfs", bench.rootDirectory, ...idle.command],
      ],
      stop: (number) => [...command, "rm", "--force", "--time", "0", peerId(NAME, number)],
      groupMark: peerId(NAME).slice(0, -1),
      directories: [places.root, places.run],
    });
  },
};
