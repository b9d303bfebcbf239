/** A further process in a container that runs: ours from a launcher that is up, crun's as a whole command. */

import { execInContainer } from "../../container/exec.ts";
import { startContainer } from "../../container/start.ts";
import { startProcess } from "../../process/start.ts";
import { commandSystem, environment } from "../command.ts";
import { benchContainer } from "../container-options.ts";
import { captureOutput, execveNs, measureStart } from "../measure.ts";
import { peerId } from "../peer.ts";
import { errorFileOf, type SystemRow, TIME_LIMIT_MS, Unusable, type Workbench } from "../system.ts";
import { ringsideVersion } from "../version.ts";
import { prepareRuntime } from "./oci.ts";

/** Something that runs until it is killed. */
const SLEEPER = ["sleep", "1000000"];

export const ringsideExecSystem: SystemRow = {
  world: "container",
  what: "ringside exec, launcher warm: a further process in a running container",
  async prepare(bench) {
    const container = await startContainer(bench.launcher, benchContainer(bench, SLEEPER));
    bench.cleanup.defer(async () => {
      container.kill("SIGKILL");
      await container.exited;
    });
    return {
      version: ringsideVersion(),
      accelerator: null,
      notes: ["warm: the launcher is up"],
      workloads: ["byte"],
      measure: ({ signal, slot }) =>
        measureStart(
          (stdio) => execInContainer(bench.launcher, container.id, { command: [bench.guestProbe], env: [], stdio }),
          { signal, errorFile: errorFileOf(bench, slot), firstInstructionNs: execveNs, timeLimitMs: TIME_LIMIT_MS },
        ),
    };
  },
};

export const crunExecSystem: SystemRow = {
  world: "container",
  what: "crun exec into a running container, the whole command",
  async prepare(bench) {
    const name = "crun-exec";
    const variant = { name, runtime: "crun", cgroups: true, seccomp: true } as const;
    const { command, bundle, version, notes } = await prepareRuntime(bench, variant, SLEEPER);
    const id = peerId(name);
    await runQuietly(bench, [...command, "run", "--detach", "--bundle", bundle, id]);
    bench.cleanup.defer(() => runQuietly(bench, [...command, "delete", "--force", id]));
    return commandSystem(bench, {
      argv: () => [...command, "exec", id, bench.guestProbe],
      version,
      notes: ["whole command, cold", ...notes],
    });
  },
};

/** Runs a peer's command that is not timed. */
async function runQuietly(bench: Workbench, argv: readonly string[]): Promise<void> {
  const { succeeded, output } = await captureOutput(
    (stdio) => startProcess(bench.launcher, { argv, env: environment(), ...stdio }),
    `${bench.directory}/output`,
  );
  if (succeeded) return;
  throw new Unusable({ reason: `${argv.join(" ")} failed: ${output.trim()}`, fix: "ringside doctor" });
}
