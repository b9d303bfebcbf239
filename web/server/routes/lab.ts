/** `/api/lab`: the machines, their plans and their terminals. */

import type { FastifyInstance } from "fastify";
import * as z from "zod/mini";
import { createMachineSchema, idSchema, type MachineList } from "../../protocol/machine.ts";
import type { MachinePlan } from "../../protocol/machine-plan.ts";
import { type OpenedTerminal, openTerminalSchema, type TerminalList } from "../../protocol/terminals.ts";
import type { Lab } from "../lab/lab.ts";
import { RATES } from "../limits.ts";
import { parseInput } from "../problem.ts";

const parametersSchema = z.object({ id: idSchema });
const CREATE = { config: { rateLimit: { max: RATES.create.max, timeWindow: RATES.create.windowMs } } };

/** Adds the routes. */
export function addLabRoutes(server: FastifyInstance, lab: Lab): void {
  server.get("/lab", (): MachineList => ({ machines: lab.list() }));

  server.post("/lab", CREATE, async (request, reply) => {
    reply.code(201);
    return lab.create(parseInput(createMachineSchema, request.body));
  });

  server.delete("/lab/:id", async (request, reply) => {
    await lab.remove(parseInput(parametersSchema, request.params).id);
    return reply.code(204).send();
  });

  server.get("/lab/:id/plan", (request): MachinePlan => lab.plan(parseInput(parametersSchema, request.params).id));

  server.get("/lab/:id/terminals", (request): TerminalList => {
    return { terminals: lab.terminals(parseInput(parametersSchema, request.params).id) };
  });

  server.post("/lab/:id/terminals", CREATE, async (request, reply): Promise<OpenedTerminal> => {
    const { id } = parseInput(parametersSchema, request.params);
    const { size } = parseInput(openTerminalSchema, request.body);
    const terminal = await lab.openTerminal(id, size);
    reply.code(201);
    return { terminal };
  });
}
