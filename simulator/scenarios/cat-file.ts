/**
 * `cat` of a file: the same program as a process, in a container and in a virtual machine, where it makes the same system
 * calls; and on z/OS, where reading a data set is OPEN, GET and CLOSE, and most GETs are no call at all.
 */
import { Simulation } from "../engine/simulation.ts";
import { Inode } from "../linux/files/inode.ts";
import { Layer, Overlay } from "../linux/files/overlay.ts";
import type { OutputDevice } from "../linux/kernel.ts";
import { noEffort } from "../linux/memory/memory.ts";
import type { Process } from "../linux/processes/process.ts";
import { LinuxSystem, type LinuxSystemOptions } from "../linux/system.ts";
import type { Activity } from "../machine/activity.ts";
import type { Thread } from "../machine/thread.ts";
import { trackObserver } from "../machine/track-observer.ts";
import { MARKS, type World } from "../trace/timeline.ts";
import type { DiskVmm } from "../virtualization/disk-path.ts";
import { Hypervisor } from "../virtualization/hypervisor.ts";
import { cat, DYNAMIC_FILES } from "../workload/programs.ts";
import type { Workload } from "../workload/workload.ts";
import { catDataSet } from "./cat-data-set.ts";
import { guestDisk, under } from "./guest-disk.ts";
import type { Knob } from "./knob.ts";
import { choiceOf, integerOf, type Scenario, type ScenarioInput } from "./scenario.ts";

const FILE = "/srv/file";
const GUEST_DISKS: readonly DiskVmm[] = ["qemu", "qemu-ide", "firecracker", "cloud-hypervisor"];
const MEMORY_BYTES = 64 * 1024 * 1024;
const PIPE: OutputDevice = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };

const KNOBS: readonly Knob[] = [
  {
    kind: "integer",
    name: "bytes",
    low: 1,
    high: 1_048_576,
    unit: "bytes",
    default: 4096,
    help: "how large the file is",
  },
  choice("cached", ["no", "yes"], "no", "whether the file and what cat needs are in the page cache already"),
  choice("linked", ["dynamic", "static"], "dynamic", "whether a dynamic loader maps a C library first"),
  choice(
    "output",
    ["pipe", "console"],
    "pipe",
    "where a virtual machine's output goes: to a program in the guest, or to its serial console, each byte some exits",
  ),
  choice("disk", GUEST_DISKS, "qemu", "the virtual machine's disk: virtio of three monitors, or QEMU's emulated IDE"),
  {
    kind: "integer",
    name: "blockSize",
    low: 80,
    high: 32_720,
    unit: "bytes",
    default: 27_920,
    help: "BLKSIZE of the data set, whose records have 80 bytes: half a track of a 3390, unless it is said",
  },
  {
    kind: "integer",
    name: "buffers",
    low: 1,
    high: 255,
    unit: "count",
    default: 5,
    help: "BUFNO: blocks that QSAM reads with one EXCP (DFSMS Using Data Sets)",
  },
];

export const CAT_FILE: Scenario = {
  name: "cat-file",
  title: "cat of a file, in every world",
  description: [
    "LC_ALL=C cat FILE, as Debian 12 has it: a process starts, the dynamic loader maps the C library, the file is opened,",
    "read and written out. In a container the file lies in a layer of the image. In a virtual machine the guest's kernel",
    "answers the same calls; what is not in its page cache comes from its disk, through the hypervisor. On z/OS a program",
    "reads a data set of 80-byte records with QSAM and writes it to SYSOUT; its lane counts steps, as no times are public.",
    "Not modelled: page faults, read-ahead, what happens to the bytes behind the pipe, and JES behind SYSOUT.",
  ].join("\n"),
  question: {
    text: "How many more system calls does cat make in a container than as a process?",
    choices: ["none", "one for each namespace", "twice as many", "as many as it opens files"],
    answer: "none",
  },
  claim: {
    text: "A program in a container runs on the host's kernel like any process; in a virtual machine it pays for the virtual hardware.",
    verdict: "holds",
    because:
      "the calls are the same in all three; a virtual machine adds exits only where its disk or its console is reached, and none for what its own page cache has",
  },
  captions: [
    {
      at: 'openat("/srv/file")',
      text: "In a container the name is looked up in two layers, and the lower one has it.",
    },
    { at: "disk: read 4096 bytes", text: "Not in the page cache: the program sleeps until the disk has answered." },
    {
      at: "GET: the next record, from the buffer",
      text: "A GET is a branch to the access method: no border is crossed.",
    },
    { at: MARKS.firstByte, text: "The first write is done." },
  ],
  knobs: KNOBS,
  metrics: [
    { name: "calls", unit: "count", help: "system calls; on z/OS supervisor calls" },
    { name: "diskReads", unit: "count", help: "times that it waited for a disk" },
    { name: "records", unit: "count", help: "on z/OS: GETs" },
    { name: "firstByte", unit: "ns|step", help: "from the request to the end of the first write" },
    { name: "gone", unit: "ns|step", help: "from the request until cat has ended" },
    {
      name: "intoKernel",
      unit: "count",
      help: "how often it went into the kernel from user mode, or from problem to supervisor state",
    },
    { name: "intoHypervisor", unit: "count", help: "how often the guest was left: VM exits" },
  ],
  run: (input) => {
    onLinux(input, "process", "Process", {});
    onLinux(input, "container", "Container", {});
    onLinux(input, "vm", "Virtual machine", guestOptions(input));
    catDataSet(input, integerOf(input.knobs, "bytes"));
  },
};

