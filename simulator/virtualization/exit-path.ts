/**
 * What one exit is made of. On the machine itself: the processor leaves the guest, the host's kernel answers or its
 * monitor does, the processor enters the guest again. One level deeper (Linux Documentation/virt/kvm/x86/nested-vmx.rst;
 * L0 is the machine's hypervisor, L1 the one in its guest, L2 that one's guest) the same exit goes to L0 first, which makes
 * it an exit of L1's doing; L1 handles it and reads and writes L2's control structure, and each of these instructions is
 * an exit of L1's own; and entering L2 again is one more.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { HandledIn } from "./exit-reasons.ts";

/** 1: the guest runs on the machine's hypervisor. 2: its hypervisor is a guest itself. */
export type Levels = 1 | 2;

export interface ExitStep {
  readonly by: "L0" | "L1";
  readonly name: string;
  readonly ns: number;
  /** How often the processor goes to L0 in it. */
  readonly exits: number;
}

/**
 * @param handledIn who answers; one level deeper these are L1's kernel and L1's monitor
 * @returns the steps from the guest and back to it
 */
export function exitSteps(costs: CostBook, handledIn: HandledIn, levels: Levels): ExitStep[] {
  const whole = costs.ns(handledIn === "monitor" ? "hypervisor.exit.monitor" : "hypervisor.exit.kernel");
  if (levels === 1) return [{ by: "L0", name: answeredBy(handledIn, "host"), ns: whole, exits: 1 }];
  const one = costs.ns("hypervisor.exit.kernel");
  const accesses = costs.count("hypervisor.nested.vmcsAccesses");
  const switches = costs.ns("hypervisor.nested.switches");
  const reflecting = Math.floor(switches / 2);
  return [
    { by: "L0", name: "reflect the exit: L1 is to see it as its guest's", ns: reflecting, exits: 1 },
    { by: "L0", name: "VMREAD and VMWRITE of L1", ns: accesses * one, exits: accesses },
    { by: "L1", name: answeredBy(handledIn, "L1"), ns: ownNs(costs, handledIn), exits: 0 },
    { by: "L0", name: "VMRESUME of L1: enter L2 for it", ns: switches - reflecting, exits: 1 },
  ];
}

/** What the answer takes by itself, without leaving and entering. */
function ownNs(costs: CostBook, handledIn: HandledIn): number {
  if (handledIn === "monitor") return costs.ns("hypervisor.monitor.own");
  return Math.max(1, costs.ns("hypervisor.exit.kernel") - worldSwitchNs(costs));
}

function answeredBy(handledIn: HandledIn, whose: "host" | "L1"): string {
  return handledIn === "monitor" ? `${whose === "host" ? "the" : "L1's"} monitor answers` : `${whose}'s kernel answers`;
}

/** @returns leaving a guest and entering it again with nothing done between: VMCALL, on a machine like m5d.metal. */
export function worldSwitchNs(costs: CostBook): number {
  return cyclesNs(costs.count("exit.2017.vmcall.cycles"), costs.count("machine.m5d.megahertz"));
}

/** @returns the time of so many cycles at a clock; a megahertz is a cycle a microsecond. */
export function cyclesNs(cycles: number, megahertz: number): number {
  return Math.max(1, Math.round((cycles * 1000) / megahertz));
}

/** @returns the time of one exit and the way back. */
export function exitNs(costs: CostBook, handledIn: HandledIn, levels: Levels): number {
  return exitSteps(costs, handledIn, levels).reduce((sum, { ns }) => sum + ns, 0);
}

/** @returns how often the processor goes to L0 for one exit of the innermost guest. */
export function exitsPerExit(costs: CostBook, levels: Levels): number {
  return exitSteps(costs, "monitor", levels).reduce((sum, { exits }) => sum + exits, 0);
}
