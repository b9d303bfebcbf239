/** Crossings of the border: a system call with and without page-table isolation, exits of a guest, and what devices take. */
import { LinuxKernel } from "../../linux/kernel.ts";
import { deviceMachine } from "../../virtualization/device-machine.ts";
import { type DiskVmm, diskPathOf, runDisk } from "../../virtualization/disk-path.ts";
import { exitNs, type Levels, worldSwitchNs } from "../../virtualization/exit-path.ts";
import { type NetworkCardKind, transaction, transactionSteps } from "../../virtualization/network-path.ts";
import type { Workload } from "../../workload/workload.ts";
import { type Basis, type FigureCheck, publishedCosts, US } from "./check.ts";

const GVISOR = "gVisor site blog, 2021-12-02 (Ant Group)";
const LUTOMIRSKI = "Linux commit b7ffc44d5b2e, kvm-unit-tests x86/vmexit.flat";
const KONTAIN = "kontainapp/km, docs/kkm-performance-stats.md";
const FELTER = "thewmf/kvm-docker-comparison, Felter et al. 2014, raw logs";
const REQUESTS = 4000;
const FIO_DEPTH = 128;
const NS_PER_CYCLE = 1000;

const GETPID: Workload = { name: "getpid", operations: [{ kind: "systemCall", service: "getpid" }] };

/** @returns what a program waits for its getpid(2), carried out by a kernel of the model. */
export function getpidNs(pageTableIsolation: boolean): number {
  const costs = publishedCosts();
  const output = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
  const linux = new LinuxKernel({ costs, output, pageTableIsolation });
  return Array.from(linux.run(GETPID, "program")).reduce(
    (sum, one) => sum + (one.kind === "burst" ? one.duration : 0),
    0,
  );
}

/** @returns an exit to the monitor and back; one level deeper where the hypervisor is itself a guest. */
export function monitorExitNs(levels: Levels): number {
  return exitNs(publishedCosts(), "monitor", levels);
}

/** @returns an exit that the host's kernel answers. */
export function kernelExitNs(): number {
  return exitNs(publishedCosts(), "host kernel", 1);
}

/** Cycles of the machine whose clock the costs were taken at. */
function cycles(ns: number): number {
  return (ns * publishedCosts().count("machine.m5d.megahertz")) / NS_PER_CYCLE;
}

function felterRate(vmm: DiskVmm): number {
  const costs = publishedCosts();
  return runDisk(diskPathOf(costs, vmm, deviceMachine(costs, "felter")), FIO_DEPTH, REQUESTS).perSecond;
}

function felterTransactionUs(card: NetworkCardKind): number {
  const costs = publishedCosts();
  return transaction(transactionSteps(costs, card, deviceMachine(costs, "felter"))).ns / US;
}

const NSDI = "nsdi2020-data, data/m5d.metal/fio-*.dat: 4 KiB random read";
const DISKS = [
  { vmm: "native", depth: 1, published: 16_473, basis: "the figure itself" },
  { vmm: "firecracker", depth: 1, published: 8444, basis: "its parts" },
  { vmm: "cloud-hypervisor", depth: 1, published: 9385, basis: "other figures" },
  { vmm: "qemu", depth: 1, published: 7513, basis: "other figures" },
  { vmm: "firecracker", depth: 32, published: 12_880, basis: "its parts" },
  { vmm: "cloud-hypervisor", depth: 32, published: 13_024, basis: "its parts" },
  { vmm: "qemu", depth: 32, published: 135_109, basis: "its parts" },
] as const;

/** Reads on m5d.metal, of which the work of each device thread was found where many are under way. */
function disk({ vmm, depth, published, basis }: (typeof DISKS)[number]): FigureCheck {
  const predict = (): number => {
    const costs = publishedCosts();
    return runDisk(diskPathOf(costs, vmm, deviceMachine(costs, "m5d")), depth, REQUESTS).perSecond;
  };
  return figure(
    `4k random reads, ${vmm}, depth ${depth}`,
    published,
    "IOPS",
    0.15,
    `${NSDI} at depth ${depth}`,
    basis,
    predict,
  );
}

function figure(
  id: string,
  published: number,
  unit: string,
  tolerance: number,
  source: string,
  basis: Basis,
  predict: () => number,
): FigureCheck {
  return { kind: "figure", id, published, unit, tolerance, source, basis, predict };
}

export const CROSSING_CHECKS: readonly FigureCheck[] = [
  figure("CAL-8 getpid", 62, "ns", 0.1, GVISOR, "the figure itself", () => getpidNs(false)),
  figure("CAL-8 getpid with KPTI", 236, "ns", 0.1, GVISOR, "the figure itself", () => getpidNs(true)),
  figure("CAL-9 vmcall", 1181, "cycles", 0.1, LUTOMIRSKI, "the figure itself", () =>
    cycles(worldSwitchNs(publishedCosts())),
  ),
  figure("CAL-9 outl, answered by the kernel", 1391, "cycles", 0.1, LUTOMIRSKI, "the figure itself", () =>
    cycles(kernelExitNs()),
  ),
  figure("CAL-9 exit to the monitor", 3.183, "us", 0.2, KONTAIN, "the figure itself", () => monitorExitNs(1) / US),
  figure("CAL-9 exit to the monitor, nested", 33.7, "us", 0.2, KONTAIN, "other figures", () => monitorExitNs(2) / US),
  figure("CAL-10 TCP_RR native", 37.58, "us", 0.1, FELTER, "the figure itself", () => felterTransactionUs("native")),
  figure("CAL-10 TCP_RR by virtio", 67.94, "us", 0.1, FELTER, "other figures", () => felterTransactionUs("virtio")),
  figure("CAL-10 4k random reads native", 84_044, "IOPS", 0.1, FELTER, "the figure itself", () => felterRate("native")),
  figure("CAL-10 4k random reads by virtio", 46_173, "IOPS", 0.1, FELTER, "other figures", () => felterRate("qemu")),
  figure(
    "CAL-10 4k random reads, KVM by native",
    0.549,
    "ratio",
    0.1,
    FELTER,
    "other figures",
    () => felterRate("qemu") / felterRate("native"),
  ),
  ...DISKS.map(disk),
];
