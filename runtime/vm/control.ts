/** The monitor of a machine that another command has started, by what its record says of it. */
import { RingsideError } from "../error.ts";
import { qmpControl } from "./qmp-control.ts";
import type { LivingVm } from "./state.ts";
import type { GuestControl } from "./vmm.ts";

/** @throws RingsideError where its kind of monitor takes no requests */
export function controlOf({ vmm, name, directory, process }: LivingVm): GuestControl {
  if (vmm === "qemu") return qmpControl(directory.control, process.pid);
  throw new RingsideError(`${name} runs under ${vmm}, which takes no requests from other commands`, {
    fix: "start it with ringside vm run --vmm qemu",
  });
}
