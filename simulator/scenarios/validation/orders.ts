/**
 * What holds on every machine, whatever its figures are: which start is quicker than which, what does not grow, what a
 * container leaves alone. An order is stronger than a figure: no cost was fitted to it.
 */
import { containerLife } from "../../linux/container.ts";
import { LinuxKernel } from "../../linux/kernel.ts";
import { processLife } from "../../linux/process.ts";
import type { Activities } from "../../machine/activity.ts";
import type { Workload } from "../../workload/workload.ts";
import { DEFAULT_CONTAINER_PLAN } from "../default-container-plan.generated.ts";
import type { KnobValues } from "../knob.ts";
import {
  type Check,
  type FigureCheck,
  MS,
  metricOf,
  type NamedValue,
  type OrderCheck,
  publishedCosts,
  timeOf,
  typicalRun,
  US,
} from "./check.ts";
import { getpidNs, kernelExitNs, monitorExitNs } from "./crossings.ts";
import { idleMigration, overheadMib, residentKib } from "./memory.ts";

const STRUCTURE = "figures of many sources, as listed in simulator/costs";
const NSDI = "firecracker-microvm/nsdi2020-data";
const FELTER = "Felter et al. 2014, raw logs: STREAM 45.63 / 45.60 GB/s, Linpack 290.87 / 290.83 GFLOPS";

function order(id: string, claim: string, source: string, predict: () => readonly NamedValue[], least = 1): OrderCheck {
  return { kind: "order", id, claim, source, least, predict };
}

/** From the request to the first instruction, or where only that was published until it has gone; ms. */
function start(name: string, world: "process" | "container" | "vm", metric: string, knobs: KnobValues): NamedValue {
  return { name, value: metricOf(typicalRun("startup-race", knobs), world, metric) / MS };
}

function starts(): NamedValue[] {
  const guest = timeOf(typicalRun("startup-race", { vmm: "firecracker" }), "vm", ({ stage }) => stage === "kernel");
  return [
    start("fork and exec", "process", "gone", {}),
    start("crun", "container", "gone", { runtime: "crun-cached" }),
    start("runc", "container", "gone", { runtime: "runc" }),
    { name: "Firecracker, guest", value: guest / MS },
    start("QEMU, qboot", "vm", "firstInstruction", { vmm: "q35-qboot" }),
    start("QEMU, SeaBIOS", "vm", "firstInstruction", { vmm: "q35-seabios" }),
    start("a distribution", "vm", "firstInstruction", { vmm: "q35-seabios", init: "distribution" }),
  ];
}

function crossings(): NamedValue[] {
  return [
    { name: "system call", value: getpidNs(false) / US },
    { name: "exit, kernel answers", value: kernelExitNs() / US },
    { name: "exit, monitor answers", value: monitorExitNs(1) / US },
    { name: "the same, nested", value: monitorExitNs(2) / US },
  ];
}

/** One daemon more in the way. */
function byDaemon(runtime: "containerd" | "docker"): OrderCheck {
  const values = () => [
    start("runc", "container", "gone", { runtime: "runc" }),
    start(runtime, "container", "gone", { runtime }),
  ];
  return order(
    `${runtime} by runc`,
    "what a daemon starts takes at least five times the runtime alone",
    STRUCTURE,
    values,
    5,
  );
}

/** A program that computes and uses memory for the first time, as STREAM and Linpack do; and one that only asks. */
const PROGRAMS: Readonly<Record<"compute" | "getpid", Workload>> = {
  compute: {
    name: "compute",
    operations: [
      { kind: "pageTouch", pages: 500, access: "write" },
      { kind: "compute", instructions: 10_000_000 },
      { kind: "systemCall", service: "exit" },
    ],
  },
  getpid: {
    name: "getpid",
    operations: [
      ...Array.from({ length: 100 }, () => ({ kind: "systemCall", service: "getpid" }) as const),
      { kind: "systemCall", service: "exit" },
    ],
  },
};

