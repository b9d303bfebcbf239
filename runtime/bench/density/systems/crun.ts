/** crun run --detach: containers without a monitor. */

import { peerId } from "../../peer.ts";
import { prepareRuntime } from "../../systems/oci.ts";
import type { DensityRow } from "../system.ts";
import { commandedSystem } from "./command.ts";

const NAME = "density-crun";
const CONTAINER_BYTES = 16 * 1024 ** 2;

export const crunDensity: DensityRow = {
  world: "container",
  what: "crun run --detach, with the configuration of our default container",
  async prepare(bench, idle) {
    const variant = { name: NAME, runtime: "crun", cgroups: true, seccomp: true } as const;
    const { command, bundle, version, notes } = await prepareRuntime(bench, variant, idle.command);
    return commandedSystem(bench, {
      version,
      notes: [
        "counted: the program alone; nobody stays who would keep its output or its exit status, which an engine's monitor does",
        "the start is the whole command; its bundle and root directory exist already, and all share that directory",
        ...notes,
      ],
      memoryBytes: CONTAINER_BYTES,
      idleAfterMs: 100,
      start: (number) => [...command, "run", "--detach", "--bundle", bundle, peerId(NAME, number)],
      stop: (number) => [...command, "delete", "--force", peerId(NAME, number)],
      groupMark: peerId(NAME).slice(0, -1),
      directories: [bundle],
    });
  },
};
