/**
 * What virtual machines take to start, stage by stage. Two kinds of source: Garzarella's trace points, which split a
 * QEMU start into monitor, firmware and kernel; and the raw data of the Firecracker paper (NSDI 2020), which has totals
 * on three machines, until the monitor has gone.
 */
import type { Cost, CostStatus } from "./cost.ts";

/** The machines of nsdi2020-data. */
export const NSDI_MACHINES = {
  m5d: "AWS m5d.metal, 2x Xeon Platinum 8175M 2.5 GHz, Linux 4.15",
  haswell: "Xeon E3-1226 v3 3.3 GHz, 4 cores, Linux 4.15",
  nehalem: "Xeon W3520 2.67 GHz, 4 cores, Linux 4.15",
} as const;
export type NsdiMachine = keyof typeof NSDI_MACHINES;

const NSDI_DATE = "2020-02-09";
const NSDI = "firecracker-microvm/nsdi2020-data @cf1b30f, median";
const GARZARELLA = "stefano-garzarella.github.io, 2019-08-23, cumulative qemu_init_end / start_kernel / start_user";

function ms(milliseconds: number): number {
  return Math.round(milliseconds * 1_000_000);
}

function cost(
  id: string,
  milliseconds: number,
  status: CostStatus,
  source: string,
  date: string,
  machine: string,
): Cost {
  return { id, value: ms(milliseconds), unit: "ns", status, source, date, machine };
}

/** Cumulative milliseconds, as printed. */
const SPLIT_STARTS = [
  { id: "q35-seabios.bzimage", what: "SeaBIOS + bzImage", vmm: 36.1, kernel: 114.7, user: 191.7 },
  { id: "q35-seabios.vmlinux", what: "SeaBIOS + PVH vmlinux", vmm: 51.6, kernel: 62.1, user: 139.5 },
  { id: "q35-qboot.bzimage", what: "qboot + bzImage", vmm: 36.4, kernel: 106.7, user: 184.6 },
  { id: "q35-qboot.vmlinux", what: "qboot + PVH vmlinux", vmm: 51.9, kernel: 56.7, user: 133.8 },
] as const;

function splitCosts({ id, what, vmm, kernel, user }: (typeof SPLIT_STARTS)[number]): Cost[] {
  const source = `${GARZARELLA}: ${what} ${vmm} / ${kernel} / ${user} ms`;
  const machine = "not stated (QEMU 4.0, q35, KVM)";
  return [
    cost(`vm.${id}.vmm`, vmm, "published", source, "2019-08-23", machine),
    cost(`vm.${id}.firmware`, kernel - vmm, "derived", `${source}; second less first`, "2019-08-23", machine),
    cost(`vm.${id}.kernel`, user - kernel, "derived", `${source}; third less second`, "2019-08-23", machine),
  ];
}

/** Milliseconds by machine: QEMU + qboot until gone, Firecracker's guest timer and wall time, Cloud Hypervisor until gone. */
const NSDI_ROWS = {
  m5d: {
    qboot: 213.9,
    qbootNet: 232.3,
    guest: 110,
    guestNet: 133,
    wall: 160.9,
    wallNet: 211.1,
    chv: 102.5,
    chvBzimage: 143.6,
  },
  haswell: {
    qboot: 159.1,
    qbootNet: 189.9,
    guest: 96,
    guestNet: 120,
    wall: 126.7,
    wallNet: 155.7,
    chv: 65.1,
    chvBzimage: 115.2,
  },
  nehalem: {
    qboot: 228.0,
    qbootNet: 266.5,
    guest: 128,
    guestNet: 155,
    wall: 164.0,
    wallNet: 200.4,
    chv: 107.7,
    chvBzimage: 176.5,
  },
} as const;

/** How Garzarella's qboot start divides, and what is left of QEMU + qboot on m5d (213.9 ms until gone) for its end. */
const QBOOT_PARTS = { vmm: 36.4, firmware: 70.3, kernel: 77.9, teardown: 29.3 } as const;
const QBOOT_WHOLE = 213.9;
const FIRECRACKER_VMM = 12;
/** Cloud Hypervisor issue 1728: the monitor about 40 ms, the kernel about 91 ms. */
const CHV_PARTS = { vmm: 40 / 131, kernel: 91 / 131 } as const;

