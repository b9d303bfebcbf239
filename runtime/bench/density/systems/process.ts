/** Plain processes: what the program itself takes, in no world at all. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../../../process/start.ts";
import { environment } from "../../command.ts";
import { requireProgram } from "../../programs.ts";
import type { Workbench } from "../../system.ts";
import { ringsideVersion } from "../../version.ts";
import type { DensityRow, Idle } from "../system.ts";

const PROCESS_BYTES = 16 * 1024 ** 2;

export const processDensity: DensityRow = {
  world: "process",
  what: "the program alone",
  async prepare(bench, idle) {
    const { argv, note } = programOf(bench, idle);
    return {
      version: ringsideVersion(),
      accelerator: null,
      notes: [note, "the launcher that they are children of is not counted: all worlds are started by one"],
      memoryBytes: PROCESS_BYTES,
      idleAfterMs: 50,
      async start() {
        const running = await startProcess(bench.launcher, { argv, env: environment() });
        return {
          async stop() {
            running.kill("SIGKILL");
            await running.exited;
          },
        };
      },
      processes: () => [],
      memoryGroups: () => undefined,
      directories: () => [],
    };
  },
};

/** The image's busybox is a static program, and runs on the host as it does in a container. */
function programOf({ rootDirectory }: Workbench, { command }: Idle): { argv: string[]; note: string } {
  const busybox = join(rootDirectory, "bin/busybox");
  if (existsSync(busybox)) return { argv: [busybox, ...command], note: "the image's own program, run on the host" };
  const [name = "", ...rest] = command;
  return { argv: [requireProgram(name, "coreutils"), ...rest], note: "the host's program of the same name" };
}
