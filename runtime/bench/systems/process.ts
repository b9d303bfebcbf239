/** A plain process: fork and exec, nothing else. */

import { startProcess } from "../../process/start.ts";
import { execveNs, measureStart } from "../measure.ts";
import { planStages } from "../plan-stages.ts";
import { errorFileOf, probeArguments, type SystemRow, TIME_LIMIT_MS } from "../system.ts";
import { ringsideVersion } from "../version.ts";

export const processSystem: SystemRow = {
  world: "process",
  what: "fork and exec from the warm launcher: the floor of everything",
  async prepare(bench) {
    return {
      version: ringsideVersion(),
      accelerator: null,
      notes: ["warm: the launcher is up; every other system is started by the same launcher"],
      workloads: ["byte", "serve"],
      measure: (run) => {
        const argv = [bench.hostProbe, ...probeArguments(run)];
        return measureStart((stdio) => startProcess(bench.launcher, { argv, env: [], ...stdio }), {
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
