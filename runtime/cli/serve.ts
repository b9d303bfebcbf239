/**
 * `ringside serve`: the app with its server. A skin over web/server, which is loaded only when it is asked for, so that
 * no other command pays for it.
 */
import { join } from "node:path";
import type { Command } from "commander";
import type { FastifyInstance } from "fastify";
import { errorCode } from "../../native/error-code.ts";
import { RingsideError } from "../error.ts";
import { checkoutDirectory } from "../image/checkout.ts";

/** Easy to remember beside 2014, the year of the article, and used by nobody else. */
const DEFAULT_PORT = 4014;

/** How many ports are tried, the default one included. */
const PORTS_TO_TRY = 32;

interface ServeOptions {
  readonly port?: string;
  readonly host: string;
}

/** Adds `ringside serve [--port N] [--host H]` to the program. */
export function registerServe(program: Command): void {
  program
    .command("serve")
    .description("serve the app and print its address; Ctrl-C stops it and removes the machines of its lab")
    .option("--port <number>", `the port to listen on; 0 for any (default: ${DEFAULT_PORT}, or the next free one)`)
    .option("--host <address>", "the address to listen on; anything but loopback lets other machines in", "127.0.0.1")
    .action(serve);
}

/** Serves until a signal comes. @throws RingsideError where it cannot listen */
async function serve({ host, port }: ServeOptions): Promise<void> {
  const [{ createServer }, { RuntimeBackend }, { Sessions }, { inAddress, isLoopback }] = await Promise.all([
    import("../../web/server/server.ts"),
    import("../../web/server/real/runtime-backend.ts"),
    import("../../web/server/sessions.ts"),
    import("../../web/server/guard/hosts.ts"),
  ]);
  // From the first moment on: whoever reads the address may stop the server at once.
  const stopped = untilSignal();
  const sessions = new Sessions();
  const appDirectory = join(checkoutDirectory(), "dist", "web");
  const create = (candidate: number): FastifyInstance => {
    const backend = new RuntimeBackend(report);
    return createServer({ host, port: candidate, sessions, backend, appDirectory, report });
  };
  const wanted = port === undefined ? undefined : parsePort(port);
  const server = await listen(create, host, wanted);
  const actual = portOf(server);

  if (wanted === undefined && actual !== DEFAULT_PORT)
    note(`Port ${DEFAULT_PORT} is taken, so this is port ${actual}.`);
  if (!isLoopback(host)) note(`Whoever reaches ${host} and learns the address below can run programs on this machine.`);
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : inAddress(host);
  const announce = (token: string): boolean =>
    process.stdout.write(`Ringside is at http://${name}:${actual}/?token=${token}\n`);
  announce(sessions.token ?? sessions.renewToken());
  const canAsk = process.stdin.isTTY;
  note(`The address works once.${canAsk ? " Enter prints another;" : ""} Ctrl-C stops the server.`);
  if (canAsk) process.stdin.on("data", () => announce(sessions.renewToken()));

  await stopped;
  note("Stopping, and removing what still runs. Once more: without waiting.");
  process.once("SIGINT", () => process.exit(130));
  process.stdin.destroy();
  await server.close();
}

/** Listens on the wanted port, or on the first free one from the default on. */
async function listen(
  create: (port: number) => FastifyInstance,
  host: string,
  wanted: number | undefined,
): Promise<FastifyInstance> {
  const ports = wanted === undefined ? Array.from({ length: PORTS_TO_TRY }, (_, n) => DEFAULT_PORT + n) : [wanted];
  let failure: unknown;
  for (const port of ports) {
    const server = create(port);
    try {
      await server.listen({ host, port });
      return server;
    } catch (error) {
      await server.close();
      failure = error;
      if (!hasCode(error, "EADDRINUSE")) break;
    }
  }
  throw cannotListen(failure, host, ports);
}

function cannotListen(cause: unknown, host: string, ports: readonly number[]): RingsideError {
  const where = ports.length === 1 ? `port ${ports[0]}` : `ports ${ports[0]} to ${ports.at(-1)}`;
  const why = cause instanceof Error ? cause.message : String(cause);
  const fixes: Readonly<Record<string, string>> = {
    EADDRINUSE: "give another one with --port",
    EACCES: "ports below 1024 need root: give another one with --port",
    EADDRNOTAVAIL: "give --host an address of this machine; `ip address` lists them",
    ENOTFOUND: "give --host an address of this machine, such as 127.0.0.1",
  };
  const fix = Object.entries(fixes).find(([code]) => hasCode(cause, code))?.[1];
  return new RingsideError(`cannot listen on ${host}, ${where}: ${why}`, {
    cause,
    ...(fix === undefined ? {} : { fix }),
  });
}

function portOf(server: FastifyInstance): number {
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new RingsideError(`${JSON.stringify(text)} is not a port`, { fix: "give --port a number from 0 to 65535" });
}

function hasCode(error: unknown, code: string): boolean {
  return errorCode(error) === code;
}

/** Resolves at the first signal that asks for an end. */
async function untilSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
}

function report(error: unknown): void {
  process.stderr.write(`ringside serve: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
