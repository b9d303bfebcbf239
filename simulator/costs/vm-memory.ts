/**
 * What virtual machines and sandboxes take of the host's memory, and how fast the host can share it. All in KiB. The
 * sources count different things (resident, data segments, what is less available after a start); each cost says which.
 */
import type { Cost, CostStatus } from "./cost.ts";

const M5D = { date: "2020-02-09", machine: "AWS m5d.metal, guest with an idle distribution" } as const;
const NSDI = "nsdi2020-data, its memory figures of m5d.metal";
const IDLAB = { date: "2022", machine: "not recorded by idlab" } as const;
const IDLAB_TEXT = "idlab-discover/benchmark-containerd-runtimes: what MemAvailable falls by, for 50 instances, each";
const KSM_DOC = { date: "2024", machine: "any: the kernel's defaults" } as const;
const KSM = "Linux Documentation/admin-guide/mm/ksm.rst";

interface Where {
  readonly date: string;
  readonly machine: string;
}

function count(id: string, value: number, status: CostStatus, source: string, where: Where): Cost {
  return { id, value, unit: "count", status, source, ...where };
}

/** Beyond the guest's memory: data segments, and what of the monitor is resident. */
const MONITORS: readonly Cost[] = [
  count(
    "memory.firecracker.data.kib",
    2560,
    "published",
    `${NSDI}: Firecracker, PMAP_DATA less the guest's size: 2.5 MiB whatever its size`,
    M5D,
  ),
  count(
    "memory.cloud-hypervisor.data.kib",
    13_619,
    "published",
    `${NSDI}: Cloud Hypervisor, PMAP_DATA less the guest's size: 13.3 MiB`,
    M5D,
  ),
  count(
    "memory.qemu.data.kib",
    134_451,
    "published",
    `${NSDI}: QEMU, PMAP_DATA less the guest's size: 131.3 MiB of address space, mostly not resident`,
    M5D,
  ),
  count(
    "memory.firecracker.resident.kib",
    1440,
    "derived",
    `${NSDI}: resident with a guest of 128 MiB, all of which is touched: 132,512 - 131,072`,
    M5D,
  ),
  count(
    "memory.cloud-hypervisor.resident.kib",
    1824,
    "derived",
    `${NSDI}: resident with a guest of 128 MiB: 132,896 - 131,072`,
    M5D,
  ),
  count(
    "memory.qemu.resident.kib",
    16_532,
    "derived",
    `${NSDI}: resident with a guest of 128 MiB: 147,604 - 131,072`,
    M5D,
  ),
];

const GUESTS: readonly Cost[] = [
  count(
    "memory.guest.touched.kib",
    165_704,
    "derived",
    `${NSDI}: an idle guest of 256 MiB, Firecracker's resident 173,960 less its own 1,440 and less what grows with the guest's size, 26 permille of 262,144`,
    M5D,
  ),
  {
    id: "memory.guest.growth",
    value: 26,
    unit: "permille",
    status: "derived",
    source: `${NSDI}: Firecracker's resident from 256 MiB to 8 GiB, (387,428 - 174,648) / 8,126,464: struct page and the kernel's tables`,
    ...M5D,
  },
  count(
    "memory.guest.kernel.kib",
    14_232,
    "derived",
    `${NSDI}: what a guest's kernel keeps of 256 MiB, 262,144 - 243,816, less its struct pages, 4,096`,
    M5D,
  ),
  count(
    "memory.guest.touchedFree.kib",
    23_008,
    "derived",
    `${NSDI}: of what an idle guest of 256 MiB has touched, 172,520, what it does not use any more: less the 149,512 that are in use (262,144 - 112,632)`,
    M5D,
  ),
  count(
    "memory.guest.minimal.kib",
    29_696,
    "published",
    "unikraft/eurosys21-artifacts fig_11: the least memory that a Linux microVM runs with, 29 MiB",
    { date: "2021", machine: "i7-9700K, Debian 10" },
  ),
  count(
    "memory.unikernel.minimal.kib",
    2048,
    "published",
    "unikraft/eurosys21-artifacts fig_11: the least memory that a Unikraft guest runs with, from 2 MiB",
    { date: "2021", machine: "i7-9700K, Debian 10" },
  ),
  count(
    "memory.kata.guestSize.kib",
    2_097_152,
    "assumed",
    "Kata Containers' configuration as it is shipped: default_memory = 2048 MiB",
    {
      date: "2022",
      machine: "any",
    },
  ),
];

const SANDBOXES: readonly Cost[] = [
  count("memory.container.shim.kib", 5000, "published", "moby issue 21737: containerd-shim about 5 MB", {
    date: "2016",
    machine: "not stated",
  }),
  count(
    "memory.container.least.kib",
    160,
    "published",
    "hegerdes blog, 2024-07: the smallest memory limit that a container of crun starts under, 0.16 MB",
    { date: "2024-07", machine: "Hetzner CCX33" },
  ),
  count(
    "memory.kata.shim.kib",
    18_000,
    "published",
    "kuasar tests/benchmark/Benchmark.md: the shim's proportional set, about 18 MB a pod",
    {
      date: "2023",
      machine: "not stated",
    },
  ),
  count("memory.gvisor-systrap.kib", 22_555, "published", `${IDLAB_TEXT}: gVisor systrap`, IDLAB),
  count("memory.gvisor-kvm.kib", 52_395, "published", `${IDLAB_TEXT}: gVisor KVM`, IDLAB),
  count(
    "memory.program.unique.kib",
    160,
    "assumed",
    "nobody published a process of its own; what a container of crun needs at least, 160 KB, is the process in it",
    { date: "2024-07", machine: "any" },
  ),
];

const KSM_COSTS: readonly Cost[] = [
  count("ksm.pagesToScan", 100, "published", `${KSM}: pages_to_scan, default 100`, KSM_DOC),
  {
    id: "ksm.sleep",
    value: 20_000_000,
    unit: "ns",
    status: "published",
    source: `${KSM}: sleep_millisecs, default 20`,
    ...KSM_DOC,
  },
];

export const VM_MEMORY_COSTS: readonly Cost[] = [...MONITORS, ...GUESTS, ...SANDBOXES, ...KSM_COSTS];
