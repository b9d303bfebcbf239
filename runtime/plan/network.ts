/** The interfaces of a network namespace. netdevice(7), rtnetlink(7); runtime-spec, config-linux.md, Network Devices. */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciLinux } from "../oci/config.ts";
import { isApart, isNew } from "./namespaces.ts";

/** IFNAMSIZ of linux/if.h, its NUL included. */
const NAME_BYTES = 16;

function checkName(name: string): string {
  const fits = name !== "" && name !== "." && name !== ".." && Buffer.byteLength(name) < NAME_BYTES;
  if (fits && !/[/:\s%]/.test(name)) return name;
  throw new RingsideError(`linux.netDevices: ${JSON.stringify(name)} cannot be an interface's name`, {
    fix: "use at most 15 characters, without blanks, slashes, colons and percent signs",
  });
}

/**
 * Loopback up in a new network namespace; interfaces of the host that move in, with their addresses.
 * @throws RingsideError for interfaces that have nowhere to move to, or no name to have there
 */
export function networkSteps({ namespaces, netDevices = {} }: OciLinux): PlanStep[] {
  const devices = Object.entries(netDevices);
  if (devices.length > 0 && !isApart(namespaces, "network")) {
    throw new RingsideError("cannot move linux.netDevices: the container has the host's network namespace", {
      fix: 'add { "type": "network" } to linux.namespaces',
    });
  }
  const moves = devices.map(
    ([name, { name: newName = name }]): PlanStep => ({
      phase: "host",
      stage: "network",
      why: "An interface of the host moves in: from now on only the container sees it.",
      op: "moveNetDevice",
      name: checkName(name),
      newName: checkName(newName),
    }),
  );
  if (!isNew(namespaces, "network")) return moves;
  const loopback: PlanStep = {
    phase: "child",
    stage: "network",
    why: "A new network namespace has only a loopback interface, and it is down: up with it.",
    op: "loopbackUp",
  };
  return [loopback, ...moves];
}
