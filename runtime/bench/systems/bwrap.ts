/** bubblewrap with the same namespaces, capabilities and filter: `bwrap … PROGRAM`, the whole command. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_CAPABILITIES } from "../../plan/capabilities.ts";
import { compileSeccomp } from "../../plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../plan/seccomp/default-profile.ts";
import { type CommandOptions, commandSystem, versionOf } from "../command.ts";
import { guestProgram, HOST_NETWORK, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import type { RunRequest, SystemRow, Workbench } from "../system.ts";

const NAMESPACES = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"];

export const bwrapSystem: SystemRow = {
  world: "container",
  what: "bubblewrap with the same namespaces and filter; it has no control groups",
  async prepare(bench) {
    const command = await bwrapCommand(bench);
    const filter = join(bench.directory, "bwrap.bpf");
    writeFileSync(filter, compileSeccomp(defaultSeccomp(DEFAULT_CAPABILITIES)));
    return commandSystem(bench, {
      ...command,
      // The filter is read from standard input, compiled: the probe reads nothing.
      argv: (run) => withOptions(command.argv(run), ["--seccomp", "0"]),
      inputFile: filter,
      notes: [
        ...command.notes,
        "no control groups, no limits, no sysfs, no masked paths: less work than the other containers; the filter is given compiled",
      ],
    });
  },
};

/**
 * The command without its filter, which would come from standard input.
 * @throws Unusable when it is not installed
 */
export async function bwrapCommand(bench: Workbench): Promise<CommandOptions> {
  const program = requireProgram("bwrap", "bubblewrap");
  return {
    argv: (run: RunRequest) => [
      program,
      ...NAMESPACES,
      ...(run.workload === "serve" ? [] : ["--unshare-net"]),
      ...["--hostname", "bench"],
      ...["--bind", bench.rootDirectory, "/"],
      ...["--proc", "/proc", "--dev", "/dev"],
      ...["--cap-drop", "ALL", ...DEFAULT_CAPABILITIES.flatMap((capability) => ["--cap-add", capability])],
      ...["--new-session", "--die-with-parent", "--clearenv"],
      ...guestProgram(bench, run),
    ],
    workloads: ["byte", "serve"],
    version: await versionOf(bench, [program, "--version"]),
    notes: [WHOLE_COMMAND, HOST_NETWORK],
  };
}

/** Behind the program's name. */
function withOptions([program = "", ...rest]: readonly string[], options: readonly string[]): string[] {
  return [program, ...options, ...rest];
}
