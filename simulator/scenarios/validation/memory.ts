/** Memory of instances, and the moving of a guest. Sources count different things; each row says which. */
import { Random } from "../../engine/random.ts";
import { idleMemory, type Migration, migrate, touchedPages } from "../../virtualization/migration.ts";
import { type MemoryVmm, reckonedKib, vmMemory } from "../../virtualization/vm-memory.ts";
import { type Basis, type FigureCheck, MS, metricOf, publishedCosts, typicalRun } from "./check.ts";

const NSDI = "nsdi2020-data, memory on m5d.metal";
const IDLAB = "idlab-discover/benchmark-containerd-runtimes: what MemAvailable falls by, each of 50";
const KVMFORNFV =
  "opnfv/kvmfornfv docs/userguide/live_migration.userguide.rst: QEMU 2.4, idle guest of 8 GiB, 10 GbE, untuned";
const KIB_PER_MIB = 1024;
const PAGES_PER_GIB = 262_144;
const BYTES_PER_KB = 1024;

/** @returns the resident memory of a machine, as ps shows it, in KiB. */
export function residentKib(vmm: MemoryVmm, guestMib: number): number {
  const { touchedKib, residentKib: monitorKib } = vmMemory(publishedCosts(), vmm, guestMib * KIB_PER_MIB);
  return touchedKib + monitorKib;
}

/** @returns what the monitor has beyond the guest's memory, in MiB. */
export function overheadMib(vmm: MemoryVmm, guestMib: number): number {
  return vmMemory(publishedCosts(), vmm, guestMib * KIB_PER_MIB).overheadKib / KIB_PER_MIB;
}

/** @returns an idle guest moved by pre-copy over a network of 10 Gbit/s. */
export function idleMigration(gib: number, tuned = false): Migration {
  const costs = publishedCosts();
  const pages = gib * PAGES_PER_GIB;
  return migrate({
    costs,
    random: new Random(1),
    mode: "pre-copy",
    memory: idleMemory(pages, touchedPages(costs, pages)),
    writesPerSecond: 0,
    workingSet: 1,
    bytesPerMicrosecond: costs.count("migration.bytesPerMicrosecond"),
    downtimeLimitNs: costs.ns("migration.downtimeLimit"),
    maxRounds: 30,
    lastResort: "stop",
    tuned,
  });
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

function resident(vmm: MemoryVmm, publishedKb: number, guestMb: 128 | 256 = 256): FigureCheck {
  const source = `${NSDI}: resident set of an idle machine of ${guestMb} MB`;
  const id = `${guestMb === 256 ? "CAL-11 " : ""}${vmm}, resident, ${guestMb} MB`;
  const basis = vmm === "firecracker" || guestMb === 128 ? "its parts" : "other figures";
  return figure(id, publishedKb / 1000, "MB", 0.1, source, basis, () => residentKib(vmm, guestMb) / 1000);
}

function overhead(vmm: MemoryVmm, published: number): FigureCheck {
  const source = `${NSDI}: data segments less the guest's size`;
  return figure(`CAL-11 ${vmm}, not the guest's`, published, "MiB", 0.1, source, "the figure itself", () =>
    overheadMib(vmm, 256),
  );
}

/** What one more container takes: its process and its shim. */
function containerKb(): number {
  return metricOf(typicalRun("memory", { instances: 12, program: 0 }), "container", "instanceBytes") / BYTES_PER_KB;
}

export const MEMORY_CHECKS: readonly FigureCheck[] = [
  overhead("firecracker", 2.5),
  overhead("cloud-hypervisor", 13.3),
  resident("firecracker", 173_960),
  resident("cloud-hypervisor", 177_048),
  resident("qemu", 198_812),
  resident("firecracker", 132_512, 128),
  resident("cloud-hypervisor", 132_896, 128),
  resident("qemu", 147_604, 128),
  figure("CAL-11 runc container", 5.457, "MB", 0.1, IDLAB, "other figures", () => containerKb() / 1000),
  figure("CAL-11 Kata 2 with Cloud Hypervisor", 127.624, "MB", 0.1, IDLAB, "other figures", () => {
    const costs = publishedCosts();
    return reckonedKib("kata", vmMemory(costs, "kata", 0)) / 1000;
  }),
  figure("CAL-12 pre-copy, total", 2070, "ms", 0.15, KVMFORNFV, "other figures", () => idleMigration(8).totalNs / MS),
  figure(
    "CAL-12 pre-copy, downtime",
    29,
    "ms",
    0.3,
    KVMFORNFV,
    "other figures",
    () => idleMigration(8).downtimeNs / MS,
  ),
];
