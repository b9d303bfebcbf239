/** gVisor: a kernel in user space answers the program's system calls. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../../../process/start.ts";
import { benchConfig, specificationJson } from "../../bundle.ts";
import { environment, versionOf } from "../../command.ts";
import { expectGroups, peerId } from "../../peer.ts";
import { requireProgram } from "../../programs.ts";
import type { Workbench } from "../../system.ts";
import { HOST_MEASUREMENTS } from "../quantities.ts";
import { outputOf } from "../start.ts";
import { argumentsOf, GUEST_FILES, GUEST_PROGRAM, MEMORY_BYTES, type OverheadRow } from "../world.ts";

/** Each of its system calls is a stop of the program under ptrace(2). */
const TIME_LIMIT_MS = 60_000;
/** Its kernel's own threads and its stubs count too: below some hundred it ends in the middle of a fork(2). */
const PIDS_LIMIT = 1024;

export const gvisorWorld: OverheadRow = {
  world: "container",
  what: "gVisor's runsc on its default platform",
  async prepare({ bench, files }) {
    const program = requireProgram("runsc", "runsc");
    expectGroups(bench);
    const state = join(bench.directory, "overhead-state-runsc");
    mkdirSync(state);
    return {
      version: await versionOf(bench, [program, "--version"]),
      accelerator: null,
      notes: [
        "system calls are answered by a kernel in user space (the Sentry); files go through it to a process of the host",
        "no filter of system calls around the program: that kernel answers them, and is itself under one",
      ],
      memoryBytes: 2 * MEMORY_BYTES,
      measure: ({ samples }) =>
        outputOf(bench, {
          start: (stdio) => {
            const bundle = writeBundle(bench, files, samples);
            const options = ["--root", state, "--network=none"];
            const argv = [program, ...options, "run", "--bundle", bundle, peerId("runsc-overhead")];
            return startProcess(bench.launcher, { argv, env: environment(), ...stdio });
          },
          timeLimitMs: TIME_LIMIT_MS,
        }),
    };
  },
};

function writeBundle({ directory, image, rootDirectory }: Workbench, files: string, samples: number): string {
  const bundle = join(directory, "overhead-bundle-runsc");
  mkdirSync(bundle, { recursive: true });
  const program = [GUEST_PROGRAM, ...argumentsOf(samples, GUEST_FILES, HOST_MEASUREMENTS)];
  const options = {
    image,
    rootDirectory,
    program,
    pidsLimit: PIDS_LIMIT,
    memoryBytes: 2 * MEMORY_BYTES,
    cgroups: true,
  };
  const { linux = {}, mounts = [], ...rest } = specificationJson(benchConfig({ ...options, seccomp: false }));
  const { seccomp: _, ...open } = linux;
  const ours = { destination: GUEST_FILES, type: "bind", source: files, options: ["bind", "rw"] };
  const text = JSON.stringify({ ...rest, linux: open, mounts: [...mounts, ours] });
  writeFileSync(join(bundle, "config.json"), text);
  return bundle;
}
