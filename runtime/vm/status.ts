/** How virtual machines are, for those who list them: what the kernel knows, and of those that live what QEMU says. */
import { processIdentity } from "../container/process-identity.ts";
import { controlOf } from "./control.ts";
import { withQmp } from "./qmp.ts";
import { statusOf } from "./qmp-control.ts";
import type { VmState } from "./state.ts";

export type VmStatus = "creating" | "running" | "paused" | "exited";

/** QEMU speaks with one at a time; whoever lists does not wait long for its turn. */
const PATIENCE = { greetingTimeoutMs: 1000, answerTimeoutMs: 1000 } as const;

/** QEMU's words for a guest that does nothing until somebody asks for it: QEMU QMP reference manual, `RunState`. */
const STANDING = new Set(["paused", "suspended", "prelaunch", "postmigrate", "guest-panicked", "io-error"]);

/** @returns `running`, too, where its monitor has no time to say more */
export async function vmStatus(machine: VmState): Promise<VmStatus> {
  if (machine.life !== "running") return machine.life;
  if (isStopped(machine)) return "paused";
  try {
    const { process } = machine;
    const { word } =
      machine.vmm === "qemu" || process === undefined
        ? await withQmp(machine.directory.control, statusOf, PATIENCE)
        : await controlOf({ ...machine, process }).status();
    return STANDING.has(word) ? "paused" : "running";
  } catch {
    return "running";
  }
}

/** Somebody has sent its monitor SIGSTOP: it answers nobody. proc_pid_stat(5) */
function isStopped({ process }: VmState): boolean {
  return process !== undefined && processIdentity(process.pid)?.state === "T";
}

/** All of them at the same time: each may have to wait for its monitor. */
export async function withStatus(machines: readonly VmState[]): Promise<(VmState & { readonly status: VmStatus })[]> {
  return await Promise.all(machines.map(async (machine) => ({ ...machine, status: await vmStatus(machine) })));
}
