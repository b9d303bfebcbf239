/** Waiting for the end of a container, whoever owns it. docker-wait(1). */
import { join } from "node:path";
import { parseStatus } from "../../native/wait-status.ts";
import { RingsideError } from "../error.ts";
import { places } from "./directories.ts";
import { readEvents } from "./events.ts";
import { exitCodeOf } from "./exit-code.ts";
import { MonitorConnection } from "./monitor-socket.ts";
import { isAlive } from "./process-identity.ts";
import { type ContainerState, findContainer, listContainers } from "./state.ts";

const POLL_MS = 20;

/**
 * Waits until the container has ended and all that goes with its end has gone.
 * @returns its exit code
 * @throws RingsideError when there is no such container, or nobody saw how it ended
 */
export async function waitForContainer(idOrName: string): Promise<number> {
  const state = findContainer(idOrName);
  // Where too many look already, the record tells as well.
  const monitor = await MonitorConnection.open(join(places().states, state.id)).catch(() => undefined);
  if (monitor !== undefined) {
    const status = await monitor.ended;
    await monitor.closed;
    if (status !== undefined) return exitCodeOf(parseStatus(status));
  }
  return await recordedExitCode(state);
}

/**
 * Waits for what the owner of a container leaves: it writes down how it ended, or removes it and leaves the event.
 * @throws RingsideError when the owner was killed before it could
 */
export async function recordedExitCode({ id, name, owner }: ContainerState): Promise<number> {
  while (true) {
    // Asked first: an owner that is gone will write nothing more.
    const isOwned = isAlive(owner.pid, owner.startTicks);
    const now = listContainers().find((container) => container.id === id);
    if (now?.exit !== undefined) return exitCodeOf(now.exit.status);
    const code = now === undefined ? exitCodeInEvents(id) : undefined;
    if (code !== undefined) return code;
    if (now === undefined || !isOwned) {
      throw new RingsideError(`nobody saw how ${name} ended: whoever owned it was killed`, {
        fix: "ringside ps -a sweeps up after it",
      });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function exitCodeInEvents(id: string): number | undefined {
  return readEvents().findLast((event) => event.id === id && event.action === "die")?.exitCode;
}
