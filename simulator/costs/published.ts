/**
 * Costs that others measured and published. Each row names the text or the raw data it was read in; `derived` rows spell
 * their arithmetic out. Nothing in here is from memory.
 */
import type { Cost } from "./cost.ts";

const GVISOR = {
  source: "gVisor site blog, 2 December 2021 (Ant Group): getpid native without and with KPTI",
  date: "2021-12-02",
  machine: "Xeon E5-2650 v2",
} as const;
const KONTAIN = {
  source: "kontainapp/km, docs/kkm-performance-stats.md",
  date: "2020",
  machine: "i5-6400, Linux 5.7.7",
} as const;
const NSDI_M5D = { date: "2020-02-09", machine: "AWS m5d.metal, 2x Xeon Platinum 8175M 2.5 GHz, Linux 4.15" } as const;
const GARZARELLA = { date: "2019-08-23", machine: "not stated (QEMU 4.0, q35, KVM)" } as const;
const GARZARELLA_URL = "stefano-garzarella.github.io, 2019-08-23, cumulative qemu_init_end/start_kernel/start_user";
const UNIKRAFT = { date: "2021", machine: "i7-9700K 3.6 GHz, Debian 10, Linux 4.19" } as const;

export const PUBLISHED_COSTS: readonly Cost[] = [
  { id: "linux.systemCall.entry", value: 62, unit: "ns", status: "published", ...GVISOR },
  { id: "linux.systemCall.entry.kpti", value: 236, unit: "ns", status: "published", ...GVISOR },
  { id: "linux.pageFault.read", value: 937, unit: "ns", status: "published", ...KONTAIN },
  { id: "linux.pageFault.write", value: 1544, unit: "ns", status: "published", ...KONTAIN },
  {
    id: "hypervisor.exit.monitor",
    value: 3183,
    unit: "ns",
    status: "published",
    source: "kontainapp/km documentation: hypercall to the user-space monitor and back",
    date: "2020",
    machine: "i5-6400",
  },
  {
    id: "hypervisor.exit.kernel",
    value: 556,
    unit: "ns",
    status: "derived",
    source: "Linux commit b7ffc44d5b2e: outl handled in the kernel takes 1391 cycles; at 2.5 GHz, 1391 / 2.5",
    date: "2017",
    machine: "not stated; the clock of AWS m5d.metal is taken",
  },
  {
    id: "vm.q35-seabios.bzimage.vmm",
    value: 36_100_000,
    unit: "ns",
    status: "published",
    source: `${GARZARELLA_URL}: SeaBIOS + bzImage 36.1/114.7/191.7 ms`,
    ...GARZARELLA,
  },
  {
    id: "vm.q35-seabios.bzimage.firmware",
    value: 78_600_000,
    unit: "ns",
    status: "derived",
    source: `${GARZARELLA_URL}: SeaBIOS + bzImage, 114.7 - 36.1 ms`,
    ...GARZARELLA,
  },
  {
    id: "vm.q35-seabios.bzimage.kernel",
    value: 77_000_000,
    unit: "ns",
    status: "derived",
    source: `${GARZARELLA_URL}: SeaBIOS + bzImage, 191.7 - 114.7 ms`,
    ...GARZARELLA,
  },
  {
    id: "vm.microvm-qboot.vmm",
    value: 8_970_000,
    unit: "ns",
    status: "published",
    source: "unikraft/eurosys21-artifacts fig_10: QEMU microvm, VMM part, mean of 26",
    ...UNIKRAFT,
  },
  {
    id: "vm.microvm-qboot.bzimage.firmware",
    value: 70_300_000,
    unit: "ns",
    status: "derived",
    source: `${GARZARELLA_URL}: qboot + bzImage 36.4/106.7/184.6 ms, 106.7 - 36.4 ms`,
    ...GARZARELLA,
  },
  {
    id: "vm.microvm-qboot.bzimage.kernel",
    value: 77_900_000,
    unit: "ns",
    status: "derived",
    source: `${GARZARELLA_URL}: qboot + bzImage 36.4/106.7/184.6 ms, 184.6 - 106.7 ms`,
    ...GARZARELLA,
  },
  {
    id: "vm.firecracker.vmm",
    value: 12_000_000,
    unit: "ns",
    status: "published",
    source: "Firecracker SPECIFICATION.md: from the VMM process to the API socket, typically about 12 ms",
    date: "2026-08-21",
    machine: "AWS m5d.metal, hyper-threading off",
  },
  {
    id: "vm.firecracker.kernel",
    value: 110_000_000,
    unit: "ns",
    status: "published",
    source: "firecracker-microvm/nsdi2020-data, guest timer, InstanceStart to init, median of 500",
    ...NSDI_M5D,
  },
  {
    id: "vm.qemu.teardown",
    value: 29_300_000,
    unit: "ns",
    status: "derived",
    source:
      "QEMU + qboot until the VMM has gone, 213.9 ms (nsdi2020-data, m5d), less until the guest's init, 184.6 ms (Garzarella): two machines",
    date: "2020-02-09",
    machine: "AWS m5d.metal and one not stated",
  },
  {
    id: "vm.firecracker.teardown",
    value: 35_000_000,
    unit: "ns",
    status: "derived",
    source: "Firecracker issue #923: the exit takes 30 to 40 ms; the middle is taken",
    date: "2019",
    machine: "not stated",
  },
];
