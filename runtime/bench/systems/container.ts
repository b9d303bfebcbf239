/** Our container, from a launcher that is up. */

import { startContainer } from "../../container/start.ts";
import { benchContainer } from "../container-options.ts";
import { execveNs, measureStart } from "../measure.ts";
import { planStages } from "../plan-stages.ts";
import { errorFileOf, probeArguments, type SystemRow, TIME_LIMIT_MS } from "../system.ts";
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
        "serve: in the host's network, so without making a network namespace; byte: in an empty one of its own",
        "includes making and removing the overlay over the image, the control groups and the state",
      ],
      workloads: ["byte", "serve"],
      measure: (run) => {
        const asked = benchContainer(bench, [bench.guestProbe, ...probeArguments(run)]);
        const network = run.workload === "serve" ? "host" : asked.network;
        return measureStart((stdio) => startContainer(bench.launcher, { ...asked, network, stdio }), {
          signal: run.signal,
          port: run.port,
          errorFile: errorFileOf(bench, run.slot),
          firstInstructionNs: execveNs,
          stages: planStages,
          timeLimitMs: TIME_LIMIT_MS,
        });
      },
    };
  },
};
