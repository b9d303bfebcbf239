/**
 * What others have published of the same things, for other machines. They stand beside what was measured as dotted lines,
 * never in a ratio: no two of them were measured alike. Every row says where it was read, when, on what machine, and what
 * executed the guest; `mark` is the moment of ours that it comes nearest to.
 */

import type { World } from "../../simulator/trace/timeline.ts";
import type { MarkName } from "./schema.ts";

interface PublishedSource {
  readonly id: string;
  readonly what: string;
  readonly world: World;
  /** Who executed a guest's instructions; undefined where the program ran on the host's own kernel. */
  readonly accelerator: string | undefined;
  /** ISO 8601, as exact as it is known. */
  readonly date: string;
  readonly machine: string;
  readonly source: string;
}

/** A mark of a start; or of a migration, the pause and the whole. */
export type PublishedMark = MarkName | "downtime" | "total";

export interface PublishedStart extends PublishedSource {
  readonly valueMs: number;
  readonly mark: PublishedMark;
  /** Systems of ours beside which it is drawn, also with a suffix. */
  readonly systems: readonly string[];
}

export interface PublishedMemory extends PublishedSource {
  /** What one more instance took. */
  readonly bytes: number;
  /** How that was told: the ways differ by a factor of up to 100. */
  readonly metric: string;
}

export interface PublishedCost extends PublishedSource {
  readonly valueNs: number;
}

const KVM = "KVM on hardware";
const M5D = "AWS m5d.metal";
const I7 = "i7-9700K";
const CCX33 = "Hetzner CCX33";
const UNSTATED = "machine not stated";
const VM_ROWS = ["vm", "qemu", "firecracker"];

const SCRIVANO = {
  world: "container",
  accelerator: undefined,
  date: "2022-10-21",
  machine: UNSTATED,
  mark: "gone",
  systems: ["crun"],
} as const;
const SCRIVANO_TEXT =
  "G. Scrivano, The journey to speed up running OCI containers (scrivano.org), the whole command, Linux 5.19.15";

const NERDCTL = {
  world: "container",
  accelerator: undefined,
  date: "2024-07",
  machine: CCX33,
  mark: "gone",
} as const;
const NERDCTL_TEXT = "hegerdes blog, July 2024: nerdctl run, mean of 1000, daemon included";

const NSDI = { world: "vm", accelerator: KVM, date: "2020-02-09", machine: M5D, systems: VM_ROWS } as const;
const NSDI_TEXT =
  "firecracker-microvm/nsdi2020-data @cf1b30f (Agache et al., NSDI 2020), median, 1 vCPU, 256 MB, kernel and disk in the page cache";

const IDLAB = { date: "2022", machine: "machine not recorded", mark: "ready" } as const;
const IDLAB_TEXT =
  "idlab-discover/benchmark-containerd-runtimes @ee915c8: containerd create until the first HTTP request from inside, median of 100";

