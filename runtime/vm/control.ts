/** The monitor of a machine that another command has started, by what its record says of it. */
import { processEnd, signalProcess } from "../../native/kernel.ts";
import { isAlive } from "../container/process-identity.ts";
import { RingsideError } from "../error.ts";
import { qmpControl } from "./qmp-control.ts";
import type { LivingVm } from "./state.ts";
import { apiControl } from "./vmm/firecracker.ts";
import type { GuestControl, VmmName } from "./vmm.ts";

const CONTROLS: Readonly<Partial<Record<VmmName, (machine: LivingVm) => GuestControl>>> = {
  qemu: ({ directory, process }) => qmpControl(directory.control, process.pid),
  firecracker: ({ directory, process: { pid, startTicks } }) => {
    const isSame = (): boolean => isAlive(pid, startTicks);
    return apiControl(directory.control, {
      pid,
      kill: (signal) => void signalProcess(pid, signal, isSame),
      get exited() {
        return processEnd(pid, isSame);
      },
    });
  },
};

/** @throws RingsideError where its kind of monitor takes no requests */
export function controlOf(machine: LivingVm): GuestControl {
  const control = CONTROLS[machine.vmm]?.(machine);
  if (control !== undefined) return control;
  throw new RingsideError(`${machine.name} runs under ${machine.vmm}, which takes no requests from other commands`, {
    fix: "start it with ringside vm run --vmm qemu",
  });
}
