/**
 * Ports for servers that are about to be started: the kernel is asked for free ones (bind(2) to port 0, ip(7)), all of them
 * at once, so that they differ. Between then and the server's own bind somebody else may take one; the start then fails and says so.
 */

import { createServer, type Server } from "node:net";

/** @throws an error of Node's shape where the kernel has none */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => portOf(server));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "0.0.0.0" }, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a server on TCP has a port");
  return address.port;
}
