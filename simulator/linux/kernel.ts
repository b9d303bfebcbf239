/**
 * A Linux kernel as a program sees it: its instructions run in user mode, everything it asks for is a visit to kernel
 * mode (syscalls(2)). The same kernel runs on the host and inside a guest; what differs is what stands below it.
 */

import type { CostBook } from "../costs/cost-book.ts";
import type { Activity, Burst, Trap } from "../machine/activity.ts";
import type { Arguments } from "../trace/recorder.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Service } from "../workload/services.ts";
import { instructionsText, messageText } from "../workload/words.ts";
import type {
  DiskTransfer,
  NetworkTransfer,
  Operation,
  PrivilegedInstruction,
  SystemCall,
  Workload,
} from "../workload/workload.ts";
import { systemCallFor } from "./system-calls/table.ts";

/** Where a program's standard output leads, and what the kernel has to touch to get a byte there. */
export interface OutputDevice {
  readonly name: string;
  /** The cost of one write(2) of a few bytes to it, without entering and leaving the kernel. */
  readonly writeCost: string;
  /** What below the kernel one byte is. */
  readonly traps: readonly Trap[];
}

export interface LinuxOptions {
  readonly costs: CostBook;
  readonly output: OutputDevice;
  /** Kernel page-table isolation (the answer to Meltdown): every visit to the kernel switches page tables. */
  readonly pageTableIsolation: boolean;
}

const PAGE_BYTES = 4096;
/** What of x86-64 each is (Intel SDM vol. 2). */
const INSTRUCTIONS: Readonly<Record<PrivilegedInstruction, string>> = {
  halt: "HLT",
  loadPageTable: "MOV to CR3",
  disableInterrupts: "CLI",
  startInputOutput: "OUT",
};
/** Calls that are shown with what goes from where to where. */
const TRANSFERS: readonly Service[] = ["read", "write", "pread", "sendfile", "send", "receive"];

export class LinuxKernel {
  readonly #options: LinuxOptions;

  constructor(options: LinuxOptions) {
    this.#options = options;
  }

  /**
   * Carries a workload out as a process of this kernel, from the return of execve(2) to its end.
   * @param workload what the program does
   * @param stage the stage that its spans belong to
   */
  *run(workload: Workload, stage: string): Generator<Activity> {
    for (const operation of workload.operations) {
      yield* this.carryOut(operation, stage);
      if (endsProcess(operation)) return;
    }
  }

  /** Starts a process: vfork(2), and execve(2) in the child. */
  *start(stage: string): Generator<Activity> {
    const { costs } = this.#options;
    yield kernel("vfork()", stage, costs.ns("linux.fork"), { manual: "vfork(2)" });
    yield user("the child, still its parent's program", stage, costs.ns("linux.clock"));
    yield kernel("execve()", stage, costs.ns("linux.execve"), { manual: "execve(2)" });
  }

  /** The time to enter the kernel, find the call, and return: what getpid(2) costs. */
  get entryNs(): number {
    const { costs, pageTableIsolation } = this.#options;
    return costs.ns(pageTableIsolation ? "linux.systemCall.entry.kpti" : "linux.systemCall.entry");
  }

