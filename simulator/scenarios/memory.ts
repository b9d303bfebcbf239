/**
 * How many fit: so many instances of one program as processes, in containers, in machines and in z/OS address spaces. What
 * each owns, what they share, and what KSM and balloons get back where nothing is shared by itself.
 */
import { COUNT_ARG, type World } from "../trace/timeline.ts";
import { MEMORY_VMMS, type MemoryVmm } from "../virtualization/vm-memory.ts";
import { buildMaster } from "../zos/master.ts";
import { givePrivatePages, newSpace } from "../zos/space-creation.ts";
import { stepActivity, supervisorStep } from "../zos/step.ts";
import { storageMap } from "../zos/storage-map.ts";
import { ZosSystem } from "../zos/system.ts";
import type { Knob } from "./knob.ts";
import { runLane, Z_OS_STEPS } from "./lane.ts";
import {
  type MachinesWorld,
  type MemoryReport,
  type MemoryWorld,
  machinesWorld,
  PAGE_KIB,
  plainWorld,
  walkReferences,
} from "./memory-worlds.ts";
import { choiceOf, integerOf, type MetricDescription, type Scenario, type ScenarioInput } from "./scenario.ts";

const KIB = 1024;
const SECOND = 1_000_000_000;
const MAPS = "z/OS Basic Skills, address spaces; z/OS MVS Initialization and Tuning Guide, virtual storage";

const KNOBS: readonly Knob[] = [
  integer("instances", 1, 60, "instances", 12, "how many are started in each world"),
  integer("host", 1, 512, "GiB", 16, "the memory of the host, for how many would fit"),
  {
    kind: "choice",
    name: "vmm",
    choices: MEMORY_VMMS,
    default: "firecracker",
    help: "what makes the machines (nsdi2020-data; Kata: a small guest with an agent, kuasar and eurosys21-artifacts)",
  },
  integer("guest", 64, 8192, "MiB", 256, "what each guest believes to have; Kata's is its configuration's 2048"),
  integer("program", 0, 65_536, "KiB", 2048, "text and libraries of the program: one copy for whoever shares a kernel"),
  integer(
    "identical",
    0,
    1000,
    "permille",
    500,
    "how much of what two guests of one image have touched is the same; nobody published it",
  ),
  integer("ksm", 0, 3600, "s", 0, "how long the host's thread has looked for pages that are the same; 0 is off"),
  integer("pagesToScan", 100, 10_000, "pages", 100, "how many it looks at before it sleeps for 20 ms (pages_to_scan)"),
  integer("balloon", 0, 8192, "MiB", 0, "how much each guest is asked to give back"),
];

function integer(name: string, low: number, high: number, unit: string, standard: number, help: string): Knob {
  return { kind: "integer", name, low, high, unit, default: standard, help };
}

const METRICS: readonly MetricDescription[] = [
  { name: "usedBytes", unit: "bytes", help: "all instances together, what they share counted once" },
  { name: "ownedBytes", unit: "bytes", help: "what would be free if one instance ended" },
  { name: "sharedBytes", unit: "bytes", help: "in frames that several instances have a part in" },
  { name: "savedBytes", unit: "bytes", help: "what there would be more if nobody shared" },
  { name: "instanceBytes", unit: "bytes", help: "what one more instance takes" },
  { name: "fits", unit: "count", help: "how many such instances the host's memory holds" },
  {
    name: "residentBytes",
    unit: "bytes",
    help: "one machine as ps shows it: its guest's touched pages and its monitor",
  },
  { name: "overheadBytes", unit: "bytes", help: "the monitor's data segments beyond the guest's memory" },
  { name: "guestBytes", unit: "bytes", help: "what a guest believes to have" },
  { name: "balloonBytes", unit: "bytes", help: "what balloons have given back" },
  { name: "ksmPages", unit: "count", help: "pages of 4 KiB that KSM has looked at" },
  { name: "walkReferences", unit: "count", help: "entries of page tables read for one access that no TLB knows" },
  { name: "areasOwned", unit: "count", help: "areas of an address space that are its own" },
  { name: "areasShared", unit: "count", help: "areas that every address space has alike: they are there once" },
];

