/**
 * What a virtual machine needs: QEMU, a guest's kernel, and the verdict on hardware help, which only a booted probe can
 * give: a /dev/kvm that opens and makes virtual machines may still not run a kernel.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { kernelProblem } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import { findProgram } from "../host-program.ts";
import { verdictFact } from "../vm/accelerator.ts";
import { guestKernel } from "../vm/guest-files.ts";
import { requireQemu } from "../vm/host.ts";
import { factPath } from "../vm/known-facts.ts";
import { combinationVerdict, VMM_COMBINATIONS } from "../vm/vmm/combinations.ts";
import { chooseAccelerator } from "../vm/vmm/qemu.ts";
import { tinyVmm } from "../vm/vmm/tiny.ts";
import { type Check, gap, ok, type Question } from "./check.ts";
import { installLine } from "./install-line.ts";

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

/**
 * Every monitor with every machine and accelerator that it has: a boot for each, one after the other, whose verdicts are
 * kept. The tiny guest last, which needs no kernel.
 */
export const askMonitors: Question = async (lab) => {
  const missing = kernel();
  const problem = kernelProblem();
  if (problem !== undefined) return [gap("kvm", "limited", `not tried: ${problem.reason}`, problem.fix)];
  // First, and not at the same time: it asks for one of the boots.
  const checks: Check[] = [...(await askKvm(lab))];
  for (const combination of missing.state === "ok" ? VMM_COMBINATIONS : []) {
    const verdict = await combinationVerdict(combination);
    const name = `vm ${combination.name}`;
    // Firecracker without its program is missing; a machine that does not boot is there, and limited.
    const isThere = combination.vmm !== "firecracker" || findProgram("firecracker") !== undefined;
    checks.push(
      verdict.ok
        ? ok(name, `${combination.label}: ${verdict.reason}`)
        : gap(name, isThere ? "limited" : "missing", verdict.reason, verdict.fix),
    );
  }
  const tiny = await tinyVmm.usable();
  const [executor] = tiny.ok ? tiny.accelerators : [];
  checks.push(
    tiny.ok
      ? ok("vm tiny", `${executor?.label ?? ""}: ${executor?.reason ?? ""}`)
      : gap("vm tiny", "limited", tiny.reason, tiny.fix),
  );
  return checks;
};

/** Whoever has no such tool boots from memory, and says so. */
export const askDisks: Question = async () =>
  DISKS.map(({ kind, program, packageName }) => {
    const path = findProgram(program);
    if (path !== undefined) return ok(`vm disk ${kind}`, path);
    const detail = `no ${program}: no guest can have an ${kind} disk as its root; memory serves`;
    return gap(`vm disk ${kind}`, "limited", detail, installLine([packageName]));
  });

const DISKS = [
  { kind: "erofs", program: "mkfs.erofs", packageName: "erofs-utils" },
  { kind: "squashfs", program: "mksquashfs", packageName: "squashfs-tools" },
] as const;

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
