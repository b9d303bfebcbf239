/**
 * Another operating system on top: as a process, in a container, in a machine, and on a mainframe. Where it runs, what it
 * costs there: leaving the guest, its disk and its network, and being moved to another host while it runs.
 */

import { stepNs } from "../linux/container.ts";
import { kernel, LinuxKernel, type OutputDevice, user } from "../linux/kernel.ts";
import type { Activity } from "../machine/activity.ts";
import { COUNT_ARG, MARKS, type World } from "../trace/timeline.ts";
import { deviceMachine } from "../virtualization/device-machine.ts";
import { diskPathOf, runDisk } from "../virtualization/disk-path.ts";
import { exitNs, exitSteps, exitsPerExit, worldSwitchNs } from "../virtualization/exit-path.ts";
import { SIE_INTERCEPTION_CODES } from "../virtualization/exit-reasons.ts";
import { idleMemory, type Migration, migrate, touchedPages } from "../virtualization/migration.ts";
import { transaction, transactionSteps } from "../virtualization/network-path.ts";
import {
  type Answer,
  inMachine,
  type OtherSystem,
  onMainframe,
  onSharedKernel,
} from "../virtualization/other-systems.ts";
import { PROBE } from "../workload/probe.ts";
import { type Evidence, stepActivity, supervisorStep } from "../zos/step.ts";
import { ANOTHER_SYSTEM_KNOBS, type AnotherSystemSettings, anotherSystemSettings } from "./another-system-knobs.ts";
import { DEFAULT_CONTAINER_PLAN } from "./default-container-plan.generated.ts";
import { runLane, Z_OS_STEPS } from "./lane.ts";
import type { Scenario, ScenarioInput } from "./scenario.ts";

const REQUESTS = 4000;
const PAGES_OF_GIB = 262_144;
const PIPE: OutputDevice = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };

export const ANOTHER_SYSTEM: Scenario = {
  name: "another-system",
  title: "Another operating system on top",
  description: [
    "A program of another system is started as a process and in a container, where the host's kernel is to answer it; in a",
    "machine, which boots the other system's own kernel; and on a mainframe, in a partition (PR/SM) or under z/VM. What",
    "running in a machine costs is shown on the same tracks: exits, a disk read, a request over the network, and the move to",
    "another host while it runs. Windows' time to boot was not published for any of these monitors, and is not shown.",
  ].join("\n"),
  question: {
    text: "An image of FreeBSD is started as a container on a Linux host. What happens?",
    choices: [
      "it runs, a little slower",
      "execve() fails: ENOEXEC",
      "it runs once FreeBSD's kernel has been copied into the image",
      "the host's kernel is exchanged",
    ],
    answer: "execve() fails: ENOEXEC",
  },
  claim: {
    text: "A container cannot run another operating system than its host's; a virtual machine can.",
    verdict: "holds",
    because:
      "a container has no kernel of its own: another distribution of Linux is only other files, another system's program is no executable at all; a machine boots whatever kernel its processor can run",
  },
  captions: [
    { at: "execve", text: "The kernel looks for a handler of this format. There is one for its own programs only." },
    {
      at: "mounts",
      text: "The container's list is carried out as always: everything is there but a kernel that answers.",
    },
    { at: "its own kernel", text: "A machine asks nobody: the other system brings its kernel along." },
    { at: "SIE", text: "z/OS on a mainframe is a guest already: PR/SM runs it by the instruction SIE." },
    { at: "the move", text: "All of its memory is sent while it runs; what it has written meanwhile is sent again." },
  ],
  knobs: ANOTHER_SYSTEM_KNOBS,
  metrics: [
    { name: "runs", unit: "yes|no", help: "whether the other system's program runs; else it is refused" },
    { name: "kernelsMore", unit: "count", help: "kernels that are there for it, beside the host's" },
    {
      name: "systemCall",
      unit: "ns",
      help: "its getpid(): in a machine it goes to the guest's kernel, and nowhere else",
    },
    { name: "vmcallCycles", unit: "count", help: "cycles of VMCALL and back, with nothing done: at 2.5 GHz" },
    { name: "outlKernelCycles", unit: "count", help: "cycles of an OUT that the host's kernel answers: at 2.5 GHz" },
    { name: "exitToKernel", unit: "ns", help: "an exit that the kernel of its hypervisor answers, and back" },
    { name: "exitToMonitor", unit: "ns", help: "an exit that its monitor answers, and back" },
    { name: "exitsToL0", unit: "count", help: "how often the machine's own hypervisor is entered for one exit" },
    { name: "diskPerSecond", unit: "count", help: "reads of 4 KiB a second, so many under way at once" },
    { name: "diskLatency", unit: "ns", help: "of one such read, from asking to the answer" },
    { name: "diskShare", unit: "permille", help: "of the reads a second that the machine itself makes" },
    { name: "diskExits", unit: "per 1000 reads", help: "exits for a thousand reads, kicks and registers included" },
    { name: "diskKicks", unit: "per 1000 reads", help: "kicks for a thousand reads" },
    {
      name: "transaction",
      unit: "ns",
      help: "a request over the network and its answer (netperf TCP_RR, from Felter et al.'s without a guest)",
    },
    { name: "transactionExits", unit: "count", help: "exits for one of them" },
    { name: "migrationTotal", unit: "ns", help: "from the decision to move until all is over there" },
    { name: "migrationDowntime", unit: "ns", help: "how long the guest stands still for it" },
    { name: "migrationRounds", unit: "count", help: "how often memory was sent, the last time included" },
    { name: "migrationBytes", unit: "bytes", help: "sent over the network" },
    {
      name: "migrationConverged",
      unit: "yes|no",
      help: "whether what was left became small enough; else the last round was forced",
    },
    { name: "migrationFaults", unit: "count", help: "post-copy: pages that the guest had to wait for over there" },
    { name: "sieLevels", unit: "count", help: "levels of SIE below the mainframe's guest: PR/SM, and z/VM in it" },
    { name: "interception", unit: "ns", help: "one interception under z/VM, derived (velocitysoftware.com)" },
  ],
  run,
};

