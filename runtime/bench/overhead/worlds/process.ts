/** A plain process: what everything else is set against. */
import { startProcess } from "../../../process/start.ts";
import { TIME_LIMIT_MS } from "../../system.ts";
import { ringsideVersion } from "../../version.ts";
import { HOST_MEASUREMENTS } from "../quantities.ts";
import { outputOf } from "../start.ts";
import { argumentsOf, MEMORY_BYTES, type OverheadRow } from "../world.ts";

export const processWorld: OverheadRow = {
  world: "process",
  what: "a plain process: what the others are set against",
  async prepare({ bench, program, files }) {
    return {
      version: ringsideVersion(),
      accelerator: null,
      notes: [
        "files: the directory of temporary files of the host; every container finds the same one by a bind mount",
      ],
      memoryBytes: MEMORY_BYTES,
      measure: ({ samples, signal }) =>
        outputOf(bench, {
          start: (stdio) =>
            startProcess(bench.launcher, {
              argv: [program, ...argumentsOf(samples, files, HOST_MEASUREMENTS)],
              ...stdio,
            }),
          signal,
          timeLimitMs: TIME_LIMIT_MS,
        }),
    };
  },
};
