/**
 * Which virtual machines can be started: one row for each combination that somebody published figures for. What is not
 * in the table is refused with the combinations that are, never guessed.
 */
import type { BootConfiguration } from "./machine.ts";

export const VMMS = ["microvm-qboot", "q35-qboot", "q35-seabios", "firecracker", "cloud-hypervisor"] as const;
/** Compressed, or as it is (ELF, entered by PVH where the monitor knows that). */
export const KERNELS = ["bzimage", "vmlinux"] as const;
/**
 * `source` is the machine that the figures were published for, where there is one machine only. `reference` is the one
 * that we measured software emulation on; it has no hardware to virtualize with.
 */
export const HOSTS = ["source", "m5d", "haswell", "nehalem", "reference"] as const;
const NSDI_HOSTS = ["m5d", "haswell", "nehalem"] as const;

export interface BootRow {
  readonly vmm: (typeof VMMS)[number];
  readonly kernel: (typeof KERNELS)[number];
  readonly host: (typeof HOSTS)[number];
  readonly boot: BootConfiguration;
}

export const BOOT_TABLE: readonly BootRow[] = [
  ...KERNELS.map((kernel): BootRow => ({ vmm: "microvm-qboot", kernel, host: "source", boot: microvm(kernel) })),
  ...KERNELS.map((kernel): BootRow => ({ vmm: "q35-qboot", kernel, host: "source", boot: q35("qboot", kernel) })),
  ...KERNELS.map((kernel): BootRow => ({ vmm: "q35-seabios", kernel, host: "source", boot: q35("SeaBIOS", kernel) })),
  ...NSDI_HOSTS.map((host): BootRow => ({ vmm: "q35-qboot", kernel: "bzimage", host, boot: qbootOn(host) })),
  { vmm: "microvm-qboot", kernel: "bzimage", host: "reference", boot: emulated("microvm-qboot", "qboot") },
  { vmm: "q35-seabios", kernel: "bzimage", host: "reference", boot: emulated("q35-seabios", "SeaBIOS") },
  { vmm: "firecracker", kernel: "vmlinux", host: "source", boot: firecrackerOn("m5d") },
  ...NSDI_HOSTS.map((host): BootRow => ({ vmm: "firecracker", kernel: "vmlinux", host, boot: firecrackerOn(host) })),
  ...KERNELS.map((kernel): BootRow => ({ vmm: "cloud-hypervisor", kernel, host: "source", boot: chv(kernel, "m5d") })),
  ...KERNELS.flatMap((kernel) =>
    NSDI_HOSTS.map((host): BootRow => ({ vmm: "cloud-hypervisor", kernel, host, boot: chv(kernel, host) })),
  ),
];

/** @returns the row; undefined where nobody published that combination. */
export function findBoot(vmm: string, kernel: string, host: string): BootRow | undefined {
  return BOOT_TABLE.find((row) => row.vmm === vmm && row.kernel === kernel && row.host === host);
}

function microvm(kernel: string): BootConfiguration {
  return {
    vmm: "QEMU (microvm)",
    vmmCost: "vm.microvm-qboot.vmm",
    firmware: { name: "qboot", cost: `vm.q35-qboot.${kernel}.firmware`, exits: "microvm.firmware" },
    kernelCost: `vm.q35-qboot.${kernel}.kernel`,
    kernelExits: "microvm.kernel",
    teardownCost: "vm.qemu.teardown",
  };
}

function q35(firmware: "qboot" | "SeaBIOS", kernel: string): BootConfiguration {
  const id = `vm.q35-${firmware.toLowerCase()}.${kernel}`;
  return {
    vmm: "QEMU (q35)",
    vmmCost: `${id}.vmm`,
    firmware: {
      name: firmware,
      cost: `${id}.firmware`,
      ...(firmware === "SeaBIOS" ? { exits: "q35.firmware" } : {}),
    },
    kernelCost: `${id}.kernel`,
    kernelExits: "q35.kernel",
    teardownCost: "vm.qemu.teardown",
  };
}

function qbootOn(host: string): BootConfiguration {
  const id = `vm.q35-qboot.${host}`;
  return {
    vmm: "QEMU (qboot)",
    vmmCost: `${id}.vmm`,
    firmware: { name: "qboot", cost: `${id}.firmware` },
    kernelCost: `${id}.kernel`,
    networkCost: `${id}.network`,
    teardownCost: `${id}.teardown`,
  };
}

/** Emulated devices are part of the emulator: reaching for one leaves nothing, so there are no exits to count. */
function emulated(vmm: string, firmware: string): BootConfiguration {
  const id = `vm.${vmm}.reference`;
  return {
    vmm: "QEMU (emulation)",
    vmmCost: `${id}.vmm`,
    firmware: { name: firmware, cost: `${id}.firmware` },
    kernelCost: `${id}.kernel`,
    teardownCost: `${id}.teardown`,
  };
}

function firecrackerOn(host: string): BootConfiguration {
  return {
    vmm: "Firecracker",
    vmmCost: "vm.firecracker.vmm",
    kernelCost: `vm.firecracker.${host}.kernel`,
    networkCost: `vm.firecracker.${host}.network`,
    networkMonitorCost: `vm.firecracker.${host}.networkMonitor`,
    teardownCost: `vm.firecracker.${host}.teardown`,
  };
}

function chv(kernel: string, host: string): BootConfiguration {
  const id = `vm.cloud-hypervisor.${kernel}.${host}`;
  return { vmm: "Cloud Hypervisor", vmmCost: `${id}.vmm`, kernelCost: `${id}.kernel` };
}