function run(input: ScenarioInput): void {
  const settings = anotherSystemSettings(input.knobs);
  sharedKernel(input, settings, "process");
  sharedKernel(input, settings, "container");
  machine(input, settings);
  mainframe(input, settings);
}

function answered(input: ScenarioInput, world: World, answer: Answer): void {
  input.metric(world, "runs", answer.kind === "runs" ? 1 : 0);
  input.metric(world, "kernelsMore", answer.kind === "runs" ? answer.kernelsMore : 0);
}

/** As a process, or at the end of a container's list: execve(2) decides. */
function sharedKernel(input: ScenarioInput, settings: AnotherSystemSettings, world: "process" | "container"): void {
  const { costs } = input;
  const answer = onSharedKernel(settings.system);
  const linux = new LinuxKernel({ costs, output: PIPE, pageTableIsolation: false });
  const life = function* (): Generator<Activity> {
    if (world === "process") yield kernel("vfork()", "start", costs.ns("linux.fork"), { manual: "vfork(2)" });
    else {
      for (const step of DEFAULT_CONTAINER_PLAN) {
        if (step.phase === "cleanup" || step.op === "execute") continue;
        const name = step.subject === "" ? step.calls : `${step.calls} (${step.subject})`;
        yield kernel(name, step.stage, stepNs(costs, step, "source"), { manual: step.manual, why: step.why });
      }
    }
    if (answer.kind === "refused") {
      const { call, error, why } = answer;
      yield kernel(`${call}("${settings.system.name}") = -1 ${error}`, call, linux.entryNs, {
        manual: `${call}(2)`,
        why,
      });
    } else {
      yield kernel("execve()", "execve", costs.ns("linux.execve"), { manual: "execve(2)", why: answer.why });
      yield* linux.run(PROBE, "program");
    }
    yield { kind: "mark", name: MARKS.gone };
  };
  const name = world === "process" ? "Process" : "Container";
  runLane(input, { world, name: `${name}: ${settings.system.title}`, unit: "ns", life: life() });
  answered(input, world, answer);
  if (answer.kind === "runs") input.metric(world, "systemCall", costs.ns("linux.systemCall.entry"));
  devices(input, settings, world);
}

