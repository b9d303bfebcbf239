/** docker run -d: containers with a shim of containerd each, on one daemon. */

import { join } from "node:path";
import { dockerDaemon } from "../../docker-daemon.ts";
import { peerId } from "../../peer.ts";
import type { DensityRow } from "../system.ts";
import { commandedSystem } from "./command.ts";

const NAME = "density-docker";
const CONTAINER_BYTES = 64 * 1024 ** 2;

export const dockerDensity: DensityRow = {
  world: "container",
  what: "docker run -d --network none, with runc",
  async prepare(bench, idle) {
    const { docker, image, version, storage } = await dockerDaemon(bench);
    return commandedSystem(bench, {
      version,
      notes: [
        "counted: the program, the shim that each container has, and the daemon with its containerd, which all share",
        `the start is the whole command; storage driver ${storage}`,
      ],
      memoryBytes: CONTAINER_BYTES,
      idleAfterMs: 200,
      start: (number) => [
        ...docker,
        ...["run", "--detach", "--network", "none", "--name", peerId(NAME, number), "--runtime", "runc"],
        ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"],
        ...["--cgroup-parent", `/${peerId(NAME, number)}`],
        ...["--memory", `${bench.memoryBytes}b`, "--pids-limit", String(bench.pidsLimit)],
        ...[image, ...idle.command],
      ],
      stop: (number) => [...docker, "rm", "--force", peerId(NAME, number)],
      groupMark: peerId(NAME).slice(0, -1),
      directories: ["data", "exec"].map((name) => join(bench.directory, "docker", name)),
    });
  },
};
