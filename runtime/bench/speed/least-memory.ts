/** The smallest memory limit with which `true` still starts: what a runtime's own set-up costs inside the group. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ExitStatus } from "../../../native/kernel.ts";
import { startContainer } from "../../container/start.ts";
import { RingsideError } from "../../error.ts";
import { startProcess } from "../../process/start.ts";
import { environment } from "../command.ts";
import { benchContainer } from "../container-options.ts";
import { captureOutput } from "../measure.ts";
import { peerId } from "../peer.ts";
import type { Workbench } from "../system.ts";
import { prepareRuntime } from "../systems/oci.ts";
import type { Figure } from "./schema.ts";

/** Whether `true` ran to its end with that limit. */
export type Tries = (memoryBytes: number) => Promise<boolean>;

const STEP_BYTES = 4 * 1024;
const MOST_STEPS = 4096;
/** The kernel charges memory in batches for each processor, so a start now and then gets through with less. */
const REPEATS = 3;

/**
 * Finds the least limit by halving.
 *
 * @throws Error when it does not start with the largest limit either
 */
export async function leastMemory(system: string, tries: Tries): Promise<Figure> {
  const always = async (steps: number): Promise<boolean> => {
    for (let repeat = 0; repeat < REPEATS; repeat++) if (!(await tries(steps * STEP_BYTES))) return false;
    return true;
  };
  let tooLittle = 0;
  let enough = MOST_STEPS;
  if (!(await always(enough))) throw new Error(`true does not start with ${(MOST_STEPS * STEP_BYTES) / 1024} KiB`);
  while (enough - tooLittle > 1) {
    const middle = Math.floor((enough + tooLittle) / 2);
    if (await always(middle)) enough = middle;
    else tooLittle = middle;
  }
  return { system, value: enough * STEP_BYTES, unit: "bytes", n: REPEATS };
}

/** With `ringside run --memory`. */
export function ourTries(bench: Workbench): Tries {
  return async (memoryBytes) => {
    try {
      const container = await startContainer(bench.launcher, benchContainer({ ...bench, memoryBytes }, ["true"]));
      return succeeded((await container.exited).status);
    } catch (error) {
      if (error instanceof RingsideError) return false;
      throw error;
    }
  };
}

/** With crun and the same configuration. */
export function crunTries(bench: Workbench): Tries {
  return async (memoryBytes) => {
    const variant = { name: "crun-least", runtime: "crun", cgroups: true, seccomp: true } as const;
    const { command, bundle } = await prepareRuntime({ ...bench, memoryBytes }, variant, ["true"]);
    const id = peerId("least");
    const run = (argv: readonly string[]) =>
      captureOutput(
        (stdio) => startProcess(bench.launcher, { argv, env: environment(), ...stdio }),
        join(bench.directory, "least-output"),
      );
    const { succeeded: ran } = await run([...command, "run", "--bundle", bundle, id]);
    // A container whose start failed may be left.
    if (!ran) await run([...command, "delete", "--force", id]);
    rmSync(bundle, { recursive: true, force: true });
    return ran;
  };
}

function succeeded(status: ExitStatus): boolean {
  return status.kind === "exited" && status.code === 0;
}
