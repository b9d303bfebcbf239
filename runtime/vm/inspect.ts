/** All that is known of one virtual machine: its record, what its monitor says, what its guest says. */
import { guestStats } from "./agent.ts";
import type { GuestStats } from "./agent-protocol.ts";
import { controlOf } from "./control.ts";
import type { VmRecord } from "./record.ts";
import type { VmState } from "./state.ts";
import { type VmStatus, vmStatus } from "./status.ts";
import type { GuestMemory } from "./vmm.ts";

/** The nonce is between the guest's init and us. */
export interface VmInspection extends Omit<VmRecord, "nonce"> {
  readonly status: VmStatus;
  readonly stateDirectory: string;
  /** As the monitor says; null where it does not run, or does not answer. */
  readonly memory: GuestMemory | null;
  /** As the guest's kernel says, through the agent; null where that cannot answer. */
  readonly guest: GuestStats | null;
}

/** A guest that has an agent answers at once; whoever inspects does not wait for one that has not. */
const PATIENCE = { timeoutMs: 3000 } as const;

/** Asks whoever can be asked. */
export async function inspectVm(machine: VmState): Promise<VmInspection> {
  const { nonce: _, directory, life, ...record } = machine;
  const status = await vmStatus(machine);
  const { process } = machine;
  const isLiving = life === "running" && process !== undefined;
  const memory = isLiving
    ? await controlOf({ ...machine, process })
        .memory()
        .catch(() => null)
    : null;
  const guest = status === "running" && machine.agent ? await guestStats(directory, PATIENCE).catch(() => null) : null;
  return { ...record, status, stateDirectory: directory.path, memory, guest };
}
