/** Our container as a user starts it: the whole command, with Node's start. */

import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { checkoutDirectory } from "../../image/checkout.ts";
import { commandSystem } from "../command.ts";
import { HOST_NETWORK, WHOLE_COMMAND } from "../peer.ts";
import { probeArguments, type SystemRow, Unusable } from "../system.ts";
import { ringsideVersion } from "../version.ts";

export const containerCommandSystem: SystemRow = {
  world: "container",
  what: "ringside, the whole command: ./ringside run --rm",
  async prepare(bench) {
    const command = join(checkoutDirectory(), "ringside");
    for (const part of [command, join(checkoutDirectory(), "dist", "cli.js")]) {
      try {
        accessSync(part, constants.R_OK);
      } catch (cause) {
        throw new Unusable(
          { reason: `${part} is not there: the command has not been built`, fix: "npm run build" },
          { cause },
        );
      }
    }
    return commandSystem(bench, {
      argv: (run) => [
        command,
        "run",
        "--rm",
        ...["--memory", String(bench.memoryBytes)],
        ...["--pids-limit", String(bench.pidsLimit)],
        ...(run.workload === "serve" ? ["--network", "host"] : []),
        bench.image.name,
        bench.guestProbe,
        ...probeArguments(run),
      ],
      workloads: ["byte", "serve"],
      version: ringsideVersion(),
      notes: [
        WHOLE_COMMAND,
        "the shell script, Node's start, the launcher's start, the container, and the end of all of them",
        HOST_NETWORK,
      ],
    });
  },
};
