/**
 * The smallest virtual machine: the monitor asks KVM for one vCPU and some memory, and a few bytes of 16-bit code run in it.
 * There is no firmware, no kernel and no program of an operating system; a byte leaves by an `out`, which is an exit. What
 * it takes has been measured as a whole, exits and all (costs/tiny-machine.ts), so no hypervisor is put under it.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { kernel } from "../linux/kernel.ts";
import type { Activity, Burst } from "../machine/activity.ts";
import { COUNT_ARG, MARKS } from "../trace/timeline.ts";
import { exitReasonOf } from "./exit-reasons.ts";

const MANUAL = "Documentation/virt/kvm/api.rst";

/** @returns the whole life, from the request to the moment when nothing of the machine is left. */
export function* tinyLife(costs: CostBook): Generator<Activity> {
  yield kernel("KVM_CREATE_VM, memory, KVM_CREATE_VCPU, registers", "VMM", costs.ns("vm.tiny.vmm"), { manual: MANUAL });
  yield kernel("16-bit code, until its first instruction leaves it", "program", costs.ns("vm.tiny.entry"));
  yield { kind: "mark", name: MARKS.firstInstruction };
  yield leaving("out", costs.ns("vm.tiny.exit.out"));
  yield { kind: "mark", name: MARKS.firstByte };
  yield leaving("out: the end", costs.ns("vm.tiny.exit.out"));
  yield kernel("the machine is taken away", "gone", costs.ns("vm.tiny.teardown"), { manual: "close(2)" });
  yield { kind: "mark", name: MARKS.gone };
}

function leaving(instruction: string, duration: number): Burst {
  const { number } = exitReasonOf("I/O instruction");
  return {
    kind: "burst",
    mode: "hypervisor",
    name: `VM exit: I/O instruction, ${instruction}`,
    stage: "program",
    duration,
    args: { [COUNT_ARG]: 1, handledIn: "monitor", exitReason: number },
  };
}
