/** Our container, as it is by default and without its filter of system calls. */
import { startContainer } from "../../../container/start.ts";
import { TIME_LIMIT_MS } from "../../system.ts";
import { ringsideVersion } from "../../version.ts";
import { HOST_MEASUREMENTS } from "../quantities.ts";
import { outputOf } from "../start.ts";
import { argumentsOf, GUEST_FILES, GUEST_PROGRAM, MEMORY_BYTES, type OverheadRow } from "../world.ts";

export const containerWorld = containerRow("our default container", true);
export const containerWithoutFilterWorld = containerRow("the same without a filter of system calls", false);

function containerRow(what: string, isFiltered: boolean): OverheadRow {
  return {
    world: "container",
    what,
    async prepare({ bench, files }) {
      return {
        version: ringsideVersion(),
        accelerator: null,
        notes: [isFiltered ? "every system call passes a filter (seccomp)" : "no filter of system calls"],
        memoryBytes: MEMORY_BYTES,
        measure: ({ samples, signal }) =>
          outputOf(bench, {
            start: (stdio) =>
              startContainer(bench.launcher, {
                image: bench.image.name,
                command: [GUEST_PROGRAM, ...argumentsOf(samples, GUEST_FILES, HOST_MEASUREMENTS)],
                env: [],
                memoryBytes: MEMORY_BYTES,
                pidsLimit: bench.pidsLimit,
                mounts: [{ destination: GUEST_FILES, type: "bind", source: files, options: ["bind", "rw"] }],
                readOnly: false,
                network: "none",
                remove: true,
                stdio,
                ...(isFiltered ? {} : { seccomp: null }),
              }),
            signal,
            timeLimitMs: TIME_LIMIT_MS,
          }),
      };
    },
  };
}
