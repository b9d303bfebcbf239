/** Our containers as `ringside run -d` leaves them: each with a monitor of its own. */

import { join } from "node:path";
import { startDetached } from "../../../container/detached.ts";
import { places } from "../../../container/directories.ts";
import { findContainer } from "../../../container/state.ts";
import { removeContainer } from "../../../container/stop.ts";
import { benchContainer } from "../../container-options.ts";
import { peerId } from "../../peer.ts";
import { ringsideVersion } from "../../version.ts";
import type { DensityRow } from "../system.ts";

/** A monitor gives back what its start has used when nothing has happened for half a second. */
const IDLE_AFTER_MS = 700;
const CONTAINER_BYTES = 16 * 1024 ** 2;

export const containerDensity: DensityRow = {
  world: "container",
  what: "ringside run -d, without the command's own start",
  async prepare(bench, idle) {
    const running = new Map<string, { readonly owner: number; readonly group: string | undefined }>();
    return {
      version: ringsideVersion(),
      accelerator: null,
      notes: [
        "counted: the program, and the monitor that each container has",
        "the start is that of the container, from the request in a process that is up; limits of memory and processes, an empty network",
      ],
      memoryBytes: CONTAINER_BYTES,
      idleAfterMs: IDLE_AFTER_MS,
      async start(number) {
        const name = peerId("density-container", number);
        const entry = bench.journal.will({ kind: "container", name });
        const options = {
          ...benchContainer(bench, idle.command),
          image: idle.image,
          name,
          remove: false,
          input: false,
        };
        const { id } = await startDetached(options);
        const { owner, cgroups } = findContainer(id);
        running.set(id, { owner: owner.pid, group: memoryGroup(cgroups) });
        return {
          async stop() {
            running.delete(id);
            await removeContainer(id, { force: true });
            entry.done();
          },
        };
      },
      processes: () => [...running.values()].map(({ owner }) => owner),
      memoryGroups: () => [...running.values()].flatMap(({ group }) => group ?? []),
      directories() {
        const { layers, logs, states } = places();
        return [...running.keys()].flatMap((id) => [layers, logs, states].map((directory) => join(directory, id)));
      },
    };
  },
};

/** Of its groups the one that counts memory: on v1 there is one in each hierarchy. */
function memoryGroup(cgroups: readonly string[]): string | undefined {
  return cgroups.find((path) => path.split("/").includes("memory")) ?? cgroups[0];
}