  /** Carries one operation out: what it does to memory, files and other processes is not followed here (LinuxSystem does). */
  *carryOut(operation: Operation, stage: string): Generator<Activity> {
    const { costs } = this.#options;
    switch (operation.kind) {
      case "compute":
        yield user(instructionsText(operation.instructions), stage, this.#instructionsNs(operation.instructions));
        return;
      case "systemCall":
        yield this.call(operation, stage);
        return;
      case "pageTouch":
        for (let page = 0; page < operation.pages; page++) {
          yield kernel(`page fault (${operation.access})`, stage, costs.ns(`linux.pageFault.${operation.access}`), {
            manual: "mmap(2)",
            ...(operation.region === undefined ? {} : { region: operation.region }),
          });
        }
        return;
      case "disk":
        yield* this.#disk(operation, stage);
        return;
      case "network":
        yield* this.#network(operation, stage);
        return;
      case "spawn":
        if (operation.as === "thread") yield kernel("clone3()", stage, costs.ns("linux.fork"), { manual: "clone(2)" });
        else yield* this.start(stage);
        yield* this.run(operation.program, stage);
        return;
      case "sleep":
        yield kernel("nanosleep()", stage, this.entryNs, { manual: "nanosleep(2)" });
        yield { kind: "pause", duration: operation.durationNs };
        return;
      case "privileged":
        yield kernel(
          `general protection fault (${INSTRUCTIONS[operation.instruction]}): SIGSEGV`,
          stage,
          costs.ns("linux.exit"),
          {
            manual: "signal(7)",
          },
        );
        return;
      case "mark":
        yield { kind: "mark", name: MARKS[operation.mark] };
        return;
      default:
        operation satisfies never;
    }
  }

  /**
   * @returns one system call as a visit to the kernel, as long as the table says. What it would have to wait for, a disk
   *   or another process, is not in it
   */
  call(operation: SystemCall, stage: string): Burst {
    const { costs, output } = this.#options;
    const { service, path, bytes = 0, descriptor = 1, error } = operation;
    const row = systemCallFor(service);
    const usesOutput = service === "write" && path === undefined && descriptor <= 2;
    const cost = usesOutput ? output.writeCost : this.#ownCost(row.cost, operation);
    const copied = usesOutput ? 0 : this.#copyNs(operation);
    const burst = kernel(
      callText(operation, row.name),
      stage,
      this.entryNs + (cost === undefined ? 0 : costs.ns(cost)) + copied,
      {
        manual: row.name === "exit_group" ? "_exit(2)" : `${row.name}(2)`,
        number: row.number,
        path: row.path,
        ...(bytes > 0 ? { bytes } : {}),
        ...(error === undefined ? {} : { error }),
        ...(usesOutput ? { output: output.name } : {}),
      },
    );
    if (!usesOutput || output.traps.length === 0) return burst;
    return { ...burst, traps: output.traps.map((trap) => ({ ...trap, count: trap.count * Math.max(1, bytes) })) };
  }

  /** A call that fails where it looks a name up has done no more than that. */
  #ownCost(cost: string | undefined, { service, error, bytes }: SystemCall): string | undefined {
    if (service === "open" && error !== undefined) return "linux.call.openat.missing";
    if (service === "read" && bytes === 0) return "linux.call.read.eof";
    return cost;
  }

  /** Copying between the kernel and the program: the first page is in the call's own cost. */
  #copyNs({ service, bytes = 0 }: SystemCall): number {
    const more = Math.max(0, Math.ceil(bytes / PAGE_BYTES) - 1);
    if (more === 0) return 0;
    if (service === "read" || service === "pread" || service === "receive")
      return more * this.#options.costs.ns("linux.copy.page");
    return service === "write" || service === "send" ? more * this.#options.costs.ns("linux.copy.page.write") : 0;
  }

  /** The kernel gives the request to the device, the program sleeps until the device interrupts. */
  *#disk({ access, bytes }: DiskTransfer, stage: string): Generator<Activity> {
    const { costs } = this.#options;
    yield kernel(`disk: ${access} ${bytes} bytes`, stage, this.entryNs, { manual: `${access}(2)` });
    const transferNs = Math.ceil((bytes * 1000) / costs.count("device.disk.bytesPerMicrosecond"));
    yield { kind: "pause", duration: costs.ns(`device.disk.${access}`) + transferNs };
  }

  *#network(operation: NetworkTransfer, stage: string): Generator<Activity> {
    const { costs } = this.#options;
    yield kernel(`network: ${messageText(operation)}`, stage, this.entryNs, { manual: "socket(7)" });
    if (operation.action !== "send") yield { kind: "pause", duration: costs.ns("device.network.roundTrip") };
  }

  #instructionsNs(instructions: number): number {
    return Math.max(1, Math.ceil(instructions / this.#options.costs.count("cpu.instructionsPerNs")));
  }
}

/** As strace would show it, with what is not known left out. */
function callText({ service, path, descriptor, bytes, error }: SystemCall, name: string): string {
  const result = error === undefined ? "" : ` = -1 ${error}`;
  if (service === "exit") return "exit_group(0)";
  const isTransfer = bytes !== undefined && TRANSFERS.includes(service);
  if (isTransfer) return `${name}(${descriptor ?? (service === "write" ? 1 : 3)}, …, ${bytes})${result}`;
  return `${name}(${path === undefined ? (descriptor ?? "") : JSON.stringify(path)})${result}`;
}

/** @returns whether a program is over after this. */
export function endsProcess(operation: Operation): boolean {
  return operation.kind === "privileged" || (operation.kind === "systemCall" && operation.service === "exit");
}

/** @returns a burst in user mode. */
export function user(name: string, stage: string, duration: number, args?: Arguments): Burst {
  return { kind: "burst", mode: "user", name, stage, duration, ...(args === undefined ? {} : { args }) };
}

/** @returns a burst in kernel mode. */
export function kernel(name: string, stage: string, duration: number, args?: Arguments): Burst {
  return { kind: "burst", mode: "kernel", name, stage, duration, ...(args === undefined ? {} : { args }) };
}
