/** gVisor: `runsc run ID`, the whole command. A kernel in user space answers the program's system calls. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../../process/start.ts";
import { writeBundle } from "../bundle.ts";
import { commandSystem, environment, versionOf } from "../command.ts";
import { captureOutput } from "../measure.ts";
import { expectGroups, guestProgram, peerId, requestsToCome, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import type { RunRequest, SystemRow, Workbench } from "../system.ts";

export const gvisorSystem: SystemRow = {
  world: "container",
  what: "gVisor's runsc run, with the configuration of our default container",
  async prepare(bench) {
    const program = requireProgram("runsc", "runsc");
    expectGroups(bench);
    const { image, rootDirectory, memoryBytes, pidsLimit } = bench;
    for (const run of requestsToCome(bench)) {
      const network = run.workload === "serve" ? "host" : "none";
      const options = { image, rootDirectory, memoryBytes, pidsLimit, cgroups: true, seccomp: false, network } as const;
      writeBundle(bundleOf(bench, run), { ...options, program: guestProgram(bench, run) });
    }
    const platform = await defaultPlatform(bench, program);
    // Short: a socket in it has the container's name as well, and unix(7) has room for 107 bytes.
    const state = join(bench.directory, "gv");
    mkdirSync(state);
    return commandSystem(bench, {
      argv: (run) => [
        ...[program, "--root", state, `--platform=${platform}`],
        `--network=${run.workload === "serve" ? "host" : "none"}`,
        ...["run", "--bundle", bundleOf(bench, run), peerId("runsc", run.slot)],
      ],
      workloads: ["byte", "serve"],
      version: `${await versionOf(bench, [program, "--version"])}, platform ${platform}`,
      notes: [
        WHOLE_COMMAND,
        `platform ${platform}, which this version takes unless told otherwise: the program's instructions run on the processor, its system calls are caught and answered by a kernel in user space, which starts too`,
        "no filter of system calls around the program: that kernel answers them, and is itself under one",
        "serve: in the host's network (--network=host); byte: in none (--network=none)",
      ],
    });
  },
};

function bundleOf(bench: Workbench, { workload, slot }: Pick<RunRequest, "workload" | "slot">): string {
  return join(bench.directory, `bundle-runsc-${workload}-${slot}`);
}

/** As its own help has it: `ptrace` in old versions, `systrap` in newer ones. */
async function defaultPlatform(bench: Workbench, program: string): Promise<string> {
  const { output } = await captureOutput(
    (stdio) => startProcess(bench.launcher, { argv: [program, "flags"], env: environment(), ...stdio }),
    join(bench.directory, "runsc-flags"),
  );
  return /-platform string\s[\s\S]*?\(default "(\w+)"\)/.exec(output)?.[1] ?? "ptrace";
}
