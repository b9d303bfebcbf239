/**
 * How often a guest reaches for a device on its way up: counts, not times. Counted by us with QEMU's own trace points
 * (memory_region_ops_read and _write) while it booted; each access to an emulated device is an exit under a hypervisor.
 * Only counts that were the same in every boot are here: loops that poll a timer or a disk until something is ready
 * (PIT, HPET, PM timer, PC speaker, AHCI, local APIC) differ from boot to boot and are left out.
 */
import type { Cost } from "./cost.ts";

const GUEST = "Debian's 6.1.0-56-cloud kernel, 256 MiB, probe as init";
const MACHINE = "QEMU 7.2, software emulation, on the reference machine; counts do not depend on its speed";

/** By machine and stage: device and count. */
const COUNTS = {
  "microvm.firmware": { fw_cfg: 57, "absent devices": 4 },
  "microvm.kernel": { "serial console": 200, "real-time clock": 149, "absent devices": 143, "I/O APIC": 50 },
  "microvm.kernel.verbose": { "serial console": 33_587, "real-time clock": 149, "absent devices": 143, "I/O APIC": 50 },
  "q35.firmware": { "PCI configuration": 494, "absent devices": 160, "keyboard controller": 84, fw_cfg: 68 },
  "q35.kernel": { "PCI configuration": 17_232, "I/O APIC": 473, "real-time clock": 159, "serial console": 64 },
} as const;

/** The stages that were counted. */
export type CountedStage = keyof typeof COUNTS;

/** Devices that KVM emulates in the host's kernel; all others need the monitor, a process of the host. */
const IN_HOST_KERNEL: readonly string[] = ["I/O APIC"];

export interface CountedDevice {
  readonly device: string;
  readonly handledIn: "host kernel" | "monitor";
  readonly costId: string;
}

/** @returns the devices of a stage, with the id of the cost that holds the count. */
export function countedDevices(stage: CountedStage): CountedDevice[] {
  return Object.keys(COUNTS[stage]).map((device) => ({
    device,
    handledIn: IN_HOST_KERNEL.includes(device) ? "host kernel" : "monitor",
    costId: costId(stage, device),
  }));
}

function costId(stage: string, device: string): string {
  return `vm.exits.${stage}.${device.replaceAll(" ", "-")}`;
}

function count(id: string, value: number, source: string): Cost {
  return { id, value, unit: "count", status: "measured", source, date: "2026-11-23", machine: MACHINE };
}

export const VM_EXIT_COSTS: readonly Cost[] = [
  ...Object.entries(COUNTS).flatMap(([stage, devices]) =>
    Object.entries(devices).map(([device, value]) =>
      count(costId(stage, device), value, `accesses to ${device} from reset to the first program, ${stage}: ${GUEST}`),
    ),
  ),
  count(
    "vm.exits.serialByte",
    8,
    `accesses to the 8250's registers for a write(2) of one byte to the console: IER, IIR, LSR, MSR, THR, IER, IIR, IIR; ${GUEST}`,
  ),
  {
    id: "vm.exits.powerOff",
    value: 1,
    unit: "count",
    status: "assumed",
    source: "a guest that is reset or powered off leaves for good: one exit, whatever came before it",
    date: "2026-11-23",
    machine: "any",
  },
  {
    id: "vm.qemu.start.kernelShare",
    value: 650,
    unit: "permille",
    status: "measured",
    source:
      "QEMU 7.2 started with -S and ended at once: 22.4 ms sys, 12.1 ms user, medians of 60; -M q35 22.3 and 12.6",
    date: "2026-11-23",
    machine: "reference machine: x86-64, 2 cores, 24 GiB, Linux 6.18",
  },
  {
    id: "vm.qemu.start.calls",
    value: 881,
    unit: "count",
    status: "measured",
    source: "strace -f -c of QEMU 7.2 -M microvm started with -S and ended at once: 881 system calls; -M q35 936",
    date: "2026-11-23",
    machine: "reference machine: x86-64, 2 cores, 24 GiB, Linux 6.18",
  },
];
