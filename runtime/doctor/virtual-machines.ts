/**
 * What a virtual machine needs: QEMU, a guest's kernel, and the verdict on hardware help, which only a booted probe can
 * give: a /dev/kvm that opens and makes virtual machines may still not run a kernel.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { kernelProblem } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import { verdictFact } from "../vm/accelerator.ts";
import { guestKernel } from "../vm/guest-files.ts";
import { requireQemu } from "../vm/host.ts";
import { factPath } from "../vm/known-facts.ts";
import { chooseAccelerator } from "../vm/vmm/qemu.ts";
import { type Check, gap, ok, type Question } from "./check.ts";

export const askQemu: Question = async () => [qemu()];
export const askGuestKernel: Question = async () => [kernel()];

function qemu(): Check {
  return answered("qemu", requireQemu);
}

function kernel(): Check {
  return answered("guest kernel", guestKernel);
}

/** What the runtime says of itself when it is asked for a part: its error has the reason and the fix already. */
function answered(name: string, find: () => { version: string; path: string }): Check {
  try {
    const { version, path } = find();
    return ok(name, `${version}, ${path}`);
  } catch (error) {
    if (!(error instanceof RingsideError)) throw error;
    return gap(name, "missing", error.message, error.fix ?? null);
  }
}

/** The first time it boots a guest, which may take its time-out of ten seconds; the verdict is kept. */
export const askKvm: Question = async () => {
  const name = "kvm";
  const missing = [qemu(), kernel()].find(({ state }) => state !== "ok");
  const problem = kernelProblem();
  if (missing !== undefined) return [gap(name, "limited", `not tried, since there is no ${missing.name}`, missing.fix)];
  if (problem !== undefined) return [gap(name, "limited", `not tried: ${problem.reason}`, problem.fix)];
  const { accelerator, reason } = await chooseAccelerator();
  if (accelerator === "kvm") return [ok(name, reason)];
  return [gap(name, "limited", `${reason}; virtual machines run in software emulation`, kvmFix())];
};

/** @returns the line that gives this machine a KVM that boots guests */
export function kvmFix(device = "/dev/kvm"): string {
  if (!existsSync(device)) return "modprobe kvm_intel || modprobe kvm_amd";
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    // It is there and opens: what is missing lies in the hypervisor that this machine is a guest of.
    const verdict = factPath(verdictFact("qemu", "microvm", "kvm"));
    return `allow nested virtualization in the hypervisor of this machine, or use another; then rm ${verdict} to have it tried again`;
  } catch {
    return "sudo usermod -aG kvm $USER, and log in again";
  }
}