function nsdiCosts(name: NsdiMachine): Cost[] {
  const row = NSDI_ROWS[name];
  const of = (id: string, milliseconds: number, status: CostStatus, source: string) =>
    cost(`vm.${id}`, milliseconds, status, `${NSDI}: ${source}`, NSDI_DATE, NSDI_MACHINES[name]);
  const qboot = Object.entries(QBOOT_PARTS).map(([part, milliseconds]) => {
    const source = `QEMU 4.2 + qboot, ${row.qboot} ms until gone, kernel format not stated; divided like Garzarella's qboot start (${GARZARELLA})`;
    return of(`q35-qboot.${name}.${part}`, (row.qboot * milliseconds) / QBOOT_WHOLE, "derived", source);
  });
  const rest = row.wall - row.guest - FIRECRACKER_VMM;
  const left = `Firecracker by its API, ${row.wall} ms until gone, less the guest timer and 12 ms to the API; the loading of the kernel, which the timer leaves out, is in it`;
  return [
    ...qboot,
    of(
      `q35-qboot.${name}.network`,
      row.qbootNet - row.qboot,
      "derived",
      `QEMU + qboot with and without a network device, ${row.qbootNet} - ${row.qboot} ms`,
    ),
    of(
      `firecracker.${name}.kernel`,
      row.guest,
      "published",
      "Firecracker 0.20, guest timer, InstanceStart to init, n=500",
    ),
    of(
      `firecracker.${name}.network`,
      row.guestNet - row.guest,
      "derived",
      `guest timer with and without a network device, ${row.guestNet} - ${row.guest} ms`,
    ),
    of(`firecracker.${name}.teardown`, rest, "derived", left),
    of(
      `firecracker.${name}.networkMonitor`,
      row.wallNet - row.wall - (row.guestNet - row.guest),
      "derived",
      `Firecracker by its API with and without a network device, ${row.wallNet} - ${row.wall} ms until gone, less what the guest takes longer, ${row.guestNet} - ${row.guest}`,
    ),
    ...chvCosts(of, `cloud-hypervisor.vmlinux.${name}`, row.chv, "ELF kernel"),
    ...chvCosts(of, `cloud-hypervisor.bzimage.${name}`, row.chvBzimage, "bzImage"),
  ];
}

type Row = (id: string, milliseconds: number, status: CostStatus, source: string) => Cost;

function chvCosts(of: Row, id: string, whole: number, kernel: string): Cost[] {
  const source = `Cloud Hypervisor, ${kernel}, ${whole} ms until gone; divided 40 to 91 like cloud-hypervisor issue 1728; its end is not told apart`;
  return [
    of(`${id}.vmm`, whole * CHV_PARTS.vmm, "derived", source),
    of(`${id}.kernel`, whole * CHV_PARTS.kernel, "derived", source),
  ];
}

/** Software emulation, measured by us: milliseconds of the stages, medians. */
const EMULATED_STARTS = [
  { id: "microvm-qboot.reference", what: "-M microvm, qboot", vmm: 33.9, firmware: 2.7, kernel: 1486, teardown: 41.9 },
  { id: "q35-seabios.reference", what: "-M q35, SeaBIOS", vmm: 32.1, firmware: 38.9, kernel: 1600, teardown: 42.4 },
] as const;

function emulatedCosts({ id, what, ...stages }: (typeof EMULATED_STARTS)[number]): Cost[] {
  const source = `QEMU 7.2 ${what}, -accel tcg -cpu max, Debian's 6.1 cloud bzImage, probe as init, nothing on its command line that makes it faster, stages from QEMU's trace points, medians of 20 boots`;
  const machine = "reference machine: x86-64, 2 cores, 24 GiB, Linux 6.18";
  return Object.entries(stages).map(([stage, milliseconds]) =>
    cost(`vm.${id}.${stage}`, milliseconds, "measured", source, "2026-11-23", machine),
  );
}

export const VM_BOOT_COSTS: readonly Cost[] = [
  ...SPLIT_STARTS.flatMap(splitCosts),
  ...nsdiCosts("m5d"),
  ...nsdiCosts("haswell"),
  ...nsdiCosts("nehalem"),
  ...EMULATED_STARTS.flatMap(emulatedCosts),
  cost(
    "vm.microvm-qboot.vmm",
    8.97,
    "published",
    "unikraft/eurosys21-artifacts fig_10: QEMU microvm, the monitor's part, mean of 26",
    "2021",
    "i7-9700K 3.6 GHz, Debian 10, Linux 4.19",
  ),
  cost(
    "vm.firecracker.vmm",
    FIRECRACKER_VMM,
    "published",
    "Firecracker SPECIFICATION.md @81b38b9: from the process to the API socket 6 to 60 ms, typically about 12 ms",
    "2026-08-21",
    "AWS m5d.metal, hyper-threading off",
  ),
  cost(
    "vm.qemu.teardown",
    QBOOT_PARTS.teardown,
    "derived",
    `${NSDI}: QEMU 4.2 + qboot on m5d, 213.9 ms until gone, less 184.6 ms to the guest's first program (${GARZARELLA}): two machines`,
    NSDI_DATE,
    "AWS m5d.metal and one that is not stated",
  ),
  cost(
    "vm.kernel.distribution",
    616,
    "published",
    "Bottlerocket issue 4163, systemd-analyze under KVM: 0.616 s kernel + 2.226 s user space",
    "2024",
    "not stated (local KVM)",
  ),
  cost(
    "vm.init.distribution",
    2226,
    "published",
    "Bottlerocket issue 4163, systemd-analyze under KVM: 0.616 s kernel + 2.226 s user space",
    "2024",
    "not stated (local KVM)",
  ),
  cost(
    "vm.init.systemd",
    231,
    "published",
    "Firecracker test_boottime.py @81b38b9, example in a comment: 79 ms kernel + 231 ms user space with systemd",
    "2026-08-21",
    "not stated (CI hosts)",
  ),
];
