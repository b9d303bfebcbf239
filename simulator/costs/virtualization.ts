/**
 * What leaving a guest takes, by reason and by machine; how much more one level deeper; and what virtio devices take.
 * Cycles are counts: which clock they ran at is a count of its own (a megahertz is a cycle a microsecond).
 */
import type { Cost, CostStatus } from "./cost.ts";

const LUTOMIRSKI = "Linux commit b7ffc44d5b2e: kvm-unit-tests x86/vmexit.flat after the patch, cycles";
const UNIT_TESTS_2012 = "kvm-unit-tests commit 00bfecaa: x86/vmexit.flat, cycles";
const HAXM =
  "intel/haxm pull request 130: between an exit of L2 and its next entry KVM makes 6 to 10 VMREADs and 2 to 6 VMWRITEs";
const KONTAIN = "kontainapp/km docs/kkm-performance-stats.md";
const NSDI = "nsdi2020-data, data/m5d.metal/fio-*.dat";

const NOT_STATED_2017 = { date: "2017", machine: "not stated" } as const;
const NOT_STATED_2012 = { date: "2012", machine: "not stated" } as const;
const I5 = { date: "2020", machine: "i5-6400 2.7 GHz, Linux 5.7.7" } as const;
const M5D = { date: "2020-02-09", machine: "AWS m5d.metal, 2x Xeon Platinum 8175M 2.5 GHz, Linux 4.15" } as const;
const FELTER = {
  date: "2014-07-21",
  machine: "the authors' host arldcn24; its logs show 32 CPUs at 3.09 GHz",
} as const;

interface Where {
  readonly date: string;
  readonly machine: string;
}

function count(id: string, value: number, status: CostStatus, source: string, where: Where): Cost {
  return { id, value, unit: "count", status, source, ...where };
}

function time(id: string, value: number, source: string, where: Where, status: CostStatus = "derived"): Cost {
  return { id, value, unit: "ns", status, source, ...where };
}

/** Cycles of one exit and the way back, as they were measured. */
const CYCLES: readonly Cost[] = [
  count("exit.2017.vmcall.cycles", 1181, "published", `${LUTOMIRSKI}: vmcall`, NOT_STATED_2017),
  count("exit.2017.outlKernel.cycles", 1391, "published", `${LUTOMIRSKI}: outl_to_kernel`, NOT_STATED_2017),
  count("exit.2017.cpuid.cycles", 1291, "published", `${LUTOMIRSKI}: cpuid`, NOT_STATED_2017),
  count("exit.2017.inlKernel.cycles", 2339, "published", `${LUTOMIRSKI}: inl_from_kernel`, NOT_STATED_2017),
  count("exit.2017.timer.cycles", 5600, "published", "Linux commit cfbd129c: tscdeadline, cycles, after the patch", {
    date: "2017",
    machine: "Haswell Xeon",
  }),
  count("exit.2012.vmcall.cycles", 3898, "published", `${UNIT_TESTS_2012}: vmcall`, NOT_STATED_2012),
  count("exit.2012.outlKernel.cycles", 4451, "published", `${UNIT_TESTS_2012}: outl_kernel`, NOT_STATED_2012),
  count(
    "exit.2012.apic.cycles",
    7237,
    "published",
    `${UNIT_TESTS_2012}: kernel, an access emulated in the kernel`,
    NOT_STATED_2012,
  ),
];

/** The machines that devices were measured on. */
const MACHINES: readonly Cost[] = [
  count("machine.m5d.megahertz", 2500, "published", "nsdi2020-data, data/m5d.metal/sys: 2.5 GHz", M5D),
  count(
    "machine.felter.megahertz",
    3090,
    "published",
    "thewmf/kvm-docker-comparison, the clock in its logs: 3.09 GHz",
    FELTER,
  ),
  count("machine.kontain.megahertz", 2700, "published", `${KONTAIN}: i5-6400 at 2.70 GHz`, I5),
  {
    id: "machine.felter.softwarePermille",
    value: 2588,
    unit: "permille",
    status: "derived",
    source: `how much longer the same software crossing took then: outl to the kernel, 4451 cycles at 3.09 GHz (${UNIT_TESTS_2012}) against 1391 at 2.5 GHz (${LUTOMIRSKI})`,
    ...FELTER,
  },
];

