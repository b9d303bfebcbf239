/** Stopping a guest's processors where they are, and letting them go on: its clock stands still, too. */
import { RingsideError } from "../error.ts";
import { controlOf } from "./control.ts";
import { requireLivingVm, type VmState } from "./state.ts";
import { vmStatus } from "./status.ts";

/** @throws RingsideError when it does not run, or its monitor does not do it */
export async function pauseVm(idOrName: string): Promise<VmState> {
  const machine = requireLivingVm(idOrName, "pause");
  if ((await vmStatus(machine)) === "paused") {
    throw new RingsideError(`${machine.name} is paused already`, { fix: `ringside vm resume ${machine.name}` });
  }
  await controlOf(machine).pause();
  return machine;
}

/** @throws RingsideError when it is not paused */
export async function resumeVm(idOrName: string): Promise<VmState> {
  const machine = requireLivingVm(idOrName, "resume");
  if ((await vmStatus(machine)) !== "paused") {
    throw new RingsideError(`${machine.name} is not paused: it is running`, {
      fix: "ringside vm ps lists those that are",
    });
  }
  await controlOf(machine).resume();
  return machine;
}
