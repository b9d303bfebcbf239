/** LXC: `lxc-execute -n NAME -- PROGRAM`, the whole command. lxc-execute(1), lxc.container.conf(5) */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { detectCgroups } from "../../cgroup/layout.ts";
import { commandSystem, versionOf } from "../command.ts";
import { expectGroups, guestProgram, HOST_NETWORK, peerId, requestsToCome, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import type { RunRequest, SystemRow, Workbench } from "../system.ts";

/** What the distribution's own containers begin with. */
const COMMON = "/usr/share/lxc/config/common.conf";
const LOCKS = "/run/lxc/lock";

export const lxcSystem: SystemRow = {
  world: "container",
  what: "lxc-execute with LXC's own common configuration, the whole command",
  async prepare(bench) {
    const program = requireProgram("lxc-execute", "lxc");
    const home = join(bench.directory, "lxc");
    expectLeftovers(bench, home);
    for (const run of requestsToCome(bench)) writeConfiguration(bench, home, run);
    return commandSystem(bench, {
      argv: (run) => {
        const name = nameOf(run);
        const config = join(home, name, "config");
        return [program, "-P", home, "-n", name, "-f", config, "--", ...guestProgram(bench, run)];
      },
      workloads: ["byte", "serve"],
      version: `lxc ${await versionOf(bench, [program, "--version"])}`,
      notes: [
        WHOLE_COMMAND,
        "its common configuration: a list of forbidden system calls, its own set of capabilities, terminals and pseudo-terminals; our limits of memory and processes",
        "its own first process (init.lxc) starts the program; on v1 it joins every hierarchy, ours three",
        HOST_NETWORK,
      ],
    });
  },
};

function nameOf({ slot, workload }: Pick<RunRequest, "slot" | "workload">): string {
  return peerId(`lxc-${workload}`, slot);
}

function writeConfiguration(bench: Workbench, home: string, run: Pick<RunRequest, "slot" | "workload">): void {
  const name = nameOf(run);
  const group = (part: string) => `${name}/${part}`;
  const limits =
    detectCgroups().mode === "v2"
      ? { "lxc.cgroup2.memory.max": bench.memoryBytes, "lxc.cgroup2.pids.max": bench.pidsLimit }
      : { "lxc.cgroup.memory.limit_in_bytes": bench.memoryBytes, "lxc.cgroup.pids.max": bench.pidsLimit };
  const lines = {
    ...(existsSync(COMMON) ? { "lxc.include": COMMON } : {}),
    "lxc.rootfs.path": `dir:${bench.rootDirectory}`,
    "lxc.uts.name": "bench",
    "lxc.net.0.type": run.workload === "serve" ? "none" : "empty",
    // All groups of its own below one that is ours: it leaves some behind.
    "lxc.cgroup.dir.monitor": group("monitor"),
    "lxc.cgroup.dir.monitor.pivot": group("pivot"),
    "lxc.cgroup.dir.container": group("payload"),
    ...limits,
  };
  mkdirSync(join(home, name), { recursive: true });
  const text = Object.entries(lines).map(([key, value]) => `${key} = ${value}\n`);
  writeFileSync(join(home, name, "config"), text.join(""));
}

/** Its locks have the path of its home in theirs. */
function expectLeftovers(bench: Workbench, home: string): void {
  expectGroups(bench);
  const locks = join(LOCKS, bench.directory);
  const [created = locks] = ancestors(locks).filter((path) => !existsSync(path));
  bench.journal.will({ kind: "empty", path: created });
  bench.journal.will({ kind: "directory", path: locks });
  mkdirSync(home, { recursive: true });
}

/** From the outermost to the path itself. */
function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [...ancestors(above), path];
}
