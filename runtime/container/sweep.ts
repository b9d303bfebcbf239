/** What a Ringside that was killed could not take away itself. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseStatus } from "../../native/wait-status.ts";
import { removeCgroups } from "../cgroup/remove.ts";
import { places } from "./directories.ts";
import { appendEvent } from "./events.ts";
import { exitCodeOf } from "./exit-code.ts";
import { isAlive } from "./process-identity.ts";
import { isId, writeKilledExit } from "./record.ts";
import { entries, freeReservations, release, removeForeign } from "./reserve.ts";
import { listContainers } from "./state.ts";

/** Takes it away. @throws RingsideError when a process in a lost container's groups does not end */
export async function sweep(): Promise<void> {
  await sweepRecords();
  freeReservations();
  await sweepLayers();
}

/** A container has its state from before it writes anything until after all of it is gone. */
async function sweepLayers(): Promise<void> {
  const { states, layers, logs } = places();
  const known = new Set(entries(states));
  for (const directory of [layers, logs]) {
    const orphans = entries(directory).filter((id) => isId(id) && !known.has(id));
    for (const id of orphans) {
      if (directory === layers) await removeForeign(join(directory, id));
      rmSync(join(directory, id), { recursive: true, force: true });
    }
  }
}

async function sweepRecords(): Promise<void> {
  for (const container of listContainers()) {
    const { id, name, status, remove, owner, cgroups } = container;
    if (isAlive(owner.pid, owner.startTicks)) continue;
    // What has lost its monitor dies of it, and is only kept from it by being frozen.
    if (status !== "exited" && owner.kind === "lab") continue;
    await removeCgroups(cgroups);
    if (owner.kind === "monitor" && container.exit === undefined) {
      const exitCode = exitCodeOf(parseStatus(writeKilledExit(id)));
      appendEvent("die", container, { exitCode, oomKilled: false });
    }
    if (!remove) continue;
    await release(id, name);
    appendEvent("destroy", container);
  }
}
