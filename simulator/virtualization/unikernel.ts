/**
 * A unikernel (Kuenzer et al., "Unikraft", EuroSys 2021): program and kernel are linked into one image that runs in a guest,
 * in one address space and in kernel mode throughout. What is a system call elsewhere is a call of a function: no border is
 * crossed, until a device is reached for.
 */

import type { CostBook } from "../costs/cost-book.ts";
import { kernel, type OutputDevice, user } from "../linux/kernel.ts";
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import { instructionsText } from "../workload/words.ts";
import type { Operation, Workload } from "../workload/workload.ts";
import type { Hypervisor } from "./hypervisor.ts";

export interface UnikernelOptions {
  readonly costs: CostBook;
  readonly hypervisor: Hypervisor;
  readonly output: OutputDevice;
  readonly monitorCost: string;
  readonly guestCost: string;
}

const MANUAL = "https://unikraft.org/docs/concepts";

/** @returns the whole life: the monitor starts, the image with it, and the program is the machine. */
export function* unikernelLife(options: UnikernelOptions, workload: Workload): Generator<Activity> {
  const { costs, hypervisor, monitorCost, guestCost } = options;
  yield user("the monitor starts", "VMM", costs.ns(monitorCost));
  yield* hypervisor.run(guest(options, guestCost, workload));
  yield { kind: "mark", name: MARKS.gone };
}

function* guest(options: UnikernelOptions, guestCost: string, workload: Workload): Generator<Activity> {
  yield kernel("the image starts: page tables, memory, devices, main()", "kernel", options.costs.ns(guestCost));
  for (const operation of workload.operations) yield* carryOut(options, operation);
}

function* carryOut({ costs, output }: UnikernelOptions, operation: Operation): Generator<Activity> {
  const stage = "program";
  switch (operation.kind) {
    case "compute":
      yield kernel(instructionsText(operation.instructions), stage, Math.max(1, operation.instructions));
      return;
    case "systemCall": {
      const args = { manual: MANUAL, was: `${operation.service}(2)` };
      const writes = operation.service === "write" && operation.path === undefined;
      const own = costs.ns("unikernel.call") + (writes ? costs.ns(output.writeCost) : 0);
      const burst = kernel(`call of ${operation.service}(), a function`, stage, own, args);
      const bytes = Math.max(1, operation.bytes ?? 1);
      const traps = writes ? output.traps.map((trap) => ({ ...trap, count: trap.count * bytes })) : [];
      yield traps.length > 0 ? { ...burst, traps } : burst;
      return;
    }
    case "pageTouch":
      // Mapped from the start: the image's page tables are made once, and nothing is paged.
      yield kernel(`${operation.pages} pages touched, mapped since the start`, stage, Math.max(1, operation.pages));
      return;
    case "sleep":
      yield { kind: "pause", duration: operation.durationNs };
      return;
    case "mark":
      yield { kind: "mark", name: MARKS[operation.mark] };
      return;
    case "spawn":
      throw new RangeError("unikernel: there is one address space, and no second process");
    case "privileged":
      yield kernel(`${operation.instruction}: allowed, the program is the kernel`, stage, 1);
      return;
    case "disk":
    case "network":
      throw new RangeError(`unikernel: an operation of kind ${operation.kind} is not modelled`);
    default:
      operation satisfies never;
  }
}
