/**
 * The server and its neighbour on Linux: as processes of one kernel, in containers of one kernel, and each in a virtual
 * machine of its own with a kernel of its own.
 */
import { PRIORITIES } from "../engine/priorities.ts";
import { Simulation } from "../engine/simulation.ts";
import { Inode } from "../linux/files/inode.ts";
import { user } from "../linux/kernel.ts";
import type { ControlGroup } from "../linux/processes/control-group.ts";
import type { Process } from "../linux/processes/process.ts";
import { DEFAULT_PERIOD_NS } from "../linux/scheduler/bandwidth.ts";
import { EevdfPolicy } from "../linux/scheduler/eevdf.ts";
import { LinuxSystem } from "../linux/system.ts";
import type { Activity } from "../machine/activity.ts";
import { CpuSet } from "../machine/cpu-set.ts";
import type { Thread } from "../machine/thread.ts";
import { trackObserver } from "../machine/track-observer.ts";
import type { World } from "../trace/timeline.ts";
import { Hypervisor } from "../virtualization/hypervisor.ts";
import { VirtualMachine } from "../virtualization/virtual-machine.ts";
import type { Operation, Workload } from "../workload/workload.ts";
import { guestDisk } from "./guest-disk.ts";
import { MIB, PERIOD_NS, RequestLog, type Settings } from "./noisy-neighbour-settings.ts";
import type { ScenarioInput } from "./scenario.ts";

const PIPE = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
const FILE = "/srv/page";
const FILE_BYTES = 131_072;
/** The first request comes when the server has all of its memory, and with the first whole period of cpu.max. */
const FIRST_REQUEST_NS = 100_000_000;
const HOG_BATCH = 64;

function request(workNs: number): Workload {
  const operations: Operation[] = [
    { kind: "systemCall", service: "open", path: FILE, access: "read" },
    { kind: "systemCall", service: "read", bytes: FILE_BYTES },
    { kind: "systemCall", service: "close" },
    { kind: "compute", instructions: workNs },
  ];
  return { name: "request", operations };
}

/** Answers a request in every period; one that is late makes the next ones late. */
function* server(
  simulation: Simulation,
  system: LinuxSystem,
  process: Process,
  settings: Settings,
  run: ServerRun,
): Generator<Activity> {
  const memory: Workload = {
    name: "server",
    operations: [{ kind: "pageTouch", pages: settings.serverPages, access: "write" }],
  };
  yield* system.run(process, memory, "server");
  const work = request(settings.workNs);
  for (let arrival = FIRST_REQUEST_NS; ; arrival += PERIOD_NS) {
    if (simulation.now < arrival) yield { kind: "pause", duration: arrival - simulation.now };
    for (const activity of system.run(process, work, "server")) {
      if (activity.kind === "burst" && activity.name.startsWith("disk: read")) run.pagesRead += FILE_BYTES / 4096;
      yield activity;
    }
    if (!process.isAlive) return;
    run.log.responses.push(simulation.now - arrival);
  }
}

interface ServerRun {
  readonly log: RequestLog;
  pagesRead: number;
}

function* busy(): Generator<Activity> {
  for (;;) yield user("loop", "neighbour", PERIOD_NS);
}

/** Takes memory for as long as it lives, then keeps it and uses it. */
function* hog(system: LinuxSystem, process: Process, pages: number): Generator<Activity> {
  for (let taken = 0; taken < pages && process.isAlive; taken += HOG_BATCH) {
    const operation: Operation = { kind: "pageTouch", pages: Math.min(HOG_BATCH, pages - taken), access: "write" };
    yield* system.run(process, { name: "hog", operations: [operation] }, "neighbour");
    yield user("fills its memory", "neighbour", 200_000);
  }
  while (process.isAlive) yield user("uses its memory", "neighbour", 1_000_000);
}

/** Starts the server in a system. */
function startServer(
  simulation: Simulation,
  system: LinuxSystem,
  settings: Settings,
  controlGroup?: ControlGroup,
): ServerRun & { readonly process: Process } {
  system.root.upper.set(FILE, new Inode(system.nextInode(), FILE, system.disk, FILE_BYTES));
  const process = born(system, controlGroup);
  const run = { log: new RequestLog(), pagesRead: 0, process };
  system.runThread(process, server(simulation, system, process, settings, run));
  return run;
}

