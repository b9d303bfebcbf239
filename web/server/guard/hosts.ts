/**
 * The names under which this server may be addressed, exactly. A page that makes its own name point at 127.0.0.1 (DNS
 * rebinding) still sends that name as Host, and is refused.
 */

import { hostname as machineName, networkInterfaces } from "node:os";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const EVERY_ADDRESS = new Set(["0.0.0.0", "::"]);

/** Whether only this machine can reach a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A host as it stands in an address: IPv6 in brackets (RFC 3986 §3.2.2). */
export function inAddress(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/**
 * The values of the Host header that are answered.
 *
 * @param listen where the server listens; for every address, the machine's own addresses and name are allowed
 * @param extra further names, with or without a port
 */
export function allowedHosts(
  listen: { readonly host: string; readonly port: number },
  extra: readonly string[] = [],
): ReadonlySet<string> {
  const names = [...LOOPBACK, ...(EVERY_ADDRESS.has(listen.host) ? ownNames() : [listen.host])];
  const withPort = names.map((name) => `${inAddress(name)}:${listen.port}`);
  // A browser leaves out the port that is its scheme's own.
  const withoutPort = listen.port === 80 ? names.map(inAddress) : [];
  const others = extra.map((name) => (/:\d+$/.test(name) ? name : `${inAddress(name)}:${listen.port}`));
  return new Set([...withPort, ...withoutPort, ...others].map((name) => name.toLowerCase()));
}

function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address));
  return [machineName(), ...addresses];
}
