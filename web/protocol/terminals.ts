/**
 * The terminals of a machine. The first is that of its own program, or a VM's serial console; others are shells that
 * were started in it afterwards.
 *
 *     GET  /api/lab/:id/terminals               → { terminals }
 *     POST /api/lab/:id/terminals  { size }     → { terminal: id }
 *     POST /api/tickets            { terminal } → { ticket }     one use, TICKET_LIFETIME_MS
 *     GET  /api/terminal           upgrade; see frame.ts
 */

import * as z from "zod/mini";
import { exitStatusSchema } from "./exit-status.ts";
import { idSchema } from "./machine.ts";
import { terminalSizeSchema } from "./terminal-size.ts";

export const terminalInfoSchema = z.object({
  id: idSchema,
  /** The terminal of the machine's own program. */
  main: z.boolean(),
  title: z.string(),
  /** Present when its program has ended. */
  exit: z.exactOptional(exitStatusSchema),
});

export type TerminalInfo = z.infer<typeof terminalInfoSchema>;

export const terminalListSchema = z.object({ terminals: z.array(terminalInfoSchema) });

export type TerminalList = z.infer<typeof terminalListSchema>;

export const openTerminalSchema = z.strictObject({ size: terminalSizeSchema });

export type OpenTerminal = z.infer<typeof openTerminalSchema>;

export const openedTerminalSchema = z.object({ terminal: idSchema });

export type OpenedTerminal = z.infer<typeof openedTerminalSchema>;

/** A ticket is for one connection to one terminal, and soon: it travels in the first frame, never in an address. */
export const TICKET_LIFETIME_MS = 30_000;

export const askTicketSchema = z.strictObject({ terminal: idSchema });

export type AskTicket = z.infer<typeof askTicketSchema>;

export const ticketSchema = z.object({ ticket: z.string() });

export type Ticket = z.infer<typeof ticketSchema>;
