/**
 * The kernel dies: who goes down. The same service so many times, as processes, in containers, in machines and in z/OS
 * address spaces; then its program fails, or the kernel that answers it, or what is below everything.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { containerLife } from "../linux/container.ts";
import { LinuxKernel } from "../linux/kernel.ts";
import { processLife } from "../linux/process.ts";
import type { Activities } from "../machine/activity.ts";
import { MARKS, type World } from "../trace/timeline.ts";
import { findBoot } from "../virtualization/boot-table.ts";
import { Hypervisor } from "../virtualization/hypervisor.ts";
import { machineLife } from "../virtualization/machine.ts";
import { PROBE } from "../workload/probe.ts";
import { DEFAULT_CONTAINER_PLAN } from "./default-container-plan.generated.ts";
import {
  addressSpaces,
  manyKernels,
  oneKernel,
  type PanicOutcome,
  type PanicRequest,
  VICTIMS,
  type Victim,
} from "./kernel-panic-worlds.ts";
import { choiceOf, integerOf, type Scenario, type ScenarioInput } from "./scenario.ts";

export const KERNEL_PANIC: Scenario = {
  name: "kernel-panic",
  title: "The kernel dies: who goes down",
  description: [
    "A service runs so many times side by side, on processors enough for all. Then something dies: one program, by a bad",
    "pointer; the kernel that answers the first instance; or what is below everything. In z/OS a bad pointer is S0C4 in one",
    "task; its kernel dies by an authorized program that writes over PSATOLD. Who is down is found by looking who runs.",
    "How long z/OS takes to come back is not public; a real machine's own firmware is in no figure either.",
  ].join("\n"),
  question: {
    text: "Each of three services runs in a machine of its own. The kernel of the first machine panics. How many services are down?",
    choices: ["none", "one", "two", "all three"],
    answer: "one",
  },
  claim: {
    text: "A container is as well isolated as a virtual machine: what goes wrong in one does not touch the others.",
    verdict: "holds loosely",
    because:
      "a program's failure stays in its container; a kernel's failure takes every container of that kernel, and only one machine",
  },
  captions: [
    { at: "kernel panic", text: "Whoever this kernel answered is gone at this instant; nobody is told." },
    {
      at: "disabled wait 084",
      text: "z/OS protects its common storage by keys. An authorized program that errs takes the whole system with it.",
    },
    { at: "program", text: "As long as nothing dies, nobody notices under which kernel he runs." },
  ],
  knobs: [
    {
      kind: "choice",
      name: "dies",
      choices: VICTIMS,
      default: "kernel",
      help: "one program, the kernel of the first instance, or what is below everything",
    },
    integer("instances", 1, 8, "instances", 3, "how many run side by side in each world"),
    integer("after", 100, 20_000, "us", 1000, "when it happens; of z/OS after a tenth as many steps"),
  ],
  metrics: [
    { name: "instancesDown", unit: "count", help: "services that do not answer any more" },
    { name: "instancesUp", unit: "count", help: "services that noticed nothing" },
    { name: "kernels", unit: "count", help: "kernels that there are: hosts and guests" },
    { name: "kernelsDown", unit: "count", help: "kernels that have died" },
    {
      name: "backAfter",
      unit: "ns",
      help: "from the restart of what died to the first instruction of a service; a host as a distribution (Bottlerocket issue 4163), a machine as Firecracker on m5d.metal",
    },
  ],
  run,
};

function integer(name: string, low: number, high: number, unit: string, standard: number, help: string) {
  return { kind: "integer" as const, name, low, high, unit, default: standard, help };
}

function run(input: ScenarioInput): void {
  const victim = victimOf(choiceOf(input.knobs, "dies"));
  const after = integerOf(input.knobs, "after");
  const instances = integerOf(input.knobs, "instances");
  const request: PanicRequest = { victim, instances, atNs: after * 1000, atStep: Math.ceil(after / 10) };
  report(input, "process", request, oneKernel(input, "process", "Process", request));
  report(input, "container", request, oneKernel(input, "container", "Container", request));
  report(input, "vm", request, manyKernels(input, request));
  report(input, "address-space", request, addressSpaces(input, request));
}

function victimOf(name: string): Victim {
  const found = VICTIMS.find((one) => one === name);
  if (found === undefined) throw new TypeError(`there is no victim ${name}`);
  return found;
}

function report(input: ScenarioInput, world: World, { victim, instances }: PanicRequest, outcome: PanicOutcome): void {
  const { down, kernels, kernelsDown } = outcome;
  input.metric(world, "instancesDown", down);
  input.metric(world, "instancesUp", instances - down);
  input.metric(world, "kernels", kernels);
  input.metric(world, "kernelsDown", kernelsDown);
  if (world !== "address-space") input.metric(world, "backAfter", backAfterNs(input.costs, world, victim));
}

/** What has to come up again before the service does: its program, or its kernel first, or the host's before that. */
function backAfterNs(costs: CostBook, world: Exclude<World, "address-space">, victim: Victim): number {
  const hostDies = victim === "host" || (victim === "kernel" && world !== "vm");
  const hostNs = hostDies ? costs.ns("vm.kernel.distribution") + costs.ns("vm.init.distribution") : 0;
  return hostNs + untilFirstInstruction(startOf(costs, world, victim));
}

function startOf(costs: CostBook, world: Exclude<World, "address-space">, victim: Victim): Activities {
  const output = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
  const linux = new LinuxKernel({ costs, output, pageTableIsolation: false });
  if (world === "process") return processLife(linux, PROBE);
  if (world === "container") {
    return containerLife({ linux, costs, plan: DEFAULT_CONTAINER_PLAN, hostKernel: "source" }, PROBE);
  }
  // In a machine whose program alone has died, its kernel starts it again as a process.
  if (victim === "program") return processLife(linux, PROBE);
  const row = findBoot("firecracker", "vmlinux", "m5d");
  if (row === undefined) throw new TypeError("the table of boots has no Firecracker");
  const hypervisor = new Hypervisor(costs, "kvm");
  const options = { costs, hypervisor, guest: linux, network: false, verbose: false, initCost: undefined };
  return machineLife({ ...options, boot: row.boot }, PROBE);
}

function untilFirstInstruction(life: Activities): number {
  let ns = 0;
  for (const activity of life) {
    if (activity.kind === "mark" && activity.name === MARKS.firstInstruction) break;
    if (activity.kind === "burst" || activity.kind === "pause") ns += activity.duration;
  }
  return ns;
}