export const MEMORY: Scenario = {
  name: "memory",
  title: "How many fit: what each instance owns, and what they share",
  description: [
    "The same program so many times: as processes, in containers, in machines, in address spaces. Frames are really taken",
    "and shared. A container's figures are a shim's and a program's; a machine's are an idle guest's with a distribution, as",
    "they were measured. KSM and balloons work on the machines' pages, counted in pieces of 64 KiB. What a z/OS address",
    "space takes is not public in bytes: its areas are counted. Page tables of the host are left out of the sums.",
  ].join("\n"),
  question: {
    text: "How many times the memory of a container does one more idle virtual machine of 256 MiB take?",
    choices: ["about the same", "about 5 times", "about 30 times", "about 250 times"],
    answer: "about 30 times",
  },
  claim: {
    text: "On the same machine there is room for many more containers than virtual machines.",
    verdict: "holds",
    because:
      "instances under one kernel share it and the program's text; each machine has a kernel and a cache of its own",
  },
  captions: [
    { at: "instance 1", text: "The first process brings the program's text into memory; the others only map it." },
    {
      at: "instance 2",
      text: "A guest's page is an exit and a frame of its own, even where every guest has the same in it.",
    },
    { at: "common", text: "Nucleus, LPA, SQA and CSA are in every address space, and in storage once." },
  ],
  knobs: KNOBS,
  metrics: METRICS,
  run: memory,
};

function memory(input: ScenarioInput): void {
  const { knobs, costs } = input;
  const instances = integerOf(knobs, "instances");
  const hostBytes = integerOf(knobs, "host") * KIB * KIB * KIB;
  const plain = { costs, hostBytes, instances, programKib: integerOf(knobs, "program") };
  const shimKib = costs.count("memory.container.shim.kib");
  show(input, "process", "Processes", plainWorld({ ...plain, besideKib: 0 }));
  show(input, "container", "Containers", plainWorld({ ...plain, besideKib: shimKib }));
  machines(input, instances, hostBytes);
  const walk = walkReferences();
  input.metric("process", "walkReferences", walk.native);
  input.metric("container", "walkReferences", walk.native);
  input.metric("vm", "walkReferences", walk.guest);
  addressSpaces(input, instances);
}

function machines(input: ScenarioInput, instances: number, hostBytes: number): void {
  const { knobs, costs } = input;
  const vmm = vmmOf(choiceOf(knobs, "vmm"));
  const wakes = Math.floor((integerOf(knobs, "ksm") * SECOND) / costs.ns("ksm.sleep"));
  const world = machinesWorld({
    costs,
    vmm,
    hostBytes,
    instances,
    guestKib: integerOf(knobs, "guest") * KIB,
    identicalPermille: integerOf(knobs, "identical"),
    ksmPages: wakes * integerOf(knobs, "pagesToScan"),
    balloonKib: integerOf(knobs, "balloon") * KIB,
  });
  const end = show(input, "vm", `Virtual machines: ${vmm}`, world);
  afterwards(input, world, end);
  const { memory: one, ksm, balloonBytes } = world;
  input.metric("vm", "residentBytes", (one.touchedKib + one.residentKib) * KIB);
  input.metric("vm", "overheadBytes", one.overheadKib * KIB);
  input.metric("vm", "guestBytes", one.guestKib * KIB);
  input.metric("vm", "balloonBytes", balloonBytes);
  input.metric("vm", "ksmPages", (ksm.scanned * 64) / PAGE_KIB);
}

function vmmOf(name: string): MemoryVmm {
  const found = MEMORY_VMMS.find((one) => one === name);
  if (found === undefined) throw new TypeError(`there is no ${name}`);
  return found;
}

