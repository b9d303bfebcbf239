/** docker run, the whole command, with our runtime under it and with runc, on one daemon. */

import { commandSystem, versionOf } from "../command.ts";
import { dockerDaemon } from "../docker-daemon.ts";
import { guestProgram, HOST_NETWORK, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import type { SystemRow } from "../system.ts";
import { ringsideVersion } from "../version.ts";

export const dockerRingsideSystem: SystemRow = dockerRow("ringside");
export const dockerRuncSystem: SystemRow = dockerRow("runc");

function dockerRow(runtime: "ringside" | "runc"): SystemRow {
  return {
    world: "container",
    what: `docker run --rm --network none --runtime ${runtime}, the whole command`,
    async prepare(bench) {
      const under =
        runtime === "runc" ? await versionOf(bench, [requireProgram("runc", "runc"), "--version"]) : ringsideVersion();
      const { docker, image, version, storage } = await dockerDaemon(bench);
      return commandSystem(bench, {
        argv: (run) => [
          ...docker,
          ...["run", "--rm", "--network", run.workload === "serve" ? "host" : "none", "--runtime", runtime],
          // Its own defaults are above the hard limits of many machines.
          ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"],
          ...["--memory", `${bench.memoryBytes}b`, "--pids-limit", String(bench.pidsLimit)],
          ...[image, ...guestProgram(bench, run)],
        ],
        workloads: ["byte", "serve"],
        version: `${version} with ${under}`,
        notes: [
          WHOLE_COMMAND,
          `the daemon is up; the runtime is started anew by its shim for every step; storage driver ${storage}`,
          HOST_NETWORK,
        ],
      });
    },
  };
}
