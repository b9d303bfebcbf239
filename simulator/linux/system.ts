/**
 * A whole Linux: processors with the fair scheduler, memory, processes, files, and programs that run on them. What happens
 * comes out of the mechanisms (scheduler/, memory/, files/, processes/), how long it takes from the costs. The same system
 * runs on a machine and, given a guest's processors, in a virtual machine.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Activities, Activity } from "../machine/activity.ts";
import { type CpuObserver, CpuSet } from "../machine/cpu-set.ts";
import { FRAME_BYTES, FramePool } from "../machine/frames.ts";
import type { SchedulingPolicy } from "../machine/policy.ts";
import type { Thread } from "../machine/thread.ts";
import type { Workload } from "../workload/workload.ts";
import type { Store } from "./files/inode.ts";
import { Layer, Overlay } from "./files/overlay.ts";
import { kernel, LinuxKernel, type OutputDevice } from "./kernel.ts";
import { Memory } from "./memory/memory.ts";
import { ControlGroup } from "./processes/control-group.ts";
import { firstNamespaces, type Mount } from "./processes/namespaces.ts";
import type { Process } from "./processes/process.ts";
import { type ForkOptions, ProcessTable } from "./processes/process-table.ts";
import { type ThreadOptions, ThreadTable } from "./processes/thread-table.ts";
import { ProgramFiles } from "./program-memory.ts";
import { ProgramRunner } from "./program-runner.ts";
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
export interface StartOptions extends ForkOptions, ThreadOptions {
  readonly stage?: string;
  /** It begins with its execve(2), as a child does; one that is there already has been through that. */
  readonly executes?: boolean;
  readonly oomScoreAdjust?: number;
}

export interface GroupOptions {
  readonly cpuWeight?: number;
  readonly cpuMax?: CpuMax;
  readonly memoryMaxBytes?: number;
  readonly killAll?: boolean;
  readonly pidsMax?: number;
}

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
  readonly threads: ThreadTable;
  readonly #runner: ProgramRunner;
  #inodes = 0;

  constructor(options: LinuxSystemOptions) {
    const { simulation, costs, cpus, observer, output, hostname = "host", pageTableIsolation = false } = options;
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
    this.root = new Overlay({ lower: [], upper: new Layer(`/ of ${hostname}`, this.disk), nextInode: this.nextInode });
    this.rootGroup = new ControlGroup("/", undefined, { cpu: this.policy.root, memory: this.memory.root });
    const rootMount: Mount = { point: "/", type: "ext4", source: this.disk.name, tree: this.root, readOnly: false };
    this.threads = new ThreadTable({
      simulation,
      cpus: this.cpus,
      policy: this.policy,
      lastEnded: (process) => this.processes.exit(process, 0),
      ...(options.below === undefined ? {} : { below: options.below }),
    });
    this.processes = new ProcessTable({
      memory: this.memory,
      root: this.rootGroup,
      namespaces: firstNamespaces(hostname, rootMount),
      ended: (process) => this.threads.endAll(process),
      childEnded: (parent) => this.threads.wake(parent, "wait"),
      continued: (process) => this.threads.wake(process, "stop"),
    });
    this.init = this.processes.boot("init");
    this.#runner = new ProgramRunner({
      system: this,
      programs: new ProgramFiles(this.disk, this.nextInode),
      ...(options.disk === undefined ? {} : { disk: options.disk }),
    });
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
    this.runThread(child, this.#program(child, workload, options), options);
    return child;
  }

  *#program(
    child: Process,
    workload: Workload,
    { stage = "program", executes = false }: StartOptions,
  ): Generator<Activity> {
    if (executes)
      yield kernel(`execve("${workload.name}")`, stage, this.costs.ns("linux.execve"), { manual: "execve(2)" });
    yield* this.run(child, workload, stage);
  }

  /** Lets a thread of a process begin with whatever it does; when its last one ends the process exits. */
  runThread(process: Process, activities: Activities, options: ThreadOptions = {}): Thread {
    return this.threads.start(process, activities, options);
  }

  /** The first thread of a process; undefined where none runs, or where it has ended. */
  threadOf(process: Process): Thread | undefined {
    return this.threads.of(process)[0];
  }

  /** The kernel stops for good: everything on it ends. */
  panic(reason: string): void {
    this.processes.stopKernel(reason);
  }

  /** Carries a workload out as a process, by the mechanisms of this system. */
  run(process: Process, workload: Workload, stage: string): Generator<Activity> {
    return this.#runner.run(process, workload, stage);
  }
}
