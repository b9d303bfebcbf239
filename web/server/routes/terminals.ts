/** `POST /api/tickets` and the upgrade `GET /api/terminal`. */

import type { FastifyInstance, FastifyRequest } from "fastify";
import { askTicketSchema, type Ticket } from "../../protocol/terminals.ts";
import type { Clock } from "../clock.ts";
import type { Lab } from "../lab/lab.ts";
import { LIMITS } from "../limits.ts";
import { HttpProblem, parseInput } from "../problem.ts";
import { closeSocket, serveConnection } from "../terminal/connection.ts";
import type { Tickets } from "../tickets.ts";

export interface TerminalRouteOptions {
  readonly lab: Lab;
  readonly tickets: Tickets;
  readonly clock: Clock;
  /** The identity of the session behind a request that was let in. */
  readonly session: (request: FastifyRequest) => string;
  readonly report: (error: unknown) => void;
}

/** Adds the routes. */
export function addTerminalRoutes(server: FastifyInstance, options: TerminalRouteOptions): void {
  const { lab, tickets, session } = options;

  server.post("/tickets", (request): Ticket => {
    const { terminal } = parseInput(askTicketSchema, request.body);
    if (lab.findTerminal(terminal) === undefined) throw new HttpProblem(404, `there is no terminal ${terminal}`);
    return { ticket: tickets.issue(session(request), terminal) };
  });

  const sockets = new Set<unknown>();
  const strangers = new Set<unknown>();
  server.get("/terminal", { websocket: true }, (socket, request) => {
    if (sockets.size >= LIMITS.connections || strangers.size >= LIMITS.strangers) {
      closeSocket(socket, "crowded");
      return;
    }
    sockets.add(socket);
    strangers.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      strangers.delete(socket);
    });
    const owner = session(request);
    serveConnection(socket, {
      clock: options.clock,
      redeem: (ticket) => {
        const id = tickets.redeem(ticket, owner);
        return id === undefined ? undefined : lab.findTerminal(id);
      },
      onWelcome: () => strangers.delete(socket),
      report: options.report,
    });
  });
}
