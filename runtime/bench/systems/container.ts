/** Our container, from a launcher that is up. */

import { startContainer } from "../../container/start.ts";
import { benchContainer } from "../container-options.ts";
import { execveNs, measureStart } from "../measure.ts";
import { errorFileOf, type SystemRow, TIME_LIMIT_MS } from "../system.ts";
import { ringsideVersion } from "../version.ts";

export const containerSystem: SystemRow = {
  world: "container",
  what: "ringside, launcher warm: from the request to the launcher",
  async prepare(bench) {
    return {
      version: ringsideVersion(),
      accelerator: null,
      notes: [
        "warm: the launcher is up, no program of ours has to start; the rows of other runtimes are whole commands that start cold",
        "includes making and removing the overlay over the image, the control groups and the state",
      ],
      measure: (signal) =>
        measureStart(
          (stdio) => startContainer(bench.launcher, { ...benchContainer(bench, [bench.guestProbe]), stdio }),
          { signal, errorFile: errorFileOf(bench), firstInstructionNs: execveNs, timeLimitMs: TIME_LIMIT_MS },
        ),
    };
  },
};
