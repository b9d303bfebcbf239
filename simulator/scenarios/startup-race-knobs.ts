/** The knobs of the startup race. Every value rests on figures that somebody published, or that we measured. */
import { HOST_KERNELS, type HostKernel } from "../linux/host-kernel.ts";
import { OTHER_RUNTIMES } from "../linux/other-runtimes.ts";
import { type BootRow, findBoot, HOSTS, KERNELS, VMMS } from "../virtualization/boot-table.ts";
import { ACCELERATORS, type Accelerator } from "../virtualization/hypervisor.ts";
import { type Knob, type KnobValues, ScenarioError } from "./knob.ts";
import { choiceOf, integerOf } from "./scenario.ts";

export const CONTAINER_RUNTIMES = ["ringside", ...OTHER_RUNTIMES] as const;
const INITS = ["probe", "systemd", "distribution"] as const;

export const STARTUP_RACE_KNOBS: readonly Knob[] = [
  choice("vmm", VMMS, "microvm-qboot", "the virtual machine monitor and its firmware"),
  choice(
    "kernel",
    ["usual", ...KERNELS],
    "usual",
    "the guest's kernel: compressed, or as it is; usual is what the monitor is mostly given",
  ),
  choice(
    "host",
    HOSTS,
    "source",
    "the machine of the VM's figures: the source's own, one of the three of nsdi2020-data, or the reference machine",
  ),
  choice(
    "init",
    INITS,
    "probe",
    "the guest's first program: the probe itself, systemd (Firecracker's tests), or a whole distribution (Bottlerocket)",
  ),
  choice("network", ["off", "on"], "off", "a virtio network device in the guest (nsdi2020-data)"),
  choice(
    "console",
    ["quiet", "verbose"],
    "quiet",
    "whether the guest's kernel prints its messages on the serial console, each access an exit",
  ),
  choice(
    "accelerator",
    ACCELERATORS,
    "kvm",
    "on the machine itself; inside a guest, where an exit is fourteen of the hypervisor below, and one to the monitor takes 29.7 us (33.7 was measured) and not 3.2; or software emulation, measured on the reference machine",
  ),
  choice(
    "runtime",
    CONTAINER_RUNTIMES,
    "ringside",
    "who makes the container: crun-cached finds its seccomp filter in its cache; containerd (idlab) and docker have runc do it",
  ),
  choice(
    "hostKernel",
    HOST_KERNELS,
    "source",
    "whose namespace and mqueue figures count (Scrivano 2022): Linux 4.5 with the libseccomp of its time, 5.19, or that of the other figures",
  ),
  choice(
    "isolation",
    ["off", "on"],
    "off",
    "kernel page-table isolation: a getpid takes 62 or 236 ns (gVisor blog, 2021)",
  ),
  {
    kind: "integer",
    name: "spread",
    low: 0,
    high: 200,
    unit: "permille",
    default: 30,
    help: "each world's start is at most this much slower or faster than its sources, drawn evenly from the seed; 30 gives the standard deviation of 500 boots in nsdi2020-data, 1.7 %",
  },
];

function choice(name: string, choices: readonly string[], standard: string, help: string): Knob {
  return { kind: "choice", name, choices, default: standard, help };
}

/** The knobs as the race uses them. */
export interface RaceSettings {
  readonly row: BootRow;
  readonly initCost: string | undefined;
  readonly network: boolean;
  readonly verbose: boolean;
  readonly accelerator: Accelerator;
  readonly runtime: (typeof CONTAINER_RUNTIMES)[number];
  readonly hostKernel: HostKernel;
  readonly pageTableIsolation: boolean;
  readonly spreadPermille: number;
}

/** @throws ScenarioError where nobody published figures for the combination */
export function raceSettings(knobs: KnobValues): RaceSettings {
  const row = bootRow(knobs);
  const settings: RaceSettings = {
    row,
    initCost: choiceOf(knobs, "init") === "probe" ? undefined : `vm.init.${choiceOf(knobs, "init")}`,
    network: choiceOf(knobs, "network") === "on",
    verbose: choiceOf(knobs, "console") === "verbose",
    accelerator: memberOf(ACCELERATORS, choiceOf(knobs, "accelerator")),
    runtime: memberOf(CONTAINER_RUNTIMES, choiceOf(knobs, "runtime")),
    hostKernel: memberOf(HOST_KERNELS, choiceOf(knobs, "hostKernel")),
    pageTableIsolation: choiceOf(knobs, "isolation") === "on",
    spreadPermille: integerOf(knobs, "spread"),
  };
  if (settings.network && row.boot.networkCost === undefined) {
    throw new ScenarioError(
      `nobody published what a network device adds with vmm=${row.vmm} host=${row.host}`,
      "network=on goes with vmm=firecracker, or with vmm=q35-qboot host=m5d|haswell|nehalem",
    );
  }
  if (settings.verbose && row.boot.kernelExits === undefined) {
    throw new ScenarioError(
      `nobody counted what a verbose console adds with vmm=${row.vmm} host=${row.host}`,
      "console=verbose goes with vmm=microvm-qboot, and with q35-qboot and q35-seabios where host=source",
    );
  }
  return settings;
}

function bootRow(knobs: KnobValues): BootRow {
  const [vmm, kernel, accelerator] = [
    choiceOf(knobs, "vmm"),
    choiceOf(knobs, "kernel"),
    choiceOf(knobs, "accelerator"),
  ];
  const asked = choiceOf(knobs, "host");
  // Emulation was measured on one machine only, so it need not be named.
  const host = accelerator === "tcg" && asked === "source" ? "reference" : asked;
  if ((accelerator === "tcg") !== (host === "reference")) {
    throw new ScenarioError(
      `nobody measured accelerator=${accelerator} on host=${asked}`,
      "host=reference goes with accelerator=tcg, and accelerator=tcg with no other host",
    );
  }
  const kernels = kernel === "usual" ? usualKernels(vmm) : [kernel];
  const row = kernels.map((candidate) => findBoot(vmm, candidate, host)).find((found) => found !== undefined);
  if (row !== undefined) return row;
  throw new ScenarioError(
    `nobody published a start of vmm=${vmm} kernel=${kernel} host=${host}`,
    "host=m5d|haswell|nehalem goes with firecracker, cloud-hypervisor and q35-qboot; firecracker takes kernel=vmlinux only; accelerator=tcg goes with microvm-qboot and q35-seabios",
  );
}

function usualKernels(vmm: string): readonly string[] {
  return vmm === "firecracker" || vmm === "cloud-hypervisor" ? ["vmlinux"] : ["bzimage"];
}

function memberOf<Value extends string>(known: readonly Value[], text: string): Value {
  const found = known.find((candidate) => candidate === text);
  if (found === undefined) throw new TypeError(`"${text}" is none of ${known.join(", ")}`);
  return found;
}