/** Starts the neighbour's threads at the first request. @returns its processes */
function startNeighbour(
  simulation: Simulation,
  system: LinuxSystem,
  settings: Settings,
  controlGroup?: ControlGroup,
): Neighbour[] {
  const all: Neighbour[] = [];
  const begin = (life: (process: Process) => Iterable<Activity>): void => {
    const process = born(system, controlGroup);
    const thread = system.runThread(process, afterPause(FIRST_REQUEST_NS - simulation.now, life(process)));
    all.push({ process, thread });
  };
  for (let count = 0; count < settings.neighbours; count++) begin(busy);
  if (settings.neighbourPages > 0) begin((process) => hog(system, process, settings.neighbourPages));
  return all;
}

interface Neighbour {
  readonly process: Process;
  readonly thread: Thread;
}

function* afterPause(duration: number, life: Iterable<Activity>): Generator<Activity> {
  yield { kind: "pause", duration };
  yield* life;
}

function born(system: LinuxSystem, controlGroup: ControlGroup | undefined): Process {
  const forked = system.processes.fork(system.init, controlGroup === undefined ? {} : { controlGroup });
  if (forked.kind === "failed") throw new RangeError(`start a process: ${forked.why}`);
  return forked.child;
}

/** Writes down how memory goes, ten times in a hundred milliseconds. */
function sampleMemory(
  input: ScenarioInput,
  simulation: Simulation,
  track: string,
  system: LinuxSystem,
  until: number,
): void {
  const sample = (name: string, frames: number, at: number) =>
    input.recorder.counter({ track, name, at, value: Math.floor((frames * 4096) / MIB) });
  for (let at = 0; at <= until; at += PERIOD_NS) {
    simulation.schedule(at, PRIORITIES.observe, () => {
      sample("MiB free", system.pool.free, at);
      sample("MiB in the page cache", system.memory.cache.size, at);
    });
  }
}

/** Both as plain processes, or each in a container: nothing but control groups differs. */
export function onOneKernel(input: ScenarioInput, world: "process" | "container", settings: Settings): void {
  const { costs, recorder, provenance } = input;
  const { cpus, machineBytes: memoryBytes } = settings;
  const simulation = new Simulation();
  for (let cpu = 0; cpu < cpus; cpu++) {
    const name = `${world === "process" ? "Processes" : "Containers"}, processor ${cpu}`;
    recorder.track({ id: `${world}-${cpu}`, name, world, unit: "ns", provenance });
  }
  const observer = trackObserver<Thread>(recorder, (_, cpu) => `${world}-${cpu}`);
  const system = new LinuxSystem({ simulation, costs, cpus, memoryBytes, output: PIPE, observer });
  const groups = world === "process" ? undefined : containerGroups(system, settings);
  const run = startServer(simulation, system, settings, groups?.server);
  const neighbour = startNeighbour(simulation, system, settings, groups?.neighbour);
  sampleMemory(input, simulation, `${world}-0`, system, FIRST_REQUEST_NS + settings.durationNs);
  simulation.run({ untilTime: FIRST_REQUEST_NS + settings.durationNs });
  const had = neighbour.reduce((sum, { thread }) => sum + thread.ranNs, 0);
  report(input, world, settings, run, neighbour, had);
  if (groups !== undefined) input.metric(world, "throttled", system.policy.stat(groups.neighbour.cpu).throttledNs);
}

function containerGroups(system: LinuxSystem, settings: Settings): { server: ControlGroup; neighbour: ControlGroup } {
  if (settings.cpu === "nothing" && !settings.memoryLimit) {
    // One group for both: what they are called changes nothing.
    const both = system.group("/containers");
    return { server: both, neighbour: both };
  }
  const isShared = settings.cpu === "nothing";
  const server = system.group("/server", isShared ? { cpuWeight: 100 } : {});
  const neighbour = system.group("/neighbour", {
    ...(settings.memoryLimit ? { memoryMaxBytes: settings.neighbourBytes } : {}),
    ...(settings.cpu === "cpu.max" ? { cpuMax: { quotaNs: DEFAULT_PERIOD_NS / 2, periodNs: DEFAULT_PERIOD_NS } } : {}),
    // Without a remedy the neighbour weighs as much as its threads would beside the server's.
    ...(isShared ? { cpuWeight: 100 * (settings.neighbours + 1) } : {}),
  });
  return { server, neighbour };
}

