/**
 * A moved machine's ports of the host. The destination's network stack gets them when the source has let go of them:
 * `hostfwd_add` of QEMU's human monitor, which QMP passes on. Connections that were open end with the source.
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { RingsideError } from "../../error.ts";
import type { Qmp } from "../qmp.ts";
import type { PortForward } from "../vmm.ts";

const BACKEND = "network";
const RETRY_MS = 5;
/** The source's process may be gone while the last of its threads still holds its sockets. */
const PATIENCE_MS = 5000;

/**
 * @param qmp of the destination
 * @throws RingsideError naming the port that could not be had
 */
export async function forwardPorts(qmp: Qmp, ports: readonly PortForward[]): Promise<void> {
  for (const port of ports) {
    const { protocol, address, hostPort, guestPort } = port;
    const problem = await forward(qmp, `${protocol}:${address}:${hostPort}-:${guestPort}`);
    if (problem === "") continue;
    throw new RingsideError(`the machine was moved, but its port ${hostPort} could not be had again: ${problem}`, {
      fix: "ringside vm inspect shows its ports; start it again to have them",
    });
  }
}

/** @returns the monitor's words, which are none where it was done */
async function forward(qmp: Qmp, rule: string): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const words = await qmp.query("human-monitor-command", z.string(), {
      "command-line": `hostfwd_add ${BACKEND} ${rule}`,
    });
    if (words.trim() === "" || performance.now() > deadline) return words.trim();
    await delay(RETRY_MS);
  }
}
