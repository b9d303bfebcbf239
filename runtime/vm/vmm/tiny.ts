/**
 * The tiny guest as a monitor among the others. It boots no image, so it can be asked whether it works here, and is started
 * by `ringside vm tiny`, not by a request for a guest.
 */
import { release } from "node:os";
import { RingsideError, reasonOf } from "../../error.ts";
import { runTiny } from "../tiny.ts";
import type { ProbedVmm } from "../vmm.ts";

export const tinyVmm: ProbedVmm = {
  name: "tiny",
  title: "tiny: our own KVM guest, a few bytes of 16-bit code",
  async usable() {
    try {
      // Its arithmetic says who executes it; one exit of each kind is enough.
      const { executor } = await runTiny({ turns: 1 });
      const { label, reason } = executor;
      return { ok: true, version: `KVM of Linux ${release()}`, accelerators: [{ name: "kvm", label, reason }] };
    } catch (error) {
      const fix = error instanceof RingsideError ? error.fix : undefined;
      return { ok: false, reason: reasonOf(error), fix: fix ?? "ringside doctor" };
    }
  },
};
