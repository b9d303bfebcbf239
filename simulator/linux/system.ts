/**
 * A whole Linux: processors with the fair scheduler, memory, processes, files, and programs that run on them. What happens
 * comes out of the mechanisms (scheduler/, memory/, files/, processes/), how long it takes from the costs. The same system
 * runs on a machine and, given a guest's processors, in a virtual machine.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Activities, Activity, Burst } from "../machine/activity.ts";
import { type CpuObserver, CpuSet } from "../machine/cpu-set.ts";
import { FRAME_BYTES, FramePool } from "../machine/frames.ts";
import type { SchedulingPolicy } from "../machine/policy.ts";
import { Thread } from "../machine/thread.ts";
import { COUNT_ARG } from "../trace/timeline.ts";
import type { Operation, PageTouch, Spawn, SystemCall, Workload } from "../workload/workload.ts";
import { fileCall } from "./file-calls.ts";
import type { Store } from "./files/inode.ts";
import { Layer, Overlay } from "./files/overlay.ts";
import { endsProcess, kernel, LinuxKernel, type OutputDevice } from "./kernel.ts";
import type { Touch } from "./memory/address-space.ts";
import { type Effort, Memory } from "./memory/memory.ts";
import { ControlGroup } from "./processes/control-group.ts";
import { firstNamespaces, type Mount } from "./processes/namespaces.ts";
import type { Process } from "./processes/process.ts";
import { type ForkOptions, ProcessTable } from "./processes/process-table.ts";
import { ProgramFiles } from "./program-memory.ts";
import type { CpuMax } from "./scheduler/bandwidth.ts";
import { EevdfPolicy } from "./scheduler/eevdf.ts";

export interface LinuxSystemOptions {
  readonly simulation: Simulation;
  readonly costs: CostBook;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly output: OutputDevice;
  readonly hostname?: string;
  readonly pageTableIsolation?: boolean;
  readonly observer?: CpuObserver<Thread>;
  /** The processors, where they are not this machine's own: a guest's. */
  readonly processors?: (policy: SchedulingPolicy) => CpuSet;
  /** What stands below the kernel: a hypervisor that takes its traps. */
  readonly below?: (activities: Activities) => Activities;
  /** How the kernel gets pages from its disk, or there; a request, and sleeping for its answer, unless it is said. */
  readonly disk?: (access: "read" | "write", bytes: number, stage: string) => Activities;
}

/** How a program is started. */
export interface StartOptions extends ForkOptions {
  readonly nice?: number;
  readonly affinity?: readonly number[];
  readonly stage?: string;
  readonly oomScoreAdjust?: number;
}

export interface GroupOptions {
  readonly cpuWeight?: number;
  readonly cpuMax?: CpuMax;
  readonly memoryMaxBytes?: number;
  readonly killAll?: boolean;
  readonly pidsMax?: number;
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

export class LinuxSystem {
  readonly costs: CostBook;
  readonly calls: LinuxKernel;
  readonly pool: FramePool;
  readonly memory: Memory;
  readonly policy: EevdfPolicy;
  readonly cpus: CpuSet;
  readonly processes: ProcessTable;
  readonly rootGroup: ControlGroup;
  readonly disk: Store;
  readonly root: Overlay;
  readonly init: Process;
  readonly #options: LinuxSystemOptions;
  readonly #programs: ProgramFiles;
  readonly #threads = new Map<Process, Thread>();
  readonly #waiting = new Map<Process, Thread>();
  readonly #stopped = new Map<Process, Thread>();
  #inodes = 0;
  #content = 0;

