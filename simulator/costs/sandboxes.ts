/** What sandboxes and unikernels take: to start, and for one system call. */
import type { Cost, CostStatus } from "./cost.ts";

const EUROSYS = "unikraft/eurosys21-artifacts";
const I7 = { date: "2021", machine: "i7-9700K 3.6 GHz, Debian 10, Linux 4.19" } as const;
const ANT = "gVisor site blog, 2 December 2021 (Ant Group), getpid in ns";
const E5 = { date: "2021-12-02", machine: "Xeon E5-2650 v2" } as const;

interface Where {
  readonly date: string;
  readonly machine: string;
}

function time(id: string, value: number, status: CostStatus, source: string, where: Where): Cost {
  return { id, value, unit: "ns", status, source, ...where };
}

/** Milliseconds: the monitor's part, the guest's part. */
const UNIKRAFT = [
  { id: "qemu", what: "QEMU", monitor: 38.35, guest: 0.055 },
  { id: "microvm", what: "QEMU microvm", monitor: 8.97, guest: 0.085 },
  { id: "firecracker", what: "Firecracker", monitor: 1.75, guest: 1.31 },
  { id: "solo5", what: "Solo5", monitor: 2.99, guest: 0.074 },
] as const;

export const SANDBOX_COSTS: readonly Cost[] = [
  ...UNIKRAFT.flatMap(({ id, what, monitor, guest }) => {
    const source = `${EUROSYS} fig_10: Unikraft on ${what}, monitor ${monitor} ms and guest ${guest} ms, means of 26`;
    return [
      time(`unikernel.${id}.monitor`, Math.round(monitor * 1_000_000), "published", source, I7),
      time(`unikernel.${id}.guest`, Math.round(guest * 1_000_000), "published", source, I7),
    ];
  }),
  time(
    "unikernel.call",
    1,
    "derived",
    `${EUROSYS} tab_01: a function call of Unikraft, 4 cycles at 3.6 GHz, 1.1 ns; where the binary is kept as it is, a system call of 84 cycles`,
    I7,
  ),
  time("gvisor.kvm.systemCall", 830, "published", `${ANT}: runsc-KVM 830`, E5),
  time("gvisor.ptrace.systemCall", 6249, "published", `${ANT}: runsc-ptrace 6249`, E5),
  time(
    "gvisor.systrap.systemCall",
    2202,
    "derived",
    `nobody published a getpid under systrap; the program's thread and the Sentry's change places twice, 1.07 us each (ddumbying.vercel.app, threads), and the kernel is entered once, 62 ns (${ANT}): 2 * 1070 + 62`,
    { date: "2023", machine: "i7 11th generation and Xeon E5-2650 v2" },
  ),
  time(
    "gvisor.start",
    280_000_000,
    "derived",
    "hegerdes blog, 2024-07: nerdctl run, means of 1000, runsc 0.62 s and runc 0.34 s; the difference is the Sentry, its gofer and their set-up",
    { date: "2024-07", machine: "Hetzner CCX33" },
  ),
  time(
    "kata.rest",
    587_500_000,
    "derived",
    "kata-containers tests/metrics checkmetrics: boot with Cloud Hypervisor 0.69 s; less what Cloud Hypervisor and its guest take by themselves (102.5 ms, nsdi2020-data on m5d.metal): shim, agent, file-system daemon and network, not told apart; two machines",
    { date: "2023", machine: "Packet c1.small and AWS m5d.metal" },
  ),
  time(
    "vm.freebsd.kernel",
    25_000_000,
    "published",
    "The Register, 2023-08-29, and USENIX ;login: online: FreeBSD on Firecracker, 25 ms of kernel",
    { date: "2023-08-29", machine: "not stated" },
  ),
  time(
    "vm.qemu-pc.whole",
    600_000_000,
    "derived",
    "qboot's announcement (qemu-devel, 2015-05-21; LWN 645455): QEMU as it is typically used takes 500 to 700 ms to the first program; the middle",
    { date: "2015-05-21", machine: "Ivy Bridge i7" },
  ),
];