/** What a program takes once it runs, in ns. */
function programNs(world: "process" | "container", workload: Workload): number {
  const costs = publishedCosts();
  const output = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
  const linux = new LinuxKernel({ costs, output, pageTableIsolation: false });
  const life: Activities =
    world === "process"
      ? processLife(linux, workload)
      : containerLife({ linux, costs, plan: DEFAULT_CONTAINER_PLAN, hostKernel: "source" }, workload);
  return Array.from(life).reduce(
    (sum, one) => sum + (one.kind === "burst" && one.stage === "program" ? one.duration : 0),
    0,
  );
}

function inContainer(id: string, workload: Workload, source: string, tolerance: number): FigureCheck {
  return {
    kind: "figure",
    id,
    published: 1,
    unit: "ratio",
    tolerance,
    source,
    basis: "other figures",
    predict: () => programNs("container", workload) / programNs("process", workload),
  };
}

/** A hundred in flight on 48 processors, against one after the other. */
function hundredAtOnce(flavour: "firecracker" | "cloud-hypervisor"): OrderCheck {
  const knobs = { flavour, host: "m5d", cpus: 48, boots: 200 };
  const values = () => [
    {
      name: "1.35 times one alone",
      value: (1.35 * metricOf(typicalRun("boot", { ...knobs, parallel: 1 }), "vm", "bootTime")) / MS,
    },
    {
      name: "a hundred at once",
      value: metricOf(typicalRun("boot", { ...knobs, parallel: 100 }), "vm", "bootTime") / MS,
    },
  ];
  const claim = "on m5d.metal a hundred in parallel take each at most 1.35 times as long as one alone";
  // The other way round: what must be the less comes first.
  return order(`${flavour} m5d, 100 in parallel`, claim, `${NSDI}: medians at P=1 and P=100`, () => values().reverse());
}

/** Resident memory grows by what the guest's kernel keeps to manage memory that nobody uses. */
function growth(): number {
  const [small, large] = [1024, 4096];
  return (residentKib("firecracker", large) - residentKib("firecracker", small)) / ((large - small) * 1024);
}

const MIGRATED_GIB = [2, 8] as const;

export const ORDER_CHECKS: readonly Check[] = [
  order(
    "order of starts",
    "fork and exec < crun < runc < Firecracker's guest < QEMU with qboot < QEMU with SeaBIOS < a distribution",
    STRUCTURE,
    starts,
  ),
  order(
    "order of crossings",
    "system call < exit, kernel answers < exit, monitor answers < nested exit",
    STRUCTURE,
    crossings,
  ),
  inContainer(
    "system call in a container by one of a process",
    PROGRAMS.getpid,
    "no seccomp, no audit: one kernel, one entry",
    0,
  ),
  inContainer("computing in a container by a process", PROGRAMS.compute, FELTER, 0.02),
  {
    kind: "figure",
    id: "monitor's memory, guest of 4 GiB by one of 128 MiB",
    published: 1,
    unit: "ratio",
    tolerance: 0,
    source: `${NSDI}: data segments less the guest's size, constant`,
    basis: "other figures",
    predict: () => overheadMib("firecracker", 4096) / overheadMib("firecracker", 128),
  },
  {
    kind: "figure",
    id: "resident memory by unused memory of a guest",
    published: 0.025,
    unit: "share",
    tolerance: 0.05,
    source: `${NSDI}: 2.4 to 2.6 % of what a guest does not use`,
    basis: "its parts",
    predict: growth,
  },
  byDaemon("containerd"),
  byDaemon("docker"),
  hundredAtOnce("firecracker"),
  hundredAtOnce("cloud-hypervisor"),
  order(
    "pre-copy grows with memory",
    "four times the memory takes more than three times as long to move",
    STRUCTURE,
    () => MIGRATED_GIB.map((gib) => ({ name: `${gib} GiB`, value: idleMigration(gib).totalNs / MS })),
    3,
  ),
  {
    kind: "figure",
    id: "pre-copy's downtime, 8 GiB by 2 GiB, once the clean-up is deferred",
    published: 1,
    unit: "ratio",
    tolerance: 0.1,
    source: "opnfv/kvmfornfv: 5 to 9 ms whatever the memory",
    basis: "other figures",
    predict: () => idleMigration(8, true).downtimeNs / idleMigration(2, true).downtimeNs,
  },
];
