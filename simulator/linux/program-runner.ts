/**
 * Programs as processes of a LinuxSystem: each operation goes through the mechanism that it is about, and takes what that
 * came to. A page that is touched may be mapped, new, copied, or read from a disk; a file may have to be copied up.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Activities, Activity, Burst } from "../machine/activity.ts";
import { FRAME_BYTES } from "../machine/frames.ts";
import type { Thread } from "../machine/thread.ts";
import { COUNT_ARG } from "../trace/timeline.ts";
import type { Operation, PageTouch, Spawn, SystemCall, Workload } from "../workload/workload.ts";
import { fileCall } from "./file-calls.ts";
import { endsProcess, kernel, type LinuxKernel } from "./kernel.ts";
import type { Touch } from "./memory/address-space.ts";
import type { Effort, Memory } from "./memory/memory.ts";
import type { Process } from "./processes/process.ts";
import type { ProcessTable } from "./processes/process-table.ts";
import type { ThreadTable } from "./processes/thread-table.ts";
import type { ProgramFiles } from "./program-memory.ts";

/** What programs need of the system that they run on. */
export interface RunningSystem {
  readonly costs: CostBook;
  readonly calls: LinuxKernel;
  readonly memory: Memory;
  readonly processes: ProcessTable;
  readonly threads: ThreadTable;
  readonly start: (
    parent: Process,
    workload: Workload,
    options: { readonly stage: string; readonly executes: boolean },
  ) => Process | undefined;
  readonly runThread: (process: Process, activities: Activities) => Thread;
}

export interface ProgramRunnerOptions {
  readonly system: RunningSystem;
  readonly programs: ProgramFiles;
  /** How pages come from the disk, or get there; a request and a pause, unless it is said. */
  readonly disk?: (access: "read" | "write", bytes: number, stage: string) => Activities;
}

/** So many pages are touched at one go; a trace of single faults would show nothing more. */
const TOUCH_BATCH = 64;

/** What a fault takes, by what it came to; undefined where it is none, or ends the program. */
const FAULT_COSTS: Readonly<Record<Touch, string | undefined>> = {
  mapped: undefined,
  "segmentation fault": undefined,
  "out of memory": undefined,
  "zero page": "linux.pageFault.read",
  "page cache": "linux.pageFault.read",
  disk: "linux.pageFault.read",
  "last owner": "linux.pageFault.read",
  "new page": "linux.pageFault.write",
  "copy on write": "linux.pageFault.write",
};

export class ProgramRunner {
  readonly #system: RunningSystem;
  readonly #programs: ProgramFiles;
  readonly #disk: ProgramRunnerOptions["disk"];
  #content = 0;

  constructor({ system, programs, disk }: ProgramRunnerOptions) {
    this.#system = system;
    this.#programs = programs;
    this.#disk = disk;
  }

  /** Carries a workload out as a process, by the mechanisms of this system. */
  *run(process: Process, workload: Workload, stage: string): Generator<Activity> {
    for (const operation of workload.operations) {
      yield* this.#operation(process, operation, stage);
      while (process.state === "stopped") yield this.#system.threads.sleep(process, "stop");
      if (!process.isAlive) return;
      if (!endsProcess(operation)) continue;
      this.#system.processes.exit(process, 0);
      return;
    }
  }