  constructor(options: LinuxSystemOptions) {
    const { simulation, costs, cpus, observer, output, hostname = "host", pageTableIsolation = false } = options;
    this.#options = options;
    this.costs = costs;
    this.calls = new LinuxKernel({ costs, output, pageTableIsolation });
    this.pool = new FramePool({ frames: Math.floor(options.memoryBytes / FRAME_BYTES) });
    this.memory = new Memory({ pool: this.pool, candidates: () => this.processes.candidates() });
    this.policy = new EevdfPolicy({ simulation, cpus });
    this.cpus =
      options.processors?.(this.policy) ??
      new CpuSet({ simulation, cpus, policy: this.policy, ...(observer === undefined ? {} : { observer }) });
    this.policy.connect(this.cpus);
    this.disk = { name: `disk of ${hostname}`, onDisk: true };
    this.#programs = new ProgramFiles(this.disk, this.nextInode);
    this.root = new Overlay({ lower: [], upper: new Layer(`/ of ${hostname}`, this.disk), nextInode: this.nextInode });
    this.rootGroup = new ControlGroup("/", undefined, { cpu: this.policy.root, memory: this.memory.root });
    const rootMount: Mount = { point: "/", type: "ext4", source: this.disk.name, tree: this.root, readOnly: false };
    this.processes = new ProcessTable({
      memory: this.memory,
      root: this.rootGroup,
      namespaces: firstNamespaces(hostname, rootMount),
      ended: (process) => this.#stopThread(process),
      childEnded: (parent) => this.#wake(this.#waiting, parent),
      continued: (process) => this.#wake(this.#stopped, process),
    });
    this.init = this.processes.boot("init");
  }

  readonly nextInode = (): number => ++this.#inodes;

  /** Makes a control group with all controllers. @param path absolute, as in /sys/fs/cgroup */
  group(path: string, options: GroupOptions = {}, parent = this.rootGroup): ControlGroup {
    const { cpuWeight, cpuMax, memoryMaxBytes, killAll, pidsMax } = options;
    const cpu = this.policy.group(
      path,
      { ...(cpuWeight === undefined ? {} : { weight: cpuWeight }), ...(cpuMax === undefined ? {} : { max: cpuMax }) },
      parent.cpu,
    );
    const memory = this.memory.group(
      path,
      {
        ...(memoryMaxBytes === undefined ? {} : { maxBytes: memoryMaxBytes }),
        ...(killAll === undefined ? {} : { killAll }),
      },
      parent.memory,
    );
    return new ControlGroup(path, parent, { cpu, memory, ...(pidsMax === undefined ? {} : { pidsMax }) });
  }

  /**
   * Starts a program: fork and exec by its parent, and its thread stands in the run queue.
   * @returns the process; undefined where fork failed (pids.max, no memory)
   */
  start(parent: Process, workload: Workload, options: StartOptions = {}): Process | undefined {
    const forked = this.processes.fork(parent, options);
    if (forked.kind === "failed") return undefined;
    const { child } = forked;
    this.processes.exec(child, workload.name);
    child.oomScoreAdjust = options.oomScoreAdjust ?? child.oomScoreAdjust;
    this.runThread(child, this.run(child, workload, options.stage ?? "program"), options);
    return child;
  }

  /** Lets a process's thread begin with whatever it does; when that ends the process exits. */
  runThread(process: Process, activities: Activities, options: Pick<StartOptions, "nice" | "affinity"> = {}): Thread {
    const life = this.#life(process, activities);
    const thread = new Thread(process.name, this.#options.below?.(life) ?? life);
    const { nice, affinity } = options;
    this.policy.admit(thread, {
      group: process.controlGroup.cpu,
      ...(nice === undefined ? {} : { nice }),
      ...(affinity === undefined ? {} : { affinity }),
    });
    this.#threads.set(process, thread);
    this.cpus.start(thread);
    return thread;
  }

  threadOf(process: Process): Thread | undefined {
    return this.#threads.get(process);
  }

  /** The kernel stops for good: everything on it ends. */
  panic(reason: string): void {
    this.processes.stopKernel(reason);
  }

  /** Carries a workload out as a process, by the mechanisms of this system. */
  *run(process: Process, workload: Workload, stage: string): Generator<Activity> {
    for (const operation of workload.operations) {
      yield* this.#operation(process, operation, stage);
      while (process.state === "stopped") yield this.#block(process, this.#stopped, "stopped");
      if (!process.isAlive) return;
      if (endsProcess(operation)) return;
    }
  }

  *#life(process: Process, activities: Activities): Generator<Activity> {
    yield* activities;
    if (process.isAlive) this.processes.exit(process, 0);
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
        yield* this.calls.carryOut(operation, stage);
        this.processes.signal(process, "SIGSEGV", undefined);
        return;
      case "compute":
      case "network":
      case "sleep":
      case "mark":
        yield* this.calls.carryOut(operation, stage);
        return;
      default:
        operation satisfies never;
    }
  }

