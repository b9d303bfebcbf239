/**
 * Instances of one program that run side by side, by world, until something under them dies. Each world is the real thing
 * of its room: one Linux for all processes and containers, a Linux in each machine on a Linux below, one z/OS; what goes
 * down is found by looking who still runs, not written down.
 */
import { PRIORITIES } from "../engine/priorities.ts";
import { Simulation } from "../engine/simulation.ts";
import type { OutputDevice } from "../linux/kernel.ts";
import type { Process } from "../linux/processes/process.ts";
import { LinuxSystem } from "../linux/system.ts";
import type { Thread } from "../machine/thread.ts";
import { trackObserver } from "../machine/track-observer.ts";
import type { World } from "../trace/timeline.ts";
import { Hypervisor } from "../virtualization/hypervisor.ts";
import { VirtualMachine } from "../virtualization/virtual-machine.ts";
import type { Operation, Workload } from "../workload/workload.ts";
import { buildSpace } from "../zos/build-space.ts";
import type { Tcb } from "../zos/control-blocks.ts";
import type { ZosThread } from "../zos/dispatcher.ts";
import { ZosMachine } from "../zos/machine.ts";
import { buildMaster } from "../zos/master.ts";
import { type ProgramBody, taskLife, type ZosProgram } from "../zos/program.ts";
import { SVC_TABLE } from "../zos/svc-table.ts";
import { newTask } from "../zos/task.ts";
import { Z_OS_STEPS } from "./lane.ts";
import type { ScenarioInput } from "./scenario.ts";

export const VICTIMS = ["program", "kernel", "host"] as const;
/** `program`: the first instance's. `kernel`: the one that answers it. `host`: what is below everything. */
export type Victim = (typeof VICTIMS)[number];

export interface PanicRequest {
  readonly victim: Victim;
  readonly instances: number;
  /** When it happens: nanoseconds, and steps of z/OS. */
  readonly atNs: number;
  readonly atStep: number;
}

export interface PanicOutcome {
  readonly down: number;
  readonly kernels: number;
  readonly kernelsDown: number;
}

const OUTPUT: OutputDevice = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
const MEMORY_BYTES = 256 * 1024 * 1024;
/** PSATOLD (PSA mapping): the address of the task that runs. */
const PSATOLD = 0x21c;

/** A service that answers: it computes and asks its kernel something, again and again. */
function service(rounds: number): Workload {
  const round: readonly Operation[] = [
    { kind: "compute", instructions: 50_000 },
    { kind: "systemCall", service: "getpid" },
  ];
  return { name: "service", operations: Array.from({ length: rounds }, () => round).flat() };
}

interface Instance {
  readonly process: Process;
  readonly track: string;
}

/** Processes, or containers: one kernel. */
export function oneKernel(input: ScenarioInput, world: World, name: string, request: PanicRequest): PanicOutcome {
  const { victim, instances, atNs } = request;
  const simulation = new Simulation();
  const tracks = new Map<Thread | undefined, string>();
  const observer = trackObserver(input.recorder, (thread) => tracks.get(thread));
  const system = linux(input, simulation, { cpus: instances, hostname: "host", observer });
  const all = Array.from({ length: instances }, (_, index) => {
    const track = newTrack(input, world, `${name} ${index + 1}`, index);
    const newNamespaces = world === "container" ? (["pid", "mount", "net", "uts", "ipc"] as const) : [];
    return startIn(system, tracks, track, { newNamespaces }, rounds(request));
  });
  simulation.schedule(atNs, PRIORITIES.complete, () => {
    if (victim === "program") segfault(system, all[0]);
    else system.panic("kernel panic - not syncing: fatal exception");
  });
  const down = watch(input, simulation, request, all, victim === "program" ? "SIGSEGV" : "kernel panic");
  return { down, kernels: 1, kernelsDown: system.processes.panic === undefined ? 0 : 1 };
}

/** Machines: a kernel each, on a kernel below. */
export function manyKernels(input: ScenarioInput, request: PanicRequest): PanicOutcome {
  const { victim, instances, atNs } = request;
  const simulation = new Simulation();
  const tracks = new Map<Thread | undefined, string>();
  const observer = trackObserver(input.recorder, (thread) => tracks.get(thread));
  const host = linux(input, simulation, { cpus: instances, hostname: "host" });
  const hypervisor = new Hypervisor(input.costs, "kvm");
  const machines: VirtualMachine[] = [];
  const guests: LinuxSystem[] = [];
  const all = Array.from({ length: instances }, (_, index) => {
    const name = `guest ${index + 1}`;
    const guest = linux(input, simulation, {
      cpus: 1,
      hostname: name,
      processors: (policy) => {
        const options = {
          simulation,
          host: host.cpus,
          costs: input.costs,
          hypervisor,
          name,
          vcpus: 1,
          policy,
          observer,
        };
        const machine = new VirtualMachine(options);
        machines.push(machine);
        return machine.guest;
      },
      below: (activities) => hypervisor.run(activities),
    });
    guests.push(guest);
    const track = newTrack(input, "vm", `Machine ${index + 1}`, index);
    return startIn(guest, tracks, track, {}, rounds(request));
  });
  simulation.schedule(atNs, PRIORITIES.complete, () => {
    const [first] = guests;
    if (victim === "program" && first !== undefined) segfault(first, all[0]);
    else if (victim === "kernel") first?.panic("kernel panic - not syncing: fatal exception");
    else {
      host.panic("kernel panic - not syncing: fatal exception");
      for (const machine of machines) machine.stop();
      // What was in their memory is gone with the machine.
      for (const guest of guests) guest.panic("the host has gone");
    }
  });
  const down = watch(input, simulation, request, all, victim === "program" ? "SIGSEGV" : "kernel panic");
  const kernelsDown = [host, ...guests].filter(({ processes }) => processes.panic !== undefined).length;
  return { down, kernels: 1 + instances, kernelsDown };
}

