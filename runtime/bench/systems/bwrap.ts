/** bubblewrap with the same namespaces, capabilities and filter: `bwrap … PROGRAM`, the whole command. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_CAPABILITIES } from "../../plan/capabilities.ts";
import { compileSeccomp } from "../../plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../plan/seccomp/default-profile.ts";
import { commandSystem, versionOf } from "../command.ts";
import { requireProgram } from "../programs.ts";
import { probeArguments, type SystemRow } from "../system.ts";

const NAMESPACES = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"];

export const bwrapSystem: SystemRow = {
  world: "container",
  what: "bubblewrap with the same namespaces and filter; it has no control groups",
  async prepare(bench) {
    const program = requireProgram("bwrap", "bubblewrap");
    const filter = join(bench.directory, "bwrap.bpf");
    writeFileSync(filter, compileSeccomp(defaultSeccomp(DEFAULT_CAPABILITIES)));
    return commandSystem(bench, {
      argv: (run) => [
        program,
        ...NAMESPACES,
        ...(run.workload === "serve" ? [] : ["--unshare-net"]),
        ...["--hostname", "bench"],
        ...["--bind", bench.rootDirectory, "/"],
        ...["--proc", "/proc", "--dev", "/dev"],
        ...["--cap-drop", "ALL", ...DEFAULT_CAPABILITIES.flatMap((capability) => ["--cap-add", capability])],
        // The filter is read from standard input, compiled: the probe reads nothing.
        ...["--seccomp", "0"],
        ...["--new-session", "--die-with-parent", "--clearenv"],
        bench.guestProbe,
        ...probeArguments(run),
      ],
      workloads: ["byte", "serve"],
      inputFile: filter,
      version: await versionOf(bench, [program, "--version"]),
      notes: [
        "whole command, cold",
        "no control groups, no limits, no sysfs, no masked paths: less work than the other containers; the filter is given compiled",
      ],
    });
  },
};