  *#call(process: Process, operation: SystemCall, stage: string): Generator<Activity> {
    const result = fileCall(this.memory, process, operation, ++this.#content);
    if (result === undefined) {
      yield this.calls.call(operation, stage);
      return;
    }
    const { error, descriptor, bytes, readPages, copiedPages, effort } = result;
    const told = {
      ...(error === undefined ? {} : { error }),
      ...(descriptor === undefined ? {} : { descriptor }),
      ...(bytes === undefined ? {} : { bytes }),
    };
    yield this.calls.call({ ...operation, ...told }, stage);
    if (readPages > 0) yield* this.#transfer("read", readPages * FRAME_BYTES, stage);
    if (copiedPages > 0) yield this.#copyUp(copiedPages, stage);
    yield* this.#effort(effort, stage);
  }

  #copyUp(pages: number, stage: string): Burst {
    const perPage = this.costs.ns("linux.copy.page") + this.costs.ns("linux.copy.page.write");
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
      if (touch === "segmentation fault") this.processes.signal(process, "SIGSEGV", undefined);
      const cost = FAULT_COSTS[touch];
      if (cost === undefined) continue;
      yield kernel(`page fault (${access}): ${touch}`, stage, count * this.costs.ns(cost), {
        [COUNT_ARG]: count,
        manual: "proc_pid_stat(5), minflt and majflt",
      });
      if (touch === "disk") yield* this.#transfer("read", count * FRAME_BYTES, stage);
    }
  }

  *#effort({ written, dropped, killed }: Effort, stage: string): Generator<Activity> {
    if (written > 0) yield* this.#transfer("write", written * FRAME_BYTES, stage);
    if (dropped > 0) {
      yield kernel("reclaim", stage, dropped * this.costs.ns("linux.call.madvise"), {
        [COUNT_ARG]: 1,
        pages: dropped,
      });
    }
    for (const victim of killed) {
      yield kernel("out of memory: kill", stage, this.costs.ns("linux.exit"), {
        victim,
        manual: "proc_pid_oom_score(5)",
      });
    }
  }

  *#transfer(access: "read" | "write", bytes: number, stage: string): Generator<Activity> {
    yield* this.#options.disk?.(access, bytes, stage) ?? this.calls.carryOut({ kind: "disk", access, bytes }, stage);
  }

  *#spawn(process: Process, { program, wait = true, as = "process" }: Spawn, stage: string): Generator<Activity> {
    yield kernel(as === "thread" ? "clone3()" : "fork()", stage, this.costs.ns("linux.fork"), { manual: "fork(2)" });
    if (as === "process")
      yield kernel(`execve("${program.name}")`, stage, this.costs.ns("linux.execve"), { manual: "execve(2)" });
    const child = this.start(process, program, { stage });
    if (child === undefined || !wait) return;
    yield this.calls.call({ kind: "systemCall", service: "wait" }, stage);
    while (process.isAlive) {
      const result = this.processes.wait(process);
      if (result.kind !== "would block") return;
      yield this.#block(process, this.#waiting, "wait4");
    }
  }

  /** Sleeps until somebody finds the thread where it has been put. */
  #block(process: Process, where: Map<Process, Thread>, reason: string): Activity {
    return {
      kind: "block",
      reason,
      enter: () => {
        const thread = this.#threads.get(process);
        if (thread !== undefined) where.set(process, thread);
        return false;
      },
    };
  }

  #wake(where: Map<Process, Thread>, process: Process): void {
    const thread = where.get(process);
    where.delete(process);
    if (thread !== undefined) this.cpus.wake(thread);
  }

  /** A process may end in the middle of what another does, or of what it does itself: its thread ends right after that. */
  #stopThread(process: Process): void {
    const thread = this.#threads.get(process);
    this.#threads.delete(process);
    this.#waiting.delete(process);
    this.#stopped.delete(process);
    if (thread === undefined) return;
    this.#options.simulation.after(0, PRIORITIES.complete, () => this.cpus.kill(thread));
  }
}

function add(sum: Effort, more: Effort): void {
  sum.scanned += more.scanned;
  sum.dropped += more.dropped;
  sum.written += more.written;
  sum.killed.push(...more.killed);
}