export const PUBLISHED_STARTS: readonly PublishedStart[] = [
  {
    id: "crun-cached",
    what: "crun, filter cached",
    valueMs: 5.6,
    source: `${SCRIVANO_TEXT}: 5.6 ± 3.0 ms with the seccomp filter cached`,
    ...SCRIVANO,
  },
  {
    id: "crun",
    what: "crun",
    valueMs: 28.9,
    source: `${SCRIVANO_TEXT}: 28.9 ± 5.9 ms, new libseccomp, nothing cached`,
    ...SCRIVANO,
  },
  {
    id: "runc",
    what: "runc",
    world: "container",
    accelerator: undefined,
    valueMs: 13.9,
    mark: "gone",
    systems: ["runc"],
    date: "2024-10-16",
    machine: "Ryzen 7 7840U",
    source: "opencontainers/runc commit 515f09f7b: runc run, sealed binary, hyperfine, 13.9 ± 0.9 ms",
  },
  {
    id: "docker",
    what: "docker run hello-world",
    world: "container",
    accelerator: undefined,
    valueMs: 67.9,
    mark: "gone",
    systems: ["docker"],
    date: "2021",
    machine: I7,
    source:
      "unikraft/eurosys21-artifacts @d88853d, txt_01: events start to die, median 67.9 ms (least 37, most 86); Debian 10, Linux 4.19",
  },
  {
    id: "nerdctl-runc",
    what: "nerdctl run, runc",
    valueMs: 340,
    systems: ["containerd"],
    source: NERDCTL_TEXT,
    ...NERDCTL,
  },
  {
    id: "nerdctl-gvisor",
    what: "nerdctl run, gVisor",
    valueMs: 620,
    systems: ["gvisor"],
    source: NERDCTL_TEXT,
    ...NERDCTL,
  },
  {
    id: "firecracker-guest",
    what: "Firecracker, start to init",
    valueMs: 110,
    mark: "firstByte",
    source: `${NSDI_TEXT}: Firecracker 0.20, the guest timer, InstanceStart to init, 110 ms (p99 116)`,
    ...NSDI,
  },
  {
    id: "qemu-qboot-pvh",
    what: "QEMU q35, qboot, to user space",
    world: "vm",
    accelerator: KVM,
    valueMs: 133.8,
    mark: "firstByte",
    systems: VM_ROWS,
    date: "2019-08-23",
    machine: UNSTATED,
    source:
      "stefano-garzarella.github.io, 2019-08-23: QEMU 4.0 q35, qboot and a PVH kernel, trace point start_user at 133.8 ms",
  },
  {
    id: "qemu-seabios",
    what: "QEMU q35, SeaBIOS, to user space",
    world: "vm",
    accelerator: KVM,
    valueMs: 191.7,
    mark: "firstByte",
    systems: VM_ROWS,
    date: "2019-08-23",
    machine: UNSTATED,
    source:
      "stefano-garzarella.github.io, 2019-08-23: QEMU 4.0 q35, SeaBIOS and a bzImage, trace point start_user at 191.7 ms",
  },
  {
    id: "cloud-hypervisor",
    what: "Cloud Hypervisor",
    valueMs: 102.5,
    mark: "gone",
    source: `${NSDI_TEXT}: Cloud Hypervisor 38c0d328, until it is gone, 102.5 ms (p99 110.0)`,
    ...NSDI,
  },
  {
    id: "firecracker",
    what: "Firecracker",
    valueMs: 160.9,
    mark: "gone",
    source: `${NSDI_TEXT}: Firecracker 0.20 by its API, until it is gone, 160.9 ms (p99 172.5)`,
    ...NSDI,
  },
  {
    id: "qemu-qboot",
    what: "QEMU, qboot",
    valueMs: 213.9,
    mark: "gone",
    source: `${NSDI_TEXT}: QEMU 4.2 with qboot, until it is gone, 213.9 ms (p99 221.4)`,
    ...NSDI,
  },
  {
    id: "ready-runc",
    what: "containerd, runc",
    world: "container",
    accelerator: undefined,
    valueMs: 189,
    systems: ["containerd", "docker", "podman"],
    source: IDLAB_TEXT,
    ...IDLAB,
  },
  {
    id: "ready-gvisor",
    what: "containerd, gVisor systrap",
    world: "container",
    accelerator: undefined,
    valueMs: 567,
    systems: ["gvisor"],
    source: IDLAB_TEXT,
    ...IDLAB,
  },
  {
    id: "ready-kata-firecracker",
    what: "Kata 2, Firecracker",
    world: "vm",
    accelerator: KVM,
    valueMs: 793,
    systems: VM_ROWS,
    source: IDLAB_TEXT,
    ...IDLAB,
  },
  {
    id: "ready-kata-qemu",
    what: "Kata 2, QEMU",
    world: "vm",
    accelerator: KVM,
    valueMs: 1069,
    systems: VM_ROWS,
    source: IDLAB_TEXT,
    ...IDLAB,
  },
];

const IDLAB_MEMORY = {
  date: "2022",
  machine: "machine not recorded",
  metric: "fall of MemAvailable",
  source: "idlab-discover/benchmark-containerd-runtimes @ee915c8: fall of MemAvailable over 50 instances, for each",
} as const;
const KB = 1000;
const KIB = 1024;
const NSDI_MEMORY = "firecracker-microvm/nsdi2020-data @cf1b30f: the monitor with an idle guest of 128 MB";

