/** unshare(1) of util-linux: seven new namespaces around the program, and nothing in them is set up. */

import { commandSystem, versionOf } from "../command.ts";
import { HOST_NETWORK, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import { probeArguments, type SystemRow } from "../system.ts";

const NAMESPACES = ["--mount", "--uts", "--ipc", "--pid", "--cgroup", "--user", "--map-root-user"];

export const unshareSystem: SystemRow = {
  world: "container",
  what: "unshare with all seven namespaces of 2016 (no time namespace), and nothing else",
  async prepare(bench) {
    const program = requireProgram("unshare", "util-linux");
    return commandSystem(bench, {
      argv: (run) => [
        program,
        ...NAMESPACES,
        ...(run.workload === "serve" ? [] : ["--net"]),
        "--fork",
        bench.hostProbe,
        ...probeArguments(run),
      ],
      workloads: ["byte", "serve"],
      version: await versionOf(bench, [program, "--version"]),
      notes: [
        WHOLE_COMMAND,
        "namespaces alone (mount, uts, ipc, pid, cgroup, user, net): the host's files, no mounts of its own, no limits, no filter, every capability: less work than a container",
        HOST_NETWORK,
      ],
    });
  },
};
