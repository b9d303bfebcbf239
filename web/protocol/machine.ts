/**
 * The lab's machines: containers and virtual machines that the server started and that it removes when it stops.
 *
 *     GET    /api/lab          → { machines }
 *     POST   /api/lab          CreateMachine → Machine
 *     DELETE /api/lab/:id      → 204
 */

import * as z from "zod/mini";
import { exitStatusSchema } from "./exit-status.ts";
import { terminalSizeSchema } from "./terminal-size.ts";

export const machineKindSchema = z.enum(["container", "vm"]);

export type MachineKind = z.infer<typeof machineKindSchema>;

/** Identifiers in addresses: what the server makes, and nothing that could be a path. */
export const idSchema = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/));

export const machineSchema = z.object({
  id: idSchema,
  name: z.string(),
  kind: machineKindSchema,
  image: z.string(),
  command: z.array(z.string()),
  state: z.enum(["starting", "running", "exited"]),
  exit: z.exactOptional(exitStatusSchema),
  /** VMs only: what executes the guest's instructions, in words. */
  accelerator: z.exactOptional(z.string()),
  memoryBytes: z.exactOptional(z.int()),
  /** ISO 8601. */
  startedAt: z.string(),
  /** The slug of the lesson that the machine was made for. */
  lesson: z.exactOptional(z.string()),
});

export type Machine = z.infer<typeof machineSchema>;

export const machineListSchema = z.object({ machines: z.array(machineSchema) });

export type MachineList = z.infer<typeof machineListSchema>;

const MIB = 1024 * 1024;
const text = (maxLength: number) => z.string().check(z.minLength(1), z.maxLength(maxLength), z.regex(/^[^\0]*$/));

/** What `POST /api/lab` takes. Without a command the image's own is run; limits have the server's defaults. */
export const createMachineSchema = z.strictObject({
  kind: machineKindSchema,
  image: z.string().check(z.regex(/^[a-z0-9][a-z0-9._/:-]{0,127}$/)),
  command: z.exactOptional(z.array(text(4096)).check(z.minLength(1), z.maxLength(64))),
  memoryBytes: z.exactOptional(z.int().check(z.minimum(4 * MIB), z.maximum(64 * 1024 * MIB))),
  cpus: z.exactOptional(z.number().check(z.minimum(0.01), z.maximum(256))),
  pidsLimit: z.exactOptional(z.int().check(z.minimum(1), z.maximum(32_768))),
  lesson: z.exactOptional(z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/))),
  size: terminalSizeSchema,
});

export type CreateMachine = z.infer<typeof createMachineSchema>;
