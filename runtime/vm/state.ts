/** The virtual machines that there are. Whether one lives is never written down: it is asked of the kernel each time. */
import { isAlive } from "../container/process-identity.ts";
import { isId } from "../container/record.ts";
import { RingsideError } from "../error.ts";
import { type VmDirectory, vmDirectory, vmIds } from "./directory.ts";
import { readVmRecord, type VmRecord } from "./record.ts";

/** Whether it is paused only its monitor knows: see status.ts. */
export type VmLife = "creating" | "running" | "exited";

export type VmState = VmRecord & { readonly life: VmLife; readonly directory: VmDirectory };

/** A machine with its monitor's process. */
export type LivingVm = VmState & { readonly process: NonNullable<VmRecord["process"]> };

function lifeOf({ exit, process, owner }: VmRecord): VmLife {
  if (exit !== undefined) return "exited";
  if (process !== undefined) return isAlive(process.pid, process.startTicks) ? "running" : "exited";
  return isAlive(owner.pid, owner.startTicks) ? "creating" : "exited";
}

/** @returns undefined where there is no such machine */
export function readVm(id: string): VmState | undefined {
  if (!isId(id)) return undefined;
  const directory = vmDirectory(id);
  const record = readVmRecord(directory);
  return record === undefined ? undefined : { ...record, life: lifeOf(record), directory };
}

/** Every virtual machine, newest first. */
export function listVms(): VmState[] {
  return vmIds()
    .flatMap((id) => readVm(id) ?? [])
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/**
 * Finds a virtual machine by its name, its id, or the beginning of its id.
 *
 * @throws RingsideError when there is none, or more than one
 */
export function findVm(idOrName: string): VmState {
  const all = listVms();
  const exact = all.find(({ id, name }) => id === idOrName || name === idOrName);
  if (exact !== undefined) return exact;
  const beginning = all.filter(({ id }) => idOrName !== "" && id.startsWith(idOrName));
  const [found] = beginning;
  if (found !== undefined && beginning.length === 1) return found;
  throw new RingsideError(
    found === undefined
      ? `there is no virtual machine ${idOrName}`
      : `${idOrName} is the beginning of ${beginning.length} ids`,
    { fix: "ringside vm ps -a lists them" },
  );
}

const LIFE_WORDS: Readonly<Record<VmLife, string>> = {
  creating: "it is not started yet",
  running: "it is running",
  exited: "it has ended",
};

/** How a machine is, as the end of a sentence: why something cannot be done now. */
export function vmIs(life: VmLife): string {
  return LIFE_WORDS[life];
}

/**
 * Finds a virtual machine that lives, running or paused.
 *
 * @param doing for the error: `stop`, `pause`
 * @throws RingsideError when it does not
 */
export function requireLivingVm(idOrName: string, doing: string): LivingVm {
  const state = findVm(idOrName);
  const { life, process } = state;
  if (life === "running" && process !== undefined) return { ...state, process };
  throw new RingsideError(`cannot ${doing} ${state.name}: ${vmIs(life)}`, {
    fix: "ringside vm ps lists the virtual machines that run",
  });
}
