/**
 * One request and its answer over a network (netperf TCP_RR) where the one that answers is a guest: step by step what
 * comes on top of the same transaction on the machine itself. By virtio with vhost, whose device thread is in the host's
 * kernel; by an emulated e1000, whose every register access goes to the monitor; or without a guest.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { DeviceMachine } from "./device-machine.ts";

export const NETWORK_CARDS = ["native", "virtio", "e1000"] as const;
export type NetworkCardKind = (typeof NETWORK_CARDS)[number];

export interface NetworkStep {
  /** Who does it: `wire` stands for the transaction as it is without a guest, both machines included. */
  readonly by: "wire" | "guest" | "hypervisor" | "host";
  readonly name: string;
  readonly ns: number;
  readonly exits: number;
  readonly wakes: number;
}

/** @returns the steps of one transaction that follow each other; what is done beside them takes no time of it. */
export function transactionSteps(costs: CostBook, card: NetworkCardKind, machine: DeviceMachine): NetworkStep[] {
  const wire: NetworkStep = {
    by: "wire",
    name: "the transaction itself: two machines and the wire",
    ns: machine.transactionNs,
    exits: 0,
    wakes: 0,
  };
  if (card === "native") return [wire];
  const all = card === "virtio" ? [...received(machine), ...virtioSent(machine)] : emulated(costs, machine);
  return [wire, ...all].filter(({ ns }) => ns > 0);
}

function step(by: NetworkStep["by"], name: string, ns: number, exits: number, wakes = 0): NetworkStep {
  return { by, name, ns, exits, wakes };
}

/** The packet comes in while everybody sleeps: the guest has halted after its last answer. */
function received(machine: DeviceMachine): NetworkStep[] {
  return [
    step("host", "wake the device's thread: a packet has come in", machine.wakeNs, 0, 1),
    step("host", "wake the vCPU's thread: an interrupt for the guest", machine.wakeNs, 0, 1),
    step("hypervisor", "enter the guest", machine.enterNs, 1),
    step("hypervisor", "VM exit: WRMSR, the guest sets its timer", machine.timerNs, 1),
    step("hypervisor", "VM exit: APIC access, end of interrupt", machine.endOfInterruptNs, 1),
  ];
}

function virtioSent(machine: DeviceMachine): NetworkStep[] {
  return [
    step("hypervisor", "VM exit: I/O instruction, the guest kicks", machine.kickNs, 1),
    step("host", "wake the device's thread: a packet is to go out", machine.wakeNs, 0, 1),
  ];
}

/** The register that sends is answered by the monitor at once, on the vCPU's own thread: nobody is woken for it. */
function emulated(costs: CostBook, machine: DeviceMachine): NetworkStep[] {
  const receive = costs.count("emulated.e1000.receive");
  const transmit = costs.count("emulated.e1000.transmit");
  return [
    ...received(machine),
    step(
      "hypervisor",
      "VM exit: EPT misconfiguration, registers for the packet",
      receive * machine.registerNs,
      receive,
    ),
    step("hypervisor", "VM exit: EPT misconfiguration, TDT: send", transmit * machine.registerNs, transmit),
  ];
}

export interface Transaction {
  readonly ns: number;
  readonly exits: number;
  readonly wakes: number;
}

/** @returns the sum of the steps. The guest's halting after it, one exit with the timer before it, is two exits more. */
export function transaction(steps: readonly NetworkStep[]): Transaction {
  const sum = (of: (one: NetworkStep) => number) => steps.reduce((total, one) => total + of(one), 0);
  const guest = steps.length > 1 ? 2 : 0;
  return { ns: sum(({ ns }) => ns), exits: sum(({ exits }) => exits) + guest, wakes: sum(({ wakes }) => wakes) };
}
