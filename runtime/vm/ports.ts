/** Ports of the host that lead into a guest, as `docker run -p` has them: `8080:80`, `0.0.0.0:5353:53/udp`. */
import { isIPv4 } from "node:net";
import { RingsideError } from "../error.ts";
import type { PortForward } from "./vmm.ts";

const LOOPBACK = "127.0.0.1";
const SPEC = /^(?:([^:]*):)?(\d{1,5}):(\d{1,5})(?:\/(.+))?$/;
const MOST = 65_535;

/**
 * @param text `[ADDRESS:]HOST:GUEST[/tcp|udp]`; only this host itself reaches the port unless an address is given
 * @throws RingsideError saying what is wrong with it
 */
export function parsePort(text: string): PortForward {
  const [whole, address = LOOPBACK, host = "", guest = "", protocol = "tcp"] = SPEC.exec(text) ?? [];
  const wrong = (why: string): RingsideError =>
    new RingsideError(`--publish ${JSON.stringify(text)}: ${why}`, {
      fix: "give it as HOST:GUEST, such as 8080:80, 0.0.0.0:8080:80 or 5353:53/udp",
    });
  if (whole === undefined) throw wrong("it is not of the form [ADDRESS:]HOST:GUEST[/tcp|udp]");
  if (protocol !== "tcp" && protocol !== "udp")
    throw wrong(`the protocol ${JSON.stringify(protocol)} is neither tcp nor udp`);
  if (!isIPv4(address)) throw wrong(`${JSON.stringify(address)} is not an IPv4 address of this host`);
  const hostPort = portNumber(host);
  const guestPort = portNumber(guest);
  if (hostPort === undefined || guestPort === undefined) throw wrong(`a port is a number from 1 to ${MOST}`);
  return { address, hostPort, guestPort, protocol };
}

function portNumber(text: string): number | undefined {
  const port = Number(text);
  return port >= 1 && port <= MOST ? port : undefined;
}

/** @throws RingsideError where two forwards want the same port of the host */
export function checkPorts(forwards: readonly PortForward[]): void {
  const seen = new Set<string>();
  for (const forward of forwards) {
    const { address, hostPort, protocol } = forward;
    const key = `${address}:${hostPort}/${protocol}`;
    if (seen.has(key)) {
      throw new RingsideError(`${key} of the host cannot lead to two ports of the guest`, {
        fix: "give each --publish a port of the host of its own",
      });
    }
    seen.add(key);
  }
}

/** @returns as people read it: `127.0.0.1:8080->80/tcp` */
export function portText({ address, hostPort, guestPort, protocol }: PortForward): string {
  return `${address}:${hostPort}->${guestPort}/${protocol}`;
}
