/**
 * A Linux kernel as a program sees it: its instructions run in user mode, everything it asks for is a visit to kernel
 * mode (syscalls(2)). The same kernel runs on the host and inside a guest; what differs is what stands below it.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Activity, Burst, Trap } from "../machine/activity.ts";
import type { Arguments } from "../trace/recorder.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Service } from "../workload/services.ts";
import type { DiskTransfer, NetworkTransfer, Operation, SystemCall, Workload } from "../workload/workload.ts";

/** Where a program's standard output leads, and what the kernel has to touch to get a byte there. */
export interface OutputDevice {
  readonly name: string;
  /** The cost of one write(2) of a few bytes to it, without entering and leaving the kernel. */
  readonly writeCost: string;
  readonly traps: readonly Trap[];
}

export interface LinuxOptions {
  readonly costs: CostBook;
  readonly output: OutputDevice;
  /** Kernel page-table isolation (the answer to Meltdown): every visit to the kernel switches page tables. */
  readonly pageTableIsolation: boolean;
}

/** Where a call costs more than entering and leaving the kernel: the id of that cost. */
const SERVICE_COSTS: Partial<Readonly<Record<Service, (output: OutputDevice) => string>>> = {
  write: (output) => output.writeCost,
  exit: () => "linux.exit",
};

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
      yield* this.#carryOut(operation, stage);
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

  *#carryOut(operation: Operation, stage: string): Generator<Activity> {
    const { costs } = this.#options;
    switch (operation.kind) {
      case "compute":
        yield user(`${operation.instructions} instructions`, stage, this.#instructionsNs(operation.instructions));
        return;
      case "systemCall":
        yield this.#systemCall(operation, stage);
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
        yield* this.start(stage);
        yield* this.run(operation.program, stage);
        return;
      case "sleep":
        yield kernel("nanosleep()", stage, this.entryNs, { manual: "nanosleep(2)" });
        yield { kind: "pause", duration: operation.durationNs };
        return;
      case "privileged":
        yield kernel(`general protection fault (${operation.instruction}): SIGSEGV`, stage, costs.ns("linux.exit"), {
          manual: "signal(7)",
        });
        return;
      case "mark":
        yield { kind: "mark", name: MARKS[operation.mark] };
        return;
      default:
        operation satisfies never;
    }
  }

  #systemCall(operation: SystemCall, stage: string): Burst {
    const { costs, output } = this.#options;
    const { service, path, bytes = 0 } = operation;
    const usesOutput = service === "write" && path === undefined;
    const cost = usesOutput || service === "exit" ? SERVICE_COSTS[service]?.(output) : undefined;
    const burst = kernel(callText(operation, bytes), stage, this.entryNs + (cost === undefined ? 0 : costs.ns(cost)), {
      manual: service === "exit" ? "_exit(2)" : `${service}(2)`,
      ...(usesOutput ? { output: output.name } : {}),
    });
    return usesOutput && output.traps.length > 0 ? { ...burst, traps: output.traps } : burst;
  }

  /** The kernel gives the request to the device, the program sleeps until the device interrupts. */
  *#disk({ access, bytes }: DiskTransfer, stage: string): Generator<Activity> {
    const { costs } = this.#options;
    yield kernel(`disk: ${access} ${bytes} bytes`, stage, this.entryNs, { manual: `${access}(2)` });
    const transferNs = Math.ceil((bytes * 1000) / costs.count("device.disk.bytesPerMicrosecond"));
    yield { kind: "pause", duration: costs.ns(`device.disk.${access}`) + transferNs };
  }

  *#network({ action, bytes }: NetworkTransfer, stage: string): Generator<Activity> {
    const { costs } = this.#options;
    yield kernel(`network: ${action} ${bytes} bytes`, stage, this.entryNs, { manual: "socket(7)" });
    if (action !== "send") yield { kind: "pause", duration: costs.ns("device.network.roundTrip") };
  }

  #instructionsNs(instructions: number): number {
    return Math.max(1, Math.ceil(instructions / this.#options.costs.count("cpu.instructionsPerNs")));
  }
}

function callText({ service, path, descriptor, error }: SystemCall, bytes: number): string {
  const result = error === undefined ? "" : ` = -1 ${error}`;
  if (service === "exit") return "exit_group(0)";
  if (service === "write") return `write(${descriptor ?? 1}, …, ${bytes})${result}`;
  return `${service}(${path === undefined ? "" : JSON.stringify(path)})${result}`;
}

function endsProcess(operation: Operation): boolean {
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