/** Each in a virtual machine of its own, with memory of its own; the vCPUs are threads of the host. */
export function inVirtualMachines(input: ScenarioInput, settings: Settings): void {
  const { recorder, provenance } = input;
  const { cpus, machineBytes, neighbourBytes } = settings;
  const simulation = new Simulation();
  // Each machine's vCPUs are in a control group of its own, as libvirt puts them.
  const attributesOf = (thread: Thread) => {
    const group = policy.groups.find(({ name }) => thread.name.startsWith(`${name} `));
    return group === undefined ? {} : { group };
  };
  const policy: EevdfPolicy = new EevdfPolicy({ simulation, cpus, attributesOf });
  const accelerator = "simulated kvm";
  const guests = ["server", "neighbour"] as const;
  for (const name of guests) {
    policy.group(name);
    for (let cpu = 0; cpu < cpus; cpu++) {
      const title = `VM of the ${name}, vCPU ${cpu}`;
      recorder.track({
        id: `vm-${name}-${cpu}`,
        name: title,
        world: "vm",
        unit: "ns",
        provenance: { ...provenance, accelerator },
      });
    }
  }
  const host = new CpuSet({
    simulation,
    cpus,
    policy,
    observer: trackObserver<Thread>(recorder, (thread) => thread && `vm-${thread.name.replace(" vCPU ", "-")}`),
  });
  policy.connect(host);
  const [serving, noisy] = guests.map((name) => {
    const memoryBytes = name === "server" ? machineBytes - neighbourBytes : neighbourBytes;
    return guestSystem(input, { simulation, host, name, cpus, memoryBytes });
  });
  if (serving === undefined || noisy === undefined) throw new RangeError("there are two guests");
  const run = startServer(simulation, serving.system, settings);
  const neighbour = startNeighbour(simulation, noisy.system, settings);
  sampleMemory(input, simulation, "vm-server-0", serving.system, FIRST_REQUEST_NS + settings.durationNs);
  sampleMemory(input, simulation, "vm-neighbour-0", noisy.system, FIRST_REQUEST_NS + settings.durationNs);
  simulation.run({ untilTime: FIRST_REQUEST_NS + settings.durationNs });
  const had = Array.from({ length: cpus }, (_, cpu) => noisy.machine.time(cpu).guestNs).reduce(
    (sum, ns) => sum + ns,
    0,
  );
  report(input, "vm", settings, run, neighbour, had);
}

interface GuestOptions {
  readonly simulation: Simulation;
  readonly host: CpuSet;
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

function guestSystem(input: ScenarioInput, options: GuestOptions): { system: LinuxSystem; machine: VirtualMachine } {
  const { costs, recorder } = input;
  const { simulation, host, name, cpus, memoryBytes } = options;
  const hypervisor = new Hypervisor(costs, "kvm");
  const machines: VirtualMachine[] = [];
  const observer = trackObserver<Thread>(recorder, (_, cpu) => `vm-${name}-${cpu}`);
  const system: LinuxSystem = new LinuxSystem({
    simulation,
    costs,
    cpus,
    memoryBytes,
    output: PIPE,
    hostname: name,
    below: (activities) => hypervisor.run(activities),
    disk: (access, bytes, stage) => guestDisk(costs, "qemu", system.calls.entryNs)(access, bytes, stage),
    processors: (policy) => {
      const machine = new VirtualMachine({ simulation, host, costs, hypervisor, name, vcpus: cpus, policy, observer });
      machines.push(machine);
      return machine.guest;
    },
  });
  const [machine] = machines;
  if (machine === undefined) throw new RangeError(`${name}: no virtual machine was made`);
  return { system, machine };
}

function report(
  input: ScenarioInput,
  world: World,
  { cpus, durationNs }: Settings,
  run: ServerRun & { readonly process: Process },
  neighbour: readonly Neighbour[],
  neighbourNs: number,
): void {
  const { metric } = input;
  run.log.asked = Math.floor(durationNs / PERIOD_NS);
  run.log.report(input, world, PERIOD_NS);
  metric(world, "neighbourShare", Math.round((neighbourNs * 1000) / (cpus * durationNs)));
  // The first reading brings the file in; everything after that was there once.
  metric(world, "pagesReadAgain", Math.max(0, run.pagesRead - FILE_BYTES / 4096));
  metric(world, "serverKilled", run.process.isAlive ? 0 : 1);
  metric(world, "neighbourKilled", neighbour.filter(({ process }) => !process.isAlive).length);
}