  *#operation(process: Process, operation: Operation, stage: string): Generator<Activity> {
    switch (operation.kind) {
      case "systemCall":
        yield* this.#call(process, operation, stage);
        return;
      case "pageTouch":
        yield* this.#touch(process, operation, stage);
        return;
      case "disk":
        yield* this.#transfer(operation.access, operation.bytes, stage);
        return;
      case "spawn":
        yield* this.#spawn(process, operation, stage);
        return;
      case "privileged":
        yield* this.#system.calls.carryOut(operation, stage);
        this.#system.processes.signal(process, "SIGSEGV", undefined);
        return;
      case "compute":
      case "network":
      case "sleep":
      case "mark":
        yield* this.#system.calls.carryOut(operation, stage);
        return;
      default:
        operation satisfies never;
    }
  }

  *#call(process: Process, operation: SystemCall, stage: string): Generator<Activity> {
    const result = fileCall(this.#system.memory, process, operation, ++this.#content);
    if (result === undefined) {
      yield this.#system.calls.call(operation, stage);
      return;
    }
    const { error, descriptor, bytes, readPages, copiedPages, effort } = result;
    const told = {
      ...(error === undefined ? {} : { error }),
      ...(descriptor === undefined ? {} : { descriptor }),
      ...(bytes === undefined ? {} : { bytes }),
    };
    yield this.#system.calls.call({ ...operation, ...told }, stage);
    if (readPages > 0) yield* this.#transfer("read", readPages * FRAME_BYTES, stage);
    if (copiedPages > 0) yield this.#copyUp(copiedPages, stage);
    yield* this.#effort(effort, stage);
  }

  #copyUp(pages: number, stage: string): Burst {
    const perPage = this.#system.costs.ns("linux.copy.page") + this.#system.costs.ns("linux.copy.page.write");
    return kernel("copy up", stage, pages * perPage, {
      pages,
      manual: "overlayfs: Documentation/filesystems/overlayfs.rst",
    });
  }

  /** Touches pages in batches; what of them faults alike is one visit to the kernel that stands for as many. */
  *#touch(
    process: Process,
    { pages, access, region = "heap", firstPage }: PageTouch,
    stage: string,
  ): Generator<Activity> {
    const area = this.#programs.area(process.space, region, process.program);
    const start = area.start + (firstPage ?? this.#next(process, region, pages));
    for (let done = 0; done < pages; done += TOUCH_BATCH) {
      const counts = new Map<Touch, number>();
      const effort: Effort = { scanned: 0, dropped: 0, written: 0, killed: [] };
      for (let at = done; at < Math.min(pages, done + TOUCH_BATCH) && process.isAlive; at++) {
        const result = process.space.touch(start + at, access, ++this.#content);
        counts.set(result.touch, (counts.get(result.touch) ?? 0) + 1);
        add(effort, result.effort);
      }
      yield* this.#faults(process, counts, access, stage);
      yield* this.#effort(effort, stage);
      if (!process.isAlive) return;
    }
  }

  readonly #touched = new WeakMap<Process, Map<string, number>>();

  /** Pages follow those touched last, unless the program says which. */
  #next(process: Process, region: string, pages: number): number {
    const of = this.#touched.get(process) ?? new Map<string, number>();
    this.#touched.set(process, of);
    const first = of.get(region) ?? 0;
    of.set(region, first + pages);
    return first;
  }

  *#faults(process: Process, counts: ReadonlyMap<Touch, number>, access: string, stage: string): Generator<Activity> {
    for (const [touch, count] of counts) {
      if (touch === "segmentation fault") this.#system.processes.signal(process, "SIGSEGV", undefined);
      const cost = FAULT_COSTS[touch];
      if (cost === undefined) continue;
      yield kernel(`page fault (${access}): ${touch}`, stage, count * this.#system.costs.ns(cost), {
        [COUNT_ARG]: count,
        manual: "proc_pid_stat(5), minflt and majflt",
      });
      if (touch === "disk") yield* this.#transfer("read", count * FRAME_BYTES, stage);
    }
  }

  *#effort({ written, dropped, killed }: Effort, stage: string): Generator<Activity> {
    if (written > 0) yield* this.#transfer("write", written * FRAME_BYTES, stage);
    if (dropped > 0) {
      yield kernel("reclaim", stage, dropped * this.#system.costs.ns("linux.call.madvise"), {
        [COUNT_ARG]: 1,
        pages: dropped,
      });
    }
    for (const victim of killed) {
      yield kernel("out of memory: kill", stage, this.#system.costs.ns("linux.exit"), {
        victim,
        manual: "proc_pid_oom_score(5)",
      });
    }
  }

  *#transfer(access: "read" | "write", bytes: number, stage: string): Generator<Activity> {
    yield* this.#disk?.(access, bytes, stage) ?? this.#system.calls.carryOut({ kind: "disk", access, bytes }, stage);
  }

  *#spawn(
    process: Process,
    { program, wait = true, as = "process", executes = true }: Spawn,
    stage: string,
  ): Generator<Activity> {
    if (as === "thread") {
      const admitted = process.controlGroup.admits();
      yield kernel(admitted ? "clone3()" : "clone3() = -1 EAGAIN", stage, this.#system.costs.ns("linux.fork"), {
        manual: "clone(2)",
      });
      if (!admitted) return;
      const thread = this.#system.runThread(process, this.run(process, program, stage));
      if (wait) yield this.#system.threads.join(thread);
      return;
    }
    yield kernel("fork()", stage, this.#system.costs.ns("linux.fork"), { manual: "fork(2)" });
    const child = this.#system.start(process, program, { stage, executes });
    if (child === undefined || !wait) return;
    yield this.#system.calls.call({ kind: "systemCall", service: "wait" }, stage);
    while (process.isAlive) {
      const result = this.#system.processes.wait(process);
      if (result.kind !== "would block") return;
      yield this.#system.threads.sleep(process, "wait");
    }
  }
}

function add(sum: Effort, more: Effort): void {
  sum.scanned += more.scanned;
  sum.dropped += more.dropped;
  sum.written += more.written;
  sum.killed.push(...more.killed);
}
