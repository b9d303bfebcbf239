/** The knobs of the scenario `boot`, and what they come to. */
import { findBoot, HOSTS } from "../virtualization/boot-table.ts";
import { FLAVOUR_NAMES, type Flavour, flavourOf } from "../virtualization/flavours.ts";
import { ACCELERATORS, type Accelerator } from "../virtualization/hypervisor.ts";
import type { BootConfiguration } from "../virtualization/machine.ts";
import { type Knob, type KnobValues, ScenarioError } from "./knob.ts";
import { choiceOf, integerOf } from "./scenario.ts";

const INITS = ["probe", "systemd", "distribution"] as const;

export const BOOT_KNOBS: readonly Knob[] = [
  choice("flavour", FLAVOUR_NAMES, "qemu-seabios", "what is started: a kind of machine or of sandbox"),
  choice("kernel", ["usual", "bzimage", "vmlinux"], "usual", "the guest's kernel: compressed, or as it is"),
  choice("host", HOSTS, "source", "the machine of the figures: the source's own, or one of nsdi2020-data"),
  choice("init", INITS, "probe", "the first program: the probe itself, systemd, or a whole distribution"),
  choice("accelerator", ACCELERATORS, "kvm", "on the machine itself, in a guest, or by software emulation"),
  integer("parallel", 1, 100, "VMs", 1, "how many are in flight at once (nsdi2020-data; xargs -P)"),
  integer("cpus", 1, 48, "processors", 4, "processors of the host; haswell and nehalem have 4, m5d 48"),
  integer("boots", 1, 200, "VMs", 40, "how many are started in all, where parallel is more than 1"),
  integer("spread", 0, 200, "permille", 0, "each world's start is at most this much slower or faster than its sources"),
];

function choice(name: string, choices: readonly string[], standard: string, help: string): Knob {
  return { kind: "choice", name, choices, default: standard, help };
}

function integer(name: string, low: number, high: number, unit: string, standard: number, help: string): Knob {
  return { kind: "integer", name, low, high, unit, default: standard, help };
}

export interface BootSettings {
  readonly flavour: Flavour;
  /** Undefined where the flavour has no stages of the table. */
  readonly boot: BootConfiguration | undefined;
  readonly initCost: string | undefined;
  readonly accelerator: Accelerator;
  readonly parallel: number;
  readonly cpus: number;
  readonly boots: number;
  readonly spreadPermille: number;
}

/** @throws ScenarioError where nobody published figures for the combination */
export function bootSettings(knobs: KnobValues): BootSettings {
  const flavour = flavourOf(choiceOf(knobs, "flavour"));
  const accelerator = acceleratorOf(choiceOf(knobs, "accelerator"));
  if (flavour.boot.kind === "no times") {
    throw new ScenarioError(
      flavour.boot.why,
      "take another flavour: the steps of the IPL are shown beside any of them",
    );
  }
  const inTable = flavour.boot.kind === "machine" || flavour.boot.kind === "machine with a container";
  const init = choiceOf(knobs, "init");
  if (!inTable) plainOnly(knobs, flavour, init);
  const parallel = integerOf(knobs, "parallel");
  if (parallel > 1 && (flavour.boot.kind !== "machine" || accelerator !== "kvm" || init !== "probe")) {
    throw new ScenarioError(
      `nobody told apart what of flavour=${flavour.name} accelerator=${accelerator} init=${init} computes and what waits`,
      "parallel goes with a machine of QEMU, Firecracker or Cloud Hypervisor, accelerator=kvm and init=probe",
    );
  }
  return {
    flavour,
    boot: inTable ? tableRow(knobs, flavour.boot.vmm, accelerator) : undefined,
    initCost: init === "probe" ? undefined : `vm.init.${init}`,
    accelerator,
    parallel,
    cpus: integerOf(knobs, "cpus"),
    boots: integerOf(knobs, "boots"),
    spreadPermille: integerOf(knobs, "spread"),
  };
}

function plainOnly(knobs: KnobValues, { name }: Flavour, init: string): void {
  const turned = ["kernel", "host", "accelerator"].filter((knob) => {
    const value = choiceOf(knobs, knob);
    return value !== "usual" && value !== "source" && value !== "kvm";
  });
  if (init !== "probe") turned.push("init");
  if (turned.length === 0) return;
  throw new ScenarioError(
    `nobody published flavour=${name} with another ${turned.join(", ")}`,
    "kernel, host, init and accelerator go with the machines of QEMU, Firecracker and Cloud Hypervisor",
  );
}

function tableRow(knobs: KnobValues, vmm: string, accelerator: Accelerator): BootConfiguration {
  const asked = choiceOf(knobs, "host");
  const host = accelerator === "tcg" && asked === "source" ? "reference" : asked;
  const kernel = choiceOf(knobs, "kernel");
  const usual = vmm === "firecracker" || vmm === "cloud-hypervisor" ? "vmlinux" : "bzimage";
  const row = findBoot(vmm, kernel === "usual" ? usual : kernel, host);
  if (row !== undefined && (accelerator === "tcg") === (host === "reference")) return row.boot;
  throw new ScenarioError(
    `nobody published a start of ${vmm} with kernel=${kernel} host=${asked} accelerator=${accelerator}`,
    "host=m5d|haswell|nehalem goes with firecracker, cloud-hypervisor and qemu-qboot; accelerator=tcg with microvm and qemu-seabios; firecracker takes kernel=vmlinux only",
  );
}

function acceleratorOf(name: string): Accelerator {
  const found = ACCELERATORS.find((one) => one === name);
  if (found === undefined) throw new TypeError(`there is no accelerator ${name}`);
  return found;
}
