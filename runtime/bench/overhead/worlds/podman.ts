/** podman run: an engine's container, with the engine's own filter of system calls. */
import { startProcess } from "../../../process/start.ts";
import { environment, versionOf } from "../../command.ts";
import { acceptHybridCgroups } from "../../hybrid-cgroups.ts";
import { expectGroups, peerId } from "../../peer.ts";
import { requireProgram } from "../../programs.ts";
import { podmanCommand, untilEmpty } from "../../systems/podman.ts";
import { HOST_MEASUREMENTS } from "../quantities.ts";
import { outputOf } from "../start.ts";
import { argumentsOf, GUEST_FILES, GUEST_PROGRAM, MEMORY_BYTES, type OverheadRow } from "../world.ts";

const TIME_LIMIT_MS = 60_000;
const PARENT = peerId("podman-overhead");

export const podmanWorld: OverheadRow = {
  world: "container",
  what: "podman run, with its own filter of system calls",
  async prepare({ bench, files }) {
    const program = requireProgram("podman", "podman");
    const adaptation = await acceptHybridCgroups(bench);
    expectGroups(bench);
    return {
      version: await versionOf(bench, [program, "--version"]),
      accelerator: null,
      notes: ["every system call passes podman's own filter", ...(adaptation === undefined ? [] : [adaptation])],
      memoryBytes: MEMORY_BYTES,
      measure: ({ samples }) =>
        outputOf(bench, {
          start: (stdio) => {
            const argv = [
              ...podmanCommand(bench, program),
              ...["run", "--rm", "--network", "none", "--pull", "never"],
              ...["--cgroup-parent", `/${PARENT}`],
              // Its own defaults are above the hard limits of many machines.
              ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"],
              ...["--memory", `${MEMORY_BYTES}b`, "--pids-limit", String(bench.pidsLimit)],
              ...["--volume", `${files}:${GUEST_FILES}:rw`],
              ...["--rootfs", bench.rootDirectory, GUEST_PROGRAM],
              ...argumentsOf(samples, GUEST_FILES, HOST_MEASUREMENTS),
            ];
            return startProcess(bench.launcher, { argv, env: environment(), ...stdio });
          },
          timeLimitMs: TIME_LIMIT_MS,
        }).finally(() => untilEmpty(PARENT)),
    };
  },
};
