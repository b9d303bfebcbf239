/**
 * A moved machine's ports of the host. The destination's network stack gets them when the source has let go of them:
 * `hostfwd_add` of QEMU's human monitor, which QMP passes on. Connections that were open end with the source.
 */
import { z } from "zod";
import { RingsideError } from "../../error.ts";
import type { Qmp } from "../qmp.ts";
import type { PortForward } from "../vmm.ts";

const BACKEND = "network";

/**
 * @param qmp of the destination
 * @throws RingsideError naming the port that could not be had
 */
export async function forwardPorts(qmp: Qmp, ports: readonly PortForward[]): Promise<void> {
  for (const { protocol, address, hostPort, guestPort } of ports) {
    const rule = `${protocol}:${address}:${hostPort}-:${guestPort}`;
    const words = await qmp.query("human-monitor-command", z.string(), {
      "command-line": `hostfwd_add ${BACKEND} ${rule}`,
    });
    if (words.trim() === "") continue;
    throw new RingsideError(`the machine was moved, but its port ${hostPort} could not be had again: ${words.trim()}`, {
      fix: "ringside vm inspect shows its ports; start it again to have them",
    });
  }
}
