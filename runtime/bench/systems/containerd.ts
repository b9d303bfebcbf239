/** containerd: `ctr run --rm --rootfs ROOT ID PROGRAM` on a daemon of the benchmark's own, the whole command. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandSystem, versionOf } from "../command.ts";
import { requireDistribution, startDaemon } from "../daemon.ts";
import { expectGroups, guestProgram, HOST_NETWORK, peerId, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import type { SystemRow } from "../system.ts";

export const containerdSystem: SystemRow = {
  world: "container",
  what: "ctr run --rm on a containerd of its own, with runc, the whole command",
  async prepare(bench) {
    const daemon = requireDistribution("containerd", "containerd");
    const client = requireDistribution("ctr", "containerd");
    const runc = requireProgram("runc", "runc");
    const directory = join(bench.directory, "containerd");
    const place = (name: string) => join(directory, name);
    mkdirSync(directory);
    writeFileSync(place("config.toml"), configuration(place));
    expectGroups(bench);
    if (!existsSync("/run/containerd")) bench.journal.will({ kind: "empty", path: "/run/containerd" });
    const ctr = [client, "--address", place("socket"), "--namespace", peerId("ctr")];
    const argv = [daemon, "--config", place("config.toml")];
    await startDaemon(bench, { argv, directory, asks: [...ctr, "containers", "list"] });
    return commandSystem(bench, {
      argv: (run) => [
        ...ctr,
        ...["run", "--rm", "--rootfs", "--seccomp"],
        ...["--runc-binary", runc, "--runc-root", place("runc"), "--fifo-dir", place("fifo")],
        ...["--memory-limit", String(bench.memoryBytes)],
        ...(run.workload === "serve" ? ["--net-host"] : []),
        ...[bench.rootDirectory, peerId(`ctr-${run.workload}`, run.slot), ...guestProgram(bench, run)],
      ],
      workloads: ["byte", "serve"],
      version: `${await versionOf(bench, [client, "--version"])} with ${await versionOf(bench, [runc, "--version"])}`,
      notes: [
        WHOLE_COMMAND,
        "the daemon is up; a shim is started for every container, and runc by it for every step; --rootfs, so no image is unpacked",
        "no limit of processes, which ctr has no option for",
        HOST_NETWORK,
      ],
    });
  },
};

/** No CRI plugin: it is for Kubernetes, and wants a network. */
function configuration(place: (name: string) => string): string {
  return [
    "version = 2",
    `root = "${place("root")}"`,
    `state = "${place("state")}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    "[grpc]",
    `  address = "${place("socket")}"`,
    "",
  ].join("\n");
}
