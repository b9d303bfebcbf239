/**
 * The lab's requests: machines, their terminals, the plan of their start.
 */

import type { CreateMachine, Machine } from "../../protocol/machine.ts";
import { machineListSchema, machineSchema } from "../../protocol/machine.ts";
import { type MachinePlan, machinePlanSchema } from "../../protocol/machine-plan.ts";
import { ROUTES } from "../../protocol/routes.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";
import { openedTerminalSchema, type TerminalInfo, terminalListSchema, ticketSchema } from "../../protocol/terminals.ts";
import { openRequest, request } from "./request.ts";

/** @throws RequestError */
export async function listMachines(): Promise<Machine[]> {
  return (await request("list the machines", ROUTES.lab, machineListSchema)).machines;
}

/** @throws RequestError with the server's reason and fix */
export function createMachine(machine: CreateMachine): Promise<Machine> {
  return request(`start a ${machine.kind === "vm" ? "virtual machine" : "container"}`, ROUTES.lab, machineSchema, {
    method: "POST",
    body: machine,
  });
}

/** @throws RequestError */
export async function removeMachine(id: string): Promise<void> {
  await openRequest("remove the machine", ROUTES.machine(id), { method: "DELETE" });
}

/** @throws RequestError */
export function fetchPlan(id: string): Promise<MachinePlan> {
  return request("fetch the start's plan", ROUTES.plan(id), machinePlanSchema);
}

/** @throws RequestError */
export async function listTerminals(machine: string): Promise<TerminalInfo[]> {
  return (await request("list the terminals", ROUTES.terminals(machine), terminalListSchema)).terminals;
}

/** Another shell in the machine. @returns the terminal's id @throws RequestError */
export async function openTerminal(machine: string, size: TerminalSize): Promise<string> {
  const opened = await request("open a terminal", ROUTES.terminals(machine), openedTerminalSchema, {
    method: "POST",
    body: { size },
  });
  return opened.terminal;
}

/** A ticket for one connection to one terminal. @throws RequestError */
export async function askTicket(terminal: string): Promise<string> {
  return (await request("open the terminal", ROUTES.tickets, ticketSchema, { method: "POST", body: { terminal } }))
    .ticket;
}