type SystemParts = Pick<ConstructorParameters<typeof LinuxSystem>[0], "cpus" | "hostname"> &
  Partial<ConstructorParameters<typeof LinuxSystem>[0]>;

function linux({ costs }: ScenarioInput, simulation: Simulation, parts: SystemParts): LinuxSystem {
  return new LinuxSystem({ simulation, costs, memoryBytes: MEMORY_BYTES, output: OUTPUT, ...parts });
}

function startIn(
  system: LinuxSystem,
  tracks: Map<Thread | undefined, string>,
  track: string,
  options: Parameters<LinuxSystem["start"]>[2],
  workload: Workload,
): Instance {
  const process = system.start(system.init, workload, options);
  if (process === undefined) throw new RangeError("start the service: no process could be made");
  const thread = system.threadOf(process);
  if (thread !== undefined) tracks.set(thread, track);
  return { process, track };
}

/** Enough to be at work long after it has happened. */
function rounds({ atNs }: PanicRequest): Workload {
  return service(Math.ceil(atNs / 25_000));
}

function segfault(system: LinuxSystem, instance: Instance | undefined): void {
  if (instance !== undefined) system.processes.signal(instance.process, "SIGSEGV", undefined);
}

/** Looks right after it has happened who is not there any more, and lets the others come to their end. */
function watch(
  input: ScenarioInput,
  simulation: Simulation,
  { atNs }: PanicRequest,
  all: readonly Instance[],
  what: string,
): number {
  let down = 0;
  simulation.schedule(atNs, PRIORITIES.observe, () => {
    for (const { process, track } of all) {
      if (process.isAlive) continue;
      down++;
      input.recorder.instant({ track, name: what, at: atNs });
    }
  });
  simulation.run();
  return down;
}

function newTrack({ recorder, provenance }: ScenarioInput, world: World, name: string, index: number): string {
  const id = `${world} ${index + 1}`;
  const isZos = world === "address-space";
  const detail = isZos ? `${provenance.detail}; ${Z_OS_STEPS}` : provenance.detail;
  recorder.track({ id, name, world, unit: isZos ? "step" : "ns", provenance: { ...provenance, detail } });
  return id;
}

/** Address spaces of one z/OS. */
export function addressSpaces(input: ScenarioInput, request: PanicRequest): PanicOutcome {
  const { victim, instances, atStep } = request;
  const tracks = new Map<string, string>();
  const observer = trackObserver<ZosThread>(input.recorder, (thread) => thread && tracks.get(thread.unit.home.jobName));
  const machine = new ZosMachine({ cpus: instances, timeSlice: Number.POSITIVE_INFINITY, observer });
  const { system, simulation } = machine;
  buildMaster(system);
  const tasks = Array.from({ length: instances }, (_, index): Tcb => {
    const jobName = `SERVICE${index + 1}`;
    tracks.set(jobName, newTrack(input, "address-space", `Address space ${index + 1} (steps, not time)`, index));
    const fails = index === 0 ? victim : "host";
    const { rct } = buildSpace(system, { jobName, priority: 100, authorized: fails === "kernel" });
    const tcb = newTask({ name: jobName, home: rct.home, mother: rct, priority: 100 });
    system.hooks.start(tcb, taskLife(system, tcb, "program", zosService(fails, atStep)));
    return tcb;
  });
  if (victim === "host") simulation.schedule(atStep, PRIORITIES.complete, () => stopAll(machine));
  simulation.run();
  const stopped = victim === "host" || system.waitState !== undefined;
  const isDown = ({ completion }: Tcb) => stopped || (completion?.code ?? "") !== "";
  for (const { home, completion } of tasks.filter(isDown)) {
    const code = system.waitState === undefined ? completion?.code : "084";
    const name = stopped ? `disabled wait ${code ?? "by the machine"}` : `S${code}`;
    const track = tracks.get(home.jobName);
    if (track !== undefined) input.recorder.instant({ track, name, at: simulation.now });
  }
  return { down: tasks.filter(isDown).length, kernels: 1, kernelsDown: stopped ? 1 : 0 };
}

/** The machine, or the hypervisor that z/OS runs on: every processor stops. */
function stopAll({ cpus }: ZosMachine): void {
  for (let cpu = 0; cpu < cpus.count; cpu++) cpus.suspend(cpu);
}

function zosService(fails: Victim, atStep: number): ProgramBody {
  return function* (program) {
    yield* loop(program, atStep);
    if (fails === "program") yield* program.store({ area: "SQA", page: 0 }, 1);
    if (fails === "kernel") {
      yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", key: 0 } });
      yield* program.store({ area: "PSA", page: program.unit.cpu, offset: PSATOLD }, 1);
      yield* program.invalidOperation();
    }
    yield* loop(program, atStep);
  };
}

function* loop(program: ZosProgram, steps: number) {
  yield* program.compute(steps);
  yield* program.svc(SVC_TABLE.time.number);
}