/** What its disk and its network are: the machine's own for whoever is no guest. */
function devices(input: ScenarioInput, settings: AnotherSystemSettings, world: World): void {
  const { costs } = input;
  const isGuest = world === "vm";
  const on = deviceMachine(costs, settings.machine, isGuest ? settings.levels : 1);
  const native = runDisk(diskPathOf(costs, "native", on), settings.depth, REQUESTS);
  const path = diskPathOf(costs, isGuest ? settings.disk : "native", on, settings.suppression);
  const disk = isGuest ? runDisk(path, settings.depth, REQUESTS) : native;
  input.metric(world, "diskPerSecond", disk.perSecond);
  input.metric(world, "diskLatency", disk.meanLatencyNs);
  input.metric(world, "diskShare", Math.round((disk.perSecond * 1000) / native.perSecond));
  const one = transaction(transactionSteps(costs, isGuest ? settings.card : "native", on));
  input.metric(world, "transaction", one.ns);
  if (!isGuest) return;
  input.metric(world, "diskExits", Math.round((disk.exits * 1000) / REQUESTS));
  input.metric(world, "diskKicks", Math.round((disk.kicks * 1000) / REQUESTS));
  input.metric(world, "transactionExits", one.exits);
}

function machine(input: ScenarioInput, settings: AnotherSystemSettings): void {
  const { system, levels } = settings;
  const { costs } = input;
  const answer = inMachine(system);
  const where = levels === 1 ? "Virtual machine" : "Virtual machine in a virtual machine";
  runLane(input, {
    world: "vm",
    name: `${where}: ${system.title}`,
    unit: "ns",
    life: machineLife(input, settings, answer),
  });
  answered(input, "vm", answer);
  const clock = costs.count("machine.m5d.megahertz");
  input.metric("vm", "vmcallCycles", cyclesOf(worldSwitchNs(costs), clock));
  input.metric("vm", "outlKernelCycles", cyclesOf(exitNs(costs, "host kernel", 1), clock));
  input.metric("vm", "exitToKernel", exitNs(costs, "host kernel", levels));
  input.metric("vm", "exitToMonitor", exitNs(costs, "monitor", levels));
  input.metric("vm", "exitsToL0", exitsPerExit(costs, levels));
  if (answer.kind === "runs") input.metric("vm", "systemCall", costs.ns("linux.systemCall.entry"));
  devices(input, settings, "vm");
  moved(input, settings);
}

function cyclesOf(ns: number, megahertz: number): number {
  return Math.round((ns * megahertz) / 1000);
}

/** The monitor, the other system's kernel, a program of it, and then one exit of each kind. */
function* machineLife(
  { costs }: ScenarioInput,
  { system, levels, card, machine: on }: AnotherSystemSettings,
  answer: Answer,
): Generator<Activity> {
  yield user("the monitor starts", "VMM", costs.ns("vm.firecracker.vmm"));
  if (answer.kind === "refused") {
    yield kernel(`refused: ${answer.error}`, "VMM", costs.ns("linux.systemCall.entry"), { why: answer.why });
    yield { kind: "mark", name: MARKS.gone };
    return;
  }
  yield* itsKernel(system, system.kernelCost === undefined ? undefined : costs.ns(system.kernelCost));
  yield { kind: "mark", name: MARKS.firstInstruction };
  yield user("a program of the other system computes", "program", costs.ns("linux.clock"));
  yield kernel("getpid(): its own kernel answers, no exit", "program", costs.ns("linux.systemCall.entry"));
  for (const handledIn of ["host kernel", "monitor"] as const) {
    yield user("it goes on", "exits", costs.ns("linux.clock"));
    for (const { by, name, ns, exits } of exitSteps(costs, handledIn, levels)) {
      const args = { by, ...(exits === 0 ? {} : { [COUNT_ARG]: exits }) };
      yield { kind: "burst", mode: "hypervisor", name: `${by}: ${name}`, stage: "exits", duration: ns, args };
    }
  }
  yield user("it asks over the network", "network", costs.ns("linux.clock"));
  for (const { by, name, ns, exits } of transactionSteps(costs, card, deviceMachine(costs, on, levels))) {
    if (by === "wire") yield { kind: "pause", duration: ns };
    else
      yield {
        kind: "burst",
        mode: "hypervisor",
        name,
        stage: "network",
        duration: ns,
        args: { [COUNT_ARG]: Math.max(1, exits), by },
      };
  }
  yield { kind: "mark", name: MARKS.gone };
}

function* itsKernel(system: OtherSystem, ns: number | undefined): Generator<Activity> {
  const name = `${system.title}: its kernel starts`;
  if (ns === undefined) yield { kind: "mark", name: `${name}; how long it takes was not published` };
  else yield kernel(name, "its own kernel", ns);
}

