/**
 * A Linux kernel as a program sees it: its instructions run in user mode, everything it asks for is a visit to kernel
 * mode (syscalls(2)). The same kernel runs on the host and inside a guest; what differs is what stands below it.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Activity, Burst, Trap } from "../machine/activity.ts";
import type { Arguments } from "../trace/recorder.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Operation, Service, Workload } from "../workload/workload.ts";

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

interface ServiceRow {
  readonly call: (bytes: number) => string;
  readonly manual: string;
  readonly cost: (output: OutputDevice) => string | undefined;
  readonly usesOutput: boolean;
}

/** One row a system call: its name on the trace, its manual page, its cost beyond entering and leaving the kernel. */
const SERVICES: Readonly<Record<Service, ServiceRow>> = {
  write: {
    call: (bytes) => `write(1, …, ${bytes})`,
    manual: "write(2)",
    cost: (output) => output.writeCost,
    usesOutput: true,
  },
  getpid: { call: () => "getpid()", manual: "getpid(2)", cost: () => undefined, usesOutput: false },
  exit: { call: () => "exit_group(0)", manual: "_exit(2)", cost: () => "linux.exit", usesOutput: false },
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
    for (const operation of workload.operations) yield* this.#carryOut(operation, stage);
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
        yield this.#systemCall(operation.service, operation.bytes ?? 0, stage);
        return;
      case "pageTouch":
        for (let page = 0; page < operation.pages; page++) {
          yield kernel(`page fault (${operation.access})`, stage, costs.ns(`linux.pageFault.${operation.access}`), {
            manual: "mmap(2)",
          });
        }
        return;
      case "spawn":
        yield* this.start(stage);
        yield* this.run(operation.program, stage);
        return;
      case "sleep":
        yield kernel("nanosleep()", stage, this.entryNs, { manual: "nanosleep(2)" });
        yield { kind: "pause", duration: operation.durationNs };
        return;
      case "mark":
        yield { kind: "mark", name: MARKS[operation.mark] };
        return;
      default:
        operation satisfies never;
    }
  }

  #systemCall(service: Service, bytes: number, stage: string): Burst {
    const { costs, output } = this.#options;
    const row = SERVICES[service];
    const cost = row.cost(output);
    const burst = kernel(row.call(bytes), stage, this.entryNs + (cost === undefined ? 0 : costs.ns(cost)), {
      manual: row.manual,
      ...(row.usesOutput ? { output: output.name } : {}),
    });
    return row.usesOutput && output.traps.length > 0 ? { ...burst, traps: output.traps } : burst;
  }

  #instructionsNs(instructions: number): number {
    return Math.max(1, Math.ceil(instructions / this.#options.costs.count("cpu.instructionsPerNs")));
  }
}

/** @returns a burst in user mode. */
export function user(name: string, stage: string, duration: number, args?: Arguments): Burst {
  return { kind: "burst", mode: "user", name, stage, duration, ...(args === undefined ? {} : { args }) };
}

/** @returns a burst in kernel mode. */
export function kernel(name: string, stage: string, duration: number, args?: Arguments): Burst {
  return { kind: "burst", mode: "kernel", name, stage, duration, ...(args === undefined ? {} : { args }) };
}