const NESTED: readonly Cost[] = [
  time(
    "hypervisor.monitor.own",
    2746,
    `${KONTAIN}: 3.183 us to the monitor and back, less the exit itself (1181 cycles at 2.7 GHz, ${LUTOMIRSKI})`,
    I5,
  ),
  time(
    "hypervisor.nested.switches",
    20_294,
    `${KONTAIN}: 23.040 us for the hypercall in a guest of Azure, whose Hyper-V shares the VMCS with its guest so that reading it is no exit, less the monitor's own 2.746 us: reflecting the exit to L1, and entering L2 for it`,
    { date: "2020", machine: "Azure, Xeon Platinum 8171M 2.6 GHz, Linux 5.3" },
  ),
  count("hypervisor.nested.vmcsAccesses", 12, "derived", `${HAXM}; the middle of both, 8 + 4`, {
    date: "2018-11-18",
    machine: "KVM as L1, Windows 7 booting",
  }),
];

/** Per request work of a device's thread, found where the thread is what everything waits for. */
const DEVICE_THREADS: readonly Cost[] = [
  time(
    "machine.m5d.disk.nativeWork",
    3320,
    `${NSDI}: 4 KiB random read at queue depth 32 on the machine itself, 301,182 a second, bound by the one processor that asks: 10^9 / 301,182`,
    M5D,
  ),
  time(
    "machine.felter.disk.nativeWork",
    11_898,
    "thewmf/kvm-docker-comparison, fio 4 KiB random read at queue depth 128, native: 84,044 a second; 10^9 / 84,044",
    FELTER,
  ),
  time(
    "virtio.firecracker.work",
    16_934,
    `${NSDI}: Firecracker 0.20 at queue depth 32, 12,880 a second; its one device thread reads and waits, so a request is the disk's 60.705 us and this`,
    M5D,
  ),
  time(
    "virtio.cloud-hypervisor.work",
    16_077,
    `${NSDI}: Cloud Hypervisor at queue depth 32, 13,024 a second, by one thread that waits for the disk`,
    M5D,
  ),
  time(
    "virtio.qemu.work",
    4082,
    `${NSDI}: QEMU 4.2 at queue depth 32, 135,109 a second, 7.402 us each, less the 3.320 us that asking the disk takes on the machine itself`,
    M5D,
  ),
];

const WAKES: readonly Cost[] = [
  time(
    "machine.m5d.wake",
    17_219,
    `${NSDI}: Firecracker at queue depth 1, 118.428 us a read; less the guest's own work (3.320), the disk (60.705), the device thread's work (16.934), a kick (0.556), entering the guest (0.236) and setting its timer (2.240); for two wake-ups`,
    M5D,
  ),
  time(
    "machine.felter.wake",
    6237,
    `ddumbying.vercel.app: 2.41 us for a switch to another process over a pipe, longer by as much as crossings were on that machine (machine.felter.softwarePermille)`,
    FELTER,
  ),
];

/** What a guest's drivers do, counted in their sources. */
const ACCESSES: readonly Cost[] = [
  count(
    "emulated.ide.submit",
    13,
    "derived",
    "Linux libata for one DMA command: ata_sff_tf_load (device, and twice feature, count and three address registers for 48 bits), ata_bmdma_setup (table, direction, start) and the command; counted as register writes by name",
    { date: "2020", machine: "any" },
  ),
  count(
    "emulated.ide.complete",
    5,
    "derived",
    "Linux libata for one DMA interrupt: bus master status read, stop written, alternate status and status read, status acknowledged: 5",
    { date: "2020", machine: "any" },
  ),
  count("emulated.e1000.transmit", 1, "derived", "Linux e1000: the tail register TDT is written for a packet", {
    date: "2020",
    machine: "any",
  }),
  count(
    "emulated.e1000.receive",
    4,
    "derived",
    "Linux e1000: ICR read and IMC written by the interrupt, RDT written for new buffers, IMS written when it is done",
    { date: "2020", machine: "any" },
  ),
  count(
    "guest.idle.timerSettings",
    2,
    "derived",
    "Linux tick-sched: a processor that becomes idle sets its timer for its next event (tick_nohz_idle_enter), and one that ceases to be idle sets it back: 2",
    { date: "2020", machine: "any" },
  ),
];

export const VIRTUALIZATION_COSTS: readonly Cost[] = [
  ...CYCLES,
  ...MACHINES,
  ...NESTED,
  ...DEVICE_THREADS,
  ...WAKES,
  ...ACCESSES,
  time(
    "launcher.start",
    2_790_000,
    "nsdi2020-data, Cloud Hypervisor on m5d.metal with xargs -P 100: 133.9 ms a boot, hardly more than alone, so that no more than the 48 processors were busy with it: one xargs starts one every 133.9 / 48 ms at most",
    M5D,
  ),
  time(
    "sie.interception",
    7500,
    "velocitysoftware.com/linuxvm/cpoverhead.html: 69,220 interceptions a second and processor with 31 % + 22 % overhead; 0.53 s / 69,220, between 7.3 and 7.7 us",
    { date: "2010", machine: "z/VM, not stated" },
  ),
];
