/**
 * The race: the same tiny program is started as a process, in a container, in a virtual machine and in a z/OS address
 * space, each from nothing to its first instruction, its first byte, and gone.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { containerLife } from "../linux/container.ts";
import { LinuxKernel, type OutputDevice } from "../linux/kernel.ts";
import { otherRuntimeLife } from "../linux/other-runtimes.ts";
import { processLife } from "../linux/process.ts";
import type { Activities } from "../machine/activity.ts";
import { Hypervisor } from "../virtualization/hypervisor.ts";
import { machineLife } from "../virtualization/machine.ts";
import { PROBE } from "../workload/probe.ts";
import { addressSpaceLife } from "../zos/address-space.ts";
import { Nucleus } from "../zos/nucleus.ts";
import { DEFAULT_CONTAINER_PLAN } from "./default-container-plan.generated.ts";
import { type Lane, runLane, Z_OS_STEPS } from "./lane.ts";
import { START_METRICS } from "./metrics.ts";
import type { Scenario, ScenarioInput } from "./scenario.ts";
import { type RaceSettings, raceSettings, STARTUP_RACE_KNOBS } from "./startup-race-knobs.ts";

export const STARTUP_RACE: Scenario = {
  name: "startup-race",
  title: "Four worlds start the same program",
  description: [
    "A process, a container, a virtual machine and a z/OS address space start the same static program, which writes one",
    "byte and ends. The first three lanes are in nanoseconds. No timings of z/OS are public, so its lane counts steps.",
    "The container's steps are those of the real plan of a default container. How often a VM leaves its guest was",
    "counted with Debian's cloud kernel; how long its stages take was published for other kernels. Where nobody",
    "published a combination, it is refused.",
  ].join("\n"),
  question: {
    text: "How much longer does the virtual machine take to its first instruction than the container?",
    choices: ["about as long", "about seven times", "about seventy times", "thousands of times"],
    answer: "about seventy times",
  },
  claim: {
    text: "A container starts much faster than a virtual machine, since no operating system has to boot.",
    verdict: "holds",
    because: "the container's start has no firmware, no kernel and no init in it; the machine's has little else",
  },
  captions: [
    { at: "execve()", text: "A process is there as soon as the kernel has given it a program." },
    { at: "clone", text: "A container is a process, too: the kernel only gives it views of its own first." },
    { at: "firmware", text: "A machine that is not real still begins as a real one does." },
    { at: "tasks", text: "An address space gets tasks before it gets a program." },
  ],
  knobs: STARTUP_RACE_KNOBS,
  metrics: START_METRICS,
  run: race,
};

function race(input: ScenarioInput): void {
  const settings = raceSettings(input.knobs);
  for (const lane of [processLane, containerLane, machineLane])
    runLane(input, lane(settings, spreadCosts(input, settings)));
  runLane(input, addressSpaceLane());
}

/** Each world draws its own factor from a stream of its own, whatever the other worlds draw. */
function spreadCosts(input: ScenarioInput, { spreadPermille }: RaceSettings): (world: Lane["world"]) => CostBook {
  return (world) => input.costs.scaled(1000 + input.random.stream(world).integer(-spreadPermille, spreadPermille));
}

type Costs = (world: Lane["world"]) => CostBook;

const PIPE: OutputDevice = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };

function processLane({ pageTableIsolation }: RaceSettings, costsOf: Costs): Lane {
  const linux = new LinuxKernel({ costs: costsOf("process"), output: PIPE, pageTableIsolation });
  return { world: "process", name: "Process", unit: "ns", life: processLife(linux, PROBE) };
}

function containerLane({ pageTableIsolation, runtime, hostKernel }: RaceSettings, costsOf: Costs): Lane {
  const costs = costsOf("container");
  const linux = new LinuxKernel({ costs, output: PIPE, pageTableIsolation });
  const life: Activities =
    runtime === "ringside"
      ? containerLife({ linux, costs, plan: DEFAULT_CONTAINER_PLAN, hostKernel }, PROBE)
      : otherRuntimeLife(runtime, linux, costs, hostKernel, PROBE);
  return { world: "container", name: `Container: ${runtime}`, unit: "ns", life };
}

function machineLane(settings: RaceSettings, costsOf: Costs): Lane {
  const { row, initCost, network, verbose, accelerator, pageTableIsolation } = settings;
  const costs = costsOf("vm");
  const guest = new LinuxKernel({ costs, output: serialConsole(costs), pageTableIsolation });
  const hypervisor = new Hypervisor(costs, accelerator);
  const boot = initCost === "vm.init.distribution" ? { ...row.boot, kernelCost: "vm.kernel.distribution" } : row.boot;
  const life = machineLife({ costs, hypervisor, guest, boot, network, verbose, initCost }, PROBE);
  return { world: "vm", name: `Virtual machine: ${boot.vmm}, ${accelerator}`, unit: "ns", life, accelerator };
}

/** A guest's console is an emulated 8250: every register that its driver touches is a visit to the monitor. */
function serialConsole(costs: CostBook): OutputDevice {
  const count = costs.count("vm.exits.serialByte");
  const trap = { handledIn: "monitor", reason: "serial console", count, included: false } as const;
  return { name: "serial console", writeCost: "linux.write.pipe", traps: [trap] };
}

function addressSpaceLane(): Lane {
  const life = addressSpaceLife(new Nucleus(), PROBE);
  return { world: "address-space", name: "z/OS address space (steps, not time)", unit: "step", life, note: Z_OS_STEPS };
}