/** Writes the instances down one after the other. @returns when the last one has touched its last page */
function show(input: ScenarioInput, world: World, name: string, { report, steps }: MemoryWorld): number {
  const { recorder, costs, provenance } = input;
  recorder.track({ id: world, name, world, unit: "ns", provenance });
  const isMachine = world === "vm";
  const eachNs = costs.ns("linux.pageFault.write") + (isMachine ? costs.ns("hypervisor.exit.kernel") : 0);
  let at = 0;
  for (const step of steps) {
    const span = { track: world, start: at, end: at + step.pages * eachNs, args: { [COUNT_ARG]: step.pages } };
    const what = isMachine ? "VM exit: EPT violation" : "page fault";
    recorder.span({ ...span, name: what, mode: isMachine ? "hypervisor" : "kernel", stage: step.name });
    at = span.end;
    recorder.counter({ track: world, name: "bytes in use", at, value: step.usedBytes });
  }
  for (const [metric, value] of entries(report)) input.metric(world, metric, value);
  return at;
}

function entries(report: MemoryReport): [keyof MemoryReport, number][] {
  const { usedBytes, ownedBytes, sharedBytes, savedBytes, instanceBytes, fits } = report;
  return [
    ["usedBytes", usedBytes],
    ["ownedBytes", ownedBytes],
    ["sharedBytes", sharedBytes],
    ["savedBytes", savedBytes],
    ["instanceBytes", instanceBytes],
    ["fits", fits],
  ];
}

/** Balloons and KSM come when all machines are there. */
function afterwards({ recorder, costs, knobs }: ScenarioInput, world: MachinesWorld, start: number): void {
  const { ksm, balloonBytes, report } = world;
  const track = "vm";
  let at = start;
  if (balloonBytes > 0) {
    const pages = balloonBytes / (PAGE_KIB * KIB);
    const end = at + pages * costs.ns("linux.systemCall.entry");
    const args = { pages, manual: "virtio 1.2, Traditional Memory Balloon Device" };
    recorder.span({
      track,
      name: "balloons: madvise(MADV_DONTNEED)",
      start: at,
      end,
      mode: "kernel",
      stage: "balloon",
      args,
    });
    at = end;
  }
  if (ksm.scanned > 0) {
    const pages = (ksm.scanned * 64) / PAGE_KIB;
    const wakes = Math.ceil(pages / integerOf(knobs, "pagesToScan"));
    const end = at + wakes * costs.ns("ksm.sleep");
    const args = { fullScans: ksm.fullScans, shared: ksm.shared, sharing: ksm.sharing };
    recorder.span({
      track,
      name: "ksmd looks for pages that are the same",
      start: at,
      end,
      mode: "kernel",
      stage: "KSM",
      args,
    });
    at = end;
  }
  recorder.counter({ track, name: "bytes in use", at, value: report.usedBytes });
}

/** Each area is a step: common ones are mapped, private ones are got. */
function addressSpaces(input: ScenarioInput, instances: number): void {
  const system = new ZosSystem();
  buildMaster(system);
  const areas = storageMap(system.era).filter(({ sharing }) => sharing !== "shared by those that ask");
  const life = function* () {
    for (let index = 1; index <= instances; index++) {
      const asid = system.asvt.reserve(true);
      if (asid === undefined) throw new RangeError(`there is no ASID left for address space ${index}`);
      const ascb = newSpace(system, asid, { jobName: `JOB${index}`, priority: 0 });
      for (const { name, sharing } of areas) {
        const what = sharing === "common" ? `${name}: mapped, the same for all` : `${name}: storage of its own`;
        yield stepActivity(supervisorStep(what, MAPS), sharing, { asid });
      }
      givePrivatePages(system, ascb);
      system.asvt.put(ascb);
    }
  };
  const name = "z/OS address spaces (steps, not time)";
  runLane(input, { world: "address-space", name, unit: "step", life: life(), note: Z_OS_STEPS });
  input.metric("address-space", "areasOwned", areas.filter(({ sharing }) => sharing === "private").length);
  input.metric("address-space", "areasShared", areas.filter(({ sharing }) => sharing === "common").length);
}