export const PUBLISHED_MEMORY: readonly PublishedMemory[] = [
  {
    id: "memory-runc",
    what: "containerd, runc",
    world: "container",
    accelerator: undefined,
    bytes: 5457 * KB,
    ...IDLAB_MEMORY,
  },
  {
    id: "memory-gvisor",
    what: "containerd, gVisor systrap",
    world: "container",
    accelerator: undefined,
    bytes: 22_555 * KB,
    ...IDLAB_MEMORY,
  },
  {
    id: "memory-kata",
    what: "Kata 2, Cloud Hypervisor",
    world: "vm",
    accelerator: KVM,
    bytes: 127_624 * KB,
    ...IDLAB_MEMORY,
  },
  {
    id: "memory-firecracker",
    what: "Firecracker, 128 MB guest",
    world: "vm",
    accelerator: KVM,
    bytes: 132_512 * KIB,
    metric: "resident set",
    date: "2020-02-09",
    machine: M5D,
    source: NSDI_MEMORY,
  },
  {
    id: "memory-qemu",
    what: "QEMU, 128 MB guest",
    world: "vm",
    accelerator: KVM,
    bytes: 147_604 * KIB,
    metric: "resident set",
    date: "2020-02-09",
    machine: M5D,
    source: NSDI_MEMORY,
  },
];

export const PUBLISHED_COSTS: readonly PublishedCost[] = [
  {
    id: "cost-getpid",
    what: "getpid, without page-table isolation",
    world: "process",
    accelerator: undefined,
    valueNs: 62,
    date: "2021-12-02",
    machine: "Xeon E5-2650 v2",
    source: "gVisor site blog, 2 December 2021 (Ant Group): 62 ns, with page-table isolation 236 ns",
  },
  {
    id: "cost-guest-call",
    what: "system call in a Linux guest",
    world: "vm",
    accelerator: KVM,
    valueNs: 61.7,
    date: "2021",
    machine: I7,
    source: "unikraft/eurosys21-artifacts @d88853d, tab_01: 222 cycles at 3.6 GHz with mitigations, 42.7 ns without",
  },
  {
    id: "cost-read-fault",
    what: "page fault, read",
    world: "process",
    accelerator: undefined,
    valueNs: 937,
    date: "2020",
    machine: "i5-6400, Linux 5.7.7",
    source: "kontainapp/km, docs/kkm-performance-stats.md: read 0.937 µs, write 1.544 µs",
  },
  {
    id: "cost-exit",
    what: "exit to the VMM and back",
    world: "vm",
    accelerator: KVM,
    valueNs: 3183,
    date: "2020",
    machine: "i5-6400",
    source: "kontainapp/km, docs/kkm-performance-stats.md: 3.183 µs on the hardware, 33.7 µs nested",
  },
];

const QEMU_MIGRATION = {
  world: "vm",
  accelerator: KVM,
  systems: [],
  date: "2016",
  machine: "Xeon E5-2699 v3, 10 GbE",
} as const;
const QEMU_MIGRATION_TEXT =
  "opnfv/kvmfornfv, docs/userguide/live_migration.userguide.rst: QEMU 2.4, pre-copy, idle guest, Linux 4.2";

export const PUBLISHED_MIGRATIONS: readonly PublishedStart[] = [
  {
    id: "migration-downtime",
    what: "QEMU 2.4, untuned",
    valueMs: 29,
    mark: "downtime",
    source: `${QEMU_MIGRATION_TEXT}: total 2070 ms, downtime 29 ms`,
    ...QEMU_MIGRATION,
  },
  {
    id: "migration-tuned",
    what: "QEMU 2.4, tuned",
    valueMs: 9,
    mark: "downtime",
    source: `${QEMU_MIGRATION_TEXT}: total 401 ms, downtime 9 ms, after tuning`,
    ...QEMU_MIGRATION,
  },
  {
    id: "migration-quake",
    what: "Xen, a game server",
    world: "vm",
    accelerator: "Xen on hardware",
    valueMs: 60,
    mark: "downtime",
    systems: [],
    date: "2005",
    machine: UNSTATED,
    source: "Clark et al., Live Migration of Virtual Machines, NSDI 2005, abstract: Quake 3 server, 60 ms",
  },
  {
    id: "migration-total",
    what: "QEMU 2.4, untuned",
    valueMs: 2070,
    mark: "total",
    source: `${QEMU_MIGRATION_TEXT}: total 2070 ms, downtime 29 ms`,
    ...QEMU_MIGRATION,
  },
  {
    id: "migration-tuned-total",
    what: "QEMU 2.4, tuned",
    valueMs: 401,
    mark: "total",
    source: `${QEMU_MIGRATION_TEXT}: total 401 ms, downtime 9 ms, after tuning`,
    ...QEMU_MIGRATION,
  },
];