/** The move is a track of its own, from time 0: each round a span of the monitor's thread. */
function moved(input: ScenarioInput, settings: AnotherSystemSettings): void {
  const { recorder, provenance } = input;
  const track = "vm-move";
  recorder.track({ id: track, name: "The move to another host", world: "vm", unit: "ns", provenance });
  const migration = move(input, settings);
  for (const { name, startNs, endNs, pages, zeroPages, bytes, dirtied, throttledPermille } of migration.rounds) {
    if (endNs === startNs) continue;
    const args = { pages, zeroPages, bytes, dirtied, throttledPermille };
    const stage = name === "stop and copy" ? "standstill" : "the move";
    recorder.span({ track, name, start: startNs, end: endNs, mode: "user", stage, args });
    recorder.counter({ track, name: "pages written meanwhile", at: endNs, value: dirtied });
  }
  input.metric("vm", "migrationTotal", migration.totalNs);
  input.metric("vm", "migrationDowntime", migration.downtimeNs);
  input.metric("vm", "migrationRounds", migration.rounds.length);
  input.metric("vm", "migrationBytes", migration.bytes);
  input.metric("vm", "migrationConverged", migration.converged ? 1 : 0);
  input.metric("vm", "migrationFaults", migration.remoteFaults);
}

function move({ costs, random }: ScenarioInput, settings: AnotherSystemSettings): Migration {
  const pages = settings.memoryGib * PAGES_OF_GIB;
  return migrate({
    costs,
    random: random.stream("move"),
    mode: settings.move,
    memory: idleMemory(pages, touchedPages(costs, pages)),
    writesPerSecond: settings.writesPerSecond,
    workingSet: settings.workingSet,
    bytesPerMicrosecond: settings.megabits / 8,
    downtimeLimitNs: costs.ns("migration.downtimeLimit"),
    maxRounds: settings.rounds,
    lastResort: settings.lastResort,
    tuned: settings.tuned,
  });
}

const SIE = "Hercules esa390.h, SIE_C_*, and general2.c: a guest's SVC is not intercepted unless it is asked for";
const NESTED_SIE = "vm.ibm.com/perf/tips/z890.html: two levels of SIE for z/VM in a partition, one for the partition";
const ZCX = "IBM z/OS 2.4, z/OS Container Extensions: a Linux guest as a started task's address space";

/** On a mainframe everything is a guest: of PR/SM, and one level deeper of z/VM. */
function mainframe(input: ScenarioInput, { system, levels }: AnotherSystemSettings): void {
  const answer = onMainframe(system);
  const name = `${levels === 1 ? "Partition (PR/SM)" : "Guest of z/VM in a partition"}: ${system.title} (steps, not time)`;
  const life = mainframeLife(system, levels, answer);
  runLane(input, { world: "address-space", name, unit: "step", life, note: Z_OS_STEPS });
  answered(input, "address-space", answer);
  input.metric("address-space", "sieLevels", levels);
  input.metric("address-space", "interception", input.costs.ns("sie.interception"));
}

function* mainframeLife(system: OtherSystem, levels: number, answer: Answer): Generator<Activity> {
  const step = (stage: string, name: string, source: string, evidence: Evidence = "verified") =>
    stepActivity(supervisorStep(name, source, evidence), stage);
  yield step("SIE", "PR/SM: SIE enters the partition by its state description", SIE);
  if (levels === 2) yield step("SIE", "z/VM in the partition: SIE again, for a guest of its own", NESTED_SIE);
  if (answer.kind === "refused") {
    yield step("refused", `${system.title} is not for this processor: ${answer.error}`, SIE);
    return;
  }
  yield step(
    "guest",
    "a program issues SVC: PSWs are exchanged in the guest's own prefix area, and SIE is not left",
    SIE,
  );
  const instruction = SIE_INTERCEPTION_CODES.find(({ number }) => number === 4);
  const wait = SIE_INTERCEPTION_CODES.find(({ number }) => number === 28);
  for (const code of [instruction, wait]) {
    if (code === undefined) continue;
    yield step("interception", `interception code ${code.number}, ${code.reason}: ${code.guestDid}`, SIE);
    yield step("SIE", "the host has acted: SIE enters the guest again", SIE);
  }
  if (system.asksLinux) yield step("guest", "or as zCX: an address space of z/OS that is a Linux guest", ZCX);
}
