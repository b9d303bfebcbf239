/**
 * What a machine takes for the crossings that virtual devices are made of: kicks, interrupts, halting, and waking a
 * sleeping thread. Two machines, those that others measured devices on; the times of one are never used on the other,
 * but for software, which is longer on the older one by as much as its crossings were.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { cyclesNs, exitNs, type Levels } from "./exit-path.ts";

/** `m5d`: 2020, with virtual interrupt delivery (APICv). `felter`: 2014, where ending an interrupt was an exit. */
export const DEVICE_MACHINES = ["m5d", "felter"] as const;
export type DeviceMachineName = (typeof DEVICE_MACHINES)[number];

export interface DeviceMachine {
  readonly name: DeviceMachineName;
  /** A write to a port that the host's kernel turns into an event for the device's thread (ioeventfd). */
  readonly kickNs: number;
  /** An access to a register that the monitor emulates. */
  readonly registerNs: number;
  /** Leaving the guest because it halts; entering it again. */
  readonly haltNs: number;
  readonly enterNs: number;
  readonly timerNs: number;
  /** Ending an interrupt; none where the processor does it without an exit. */
  readonly endOfInterruptNs: number;
  /** An interrupt for a guest that runs: it is left to take it; none where it is posted to it. */
  readonly interruptRunningNs: number;
  /** From what wakes a sleeping thread to its running. */
  readonly wakeNs: number;
  /** The disk: what asking it takes on a processor, and its answer. */
  readonly askNs: number;
  readonly diskNs: number;
  /** A request and its answer over the network, without any guest: both machines and the wire. */
  readonly transactionNs: number;
  /** How much longer software is than on the machine that its work was measured on. */
  readonly softwarePermille: number;
}

/** @returns the machine; one level deeper, where L1 has the device, each exit is L1's. */
export function deviceMachine(costs: CostBook, name: DeviceMachineName, levels: Levels = 1): DeviceMachine {
  return name === "m5d" ? m5d(costs, levels) : felter(costs);
}

function m5d(costs: CostBook, levels: Levels): DeviceMachine {
  const deeper = exitNs(costs, "host kernel", levels) - exitNs(costs, "host kernel", 1);
  const at = (id: string) => cyclesNs(costs.count(id), costs.count("machine.m5d.megahertz")) + deeper;
  const switchNs = at("exit.2017.vmcall.cycles");
  return {
    name: "m5d",
    kickNs: at("exit.2017.outlKernel.cycles"),
    registerNs: exitNs(costs, "monitor", levels),
    haltNs: switchNs - Math.floor(switchNs / 2),
    enterNs: Math.floor(switchNs / 2),
    timerNs: at("exit.2017.timer.cycles"),
    endOfInterruptNs: 0,
    interruptRunningNs: 0,
    wakeNs: costs.ns("machine.m5d.wake"),
    askNs: costs.ns("machine.m5d.disk.nativeWork"),
    diskNs: costs.ns("device.disk.read") - costs.ns("machine.m5d.disk.nativeWork"),
    transactionNs: costs.ns("device.network.roundTrip"),
    softwarePermille: 1000,
  };
}

function felter(costs: CostBook): DeviceMachine {
  const at = (id: string) => cyclesNs(costs.count(id), costs.count("machine.felter.megahertz"));
  const softwarePermille = costs.permille("machine.felter.softwarePermille");
  const switchNs = at("exit.2012.vmcall.cycles");
  return {
    name: "felter",
    kickNs: at("exit.2012.outlKernel.cycles"),
    registerNs: longer(exitNs(costs, "monitor", 1), softwarePermille),
    haltNs: switchNs - Math.floor(switchNs / 2),
    enterNs: Math.floor(switchNs / 2),
    timerNs: at("exit.2012.apic.cycles"),
    endOfInterruptNs: at("exit.2012.apic.cycles"),
    interruptRunningNs: switchNs,
    wakeNs: costs.ns("machine.felter.wake"),
    askNs: costs.ns("machine.felter.disk.nativeWork"),
    diskNs: costs.ns("device.disk.read") - costs.ns("machine.m5d.disk.nativeWork"),
    transactionNs: costs.ns("device.network.roundTrip"),
    softwarePermille,
  };
}

/** @returns a software's time on a machine where it takes longer by so much. */
export function longer(ns: number, permille: number): number {
  return Math.round((ns * permille) / 1000);
}