function guestOptions({ costs, knobs }: ScenarioInput): Partial<LinuxSystemOptions> {
  const hypervisor = new Hypervisor(costs, "kvm");
  const vmm = GUEST_DISKS.find((one) => one === choiceOf(knobs, "disk")) ?? "qemu";
  const count = costs.count("vm.exits.serialByte");
  const console: OutputDevice = {
    name: "serial console",
    writeCost: "linux.write.pipe",
    traps: [{ handledIn: "monitor", reason: "serial console", count, included: false }],
  };
  return {
    below: under(hypervisor),
    disk: guestDisk(costs, vmm, costs.ns("linux.systemCall.entry")),
    ...(choiceOf(knobs, "output") === "console" ? { output: console } : {}),
  };
}

function onLinux(input: ScenarioInput, world: World, name: string, more: Partial<LinuxSystemOptions>): void {
  const { costs, recorder, knobs, provenance, metric } = input;
  const simulation = new Simulation();
  const accelerator = world === "vm" ? { accelerator: "simulated kvm" } : {};
  recorder.track({ id: world, name, world, unit: "ns", provenance: { ...provenance, ...accelerator } });
  const system = new LinuxSystem({
    simulation,
    costs,
    cpus: 1,
    memoryBytes: MEMORY_BYTES,
    output: PIPE,
    observer: trackObserver<Thread>(recorder, () => world),
    ...more,
  });
  const tree = world === "container" ? containerTree(system) : system.root;
  fill(system, world === "container" ? imageOf(tree) : tree.upper, input);
  const group = world === "container" ? system.group("/container") : system.rootGroup;
  const shell = system.processes.fork(system.init, {
    controlGroup: group,
    ...(world === "container" ? { newNamespaces: ["pid", "mount", "uts", "net", "ipc", "cgroup"] as const } : {}),
  });
  if (shell.kind === "failed") throw new RangeError(`start a shell: ${shell.why}`);
  if (world === "container") {
    shell.child.namespaces.mount.pivotRoot({ point: "/", type: "overlay", source: "container", tree, readOnly: false });
  }
  const program = cat(FILE, integerOf(knobs, "bytes"), choiceOf(knobs, "linked") === "static" ? "static" : "dynamic");
  const counts = { calls: 0, diskReads: 0 };
  system.runThread(shell.child, counted(life(system, shell.child, program), counts));
  const report = simulation.run();
  if (report.ended !== "finished") throw new Error(`cat in the world ${world}: not at its end`);
  metric(world, "calls", counts.calls);
  metric(world, "diskReads", counts.diskReads);
}

/** A shell starts cat and sees its end. */
function* life(system: LinuxSystem, process: Process, program: Workload): Generator<Activity> {
  yield* system.calls.start("start");
  yield* system.run(process, program, "cat");
  yield { kind: "mark", name: MARKS.gone };
}

function* counted(activities: Iterable<Activity>, counts: { calls: number; diskReads: number }): Generator<Activity> {
  for (const activity of activities) {
    if (activity.kind === "burst" && activity.mode === "kernel") {
      if (activity.name.startsWith("disk: read")) counts.diskReads++;
      else counts.calls++;
    }
    yield activity;
  }
}

function containerTree(system: LinuxSystem): Overlay {
  const image = new Layer("image", system.disk);
  return new Overlay({ lower: [image], upper: new Layer("container", system.disk), nextInode: system.nextInode });
}

function imageOf({ lower: [image] }: Overlay): Layer {
  if (image === undefined) throw new RangeError("a container has an image");
  return image;
}

/** Puts the files there, and into the page cache where the knob says so. */
function fill(system: LinuxSystem, layer: Layer, { knobs }: ScenarioInput): void {
  const files = [...DYNAMIC_FILES, { path: FILE, bytes: integerOf(knobs, "bytes") }];
  for (const { path, bytes } of files) {
    const inode = new Inode(system.nextInode(), path, system.disk, bytes);
    layer.set(path, inode);
    if (choiceOf(knobs, "cached") !== "yes") continue;
    for (let page = 0; page < inode.pages; page++) system.memory.load(inode, page, system.memory.root, noEffort());
  }
}

function choice(name: string, choices: readonly string[], standard: string, help: string): Knob {
  return { kind: "choice", name, choices, default: standard, help };
}
