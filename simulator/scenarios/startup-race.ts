/**
 * The race: the same tiny program is started as a process, in a container, in a virtual machine and in a z/OS address
 * space, each from nothing to its first instruction, its first byte, and gone.
 */
import { Simulation } from "../engine/simulation.ts";
import { containerLife } from "../linux/container.ts";
import { LinuxKernel, type OutputDevice } from "../linux/kernel.ts";
import { processLife } from "../linux/process.ts";
import type { Activities } from "../machine/activity.ts";
import { Processor } from "../machine/processor.ts";
import type { TimeUnit, World } from "../trace/timeline.ts";
import { type BootConfiguration, machineLife } from "../virtualization/machine.ts";
import { PROBE } from "../workload/probe.ts";
import { addressSpaceLife } from "../zos/address-space.ts";
import { Nucleus } from "../zos/nucleus.ts";
import { DEFAULT_CONTAINER_PLAN } from "./default-container-plan.generated.ts";
import { choiceOf, integerOf, type Scenario, type ScenarioInput } from "./scenario.ts";

const PIPE: OutputDevice = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
const SERIAL: OutputDevice = {
  name: "serial console",
  writeCost: "linux.write.pipe",
  traps: [{ handledIn: "monitor", reason: "port I/O: serial console", count: 1, included: false }],
};

const BOOTS: Readonly<Record<string, BootConfiguration>> = {
  "microvm-qboot": {
    vmm: "QEMU (microvm)",
    vmmCost: "vm.microvm-qboot.vmm",
    firmware: { name: "qboot", cost: "vm.microvm-qboot.bzimage.firmware" },
    kernelCost: "vm.microvm-qboot.bzimage.kernel",
    teardownCost: "vm.qemu.teardown",
  },
  "q35-seabios": {
    vmm: "QEMU (q35)",
    vmmCost: "vm.q35-seabios.bzimage.vmm",
    firmware: { name: "SeaBIOS", cost: "vm.q35-seabios.bzimage.firmware" },
    kernelCost: "vm.q35-seabios.bzimage.kernel",
    teardownCost: "vm.qemu.teardown",
  },
  firecracker: {
    vmm: "Firecracker",
    vmmCost: "vm.firecracker.vmm",
    firmware: undefined,
    kernelCost: "vm.firecracker.kernel",
    teardownCost: "vm.firecracker.teardown",
  },
};

export const STARTUP_RACE: Scenario = {
  name: "startup-race",
  title: "Four worlds start the same program",
  description:
    "A process, a container, a virtual machine and a z/OS address space start the same static program, which writes one byte and ends. The first three lanes are in nanoseconds. No timings of z/OS are public, so its lane counts steps.",
  knobs: [
    {
      kind: "choice",
      name: "vmm",
      choices: Object.keys(BOOTS),
      default: "microvm-qboot",
      help: "the virtual machine monitor and its firmware",
    },
    {
      kind: "choice",
      name: "isolation",
      choices: ["off", "on"],
      default: "off",
      help: "kernel page-table isolation: 62 or 236 ns for a getpid (gVisor blog, 2021)",
    },
    {
      kind: "integer",
      name: "spread",
      low: 0,
      high: 200,
      unit: "permille",
      default: 30,
      help: "each world's start is this much slower or faster at most, drawn evenly from the seed; 30 gives the 1.7 % standard deviation of 500 boots in nsdi2020-data (m5d)",
    },
  ],
  metrics: [
    { name: "firstInstruction", unit: "ns", help: "from the request to the program's first instruction in user mode" },
    { name: "firstByte", unit: "ns", help: "from the request to the end of its one write" },
    { name: "gone", unit: "ns", help: "from the request until nothing of it is left" },
  ],
  run: race,
};

function race(input: ScenarioInput): void {
  const { knobs, random } = input;
  const spread = integerOf(knobs, "spread");
  const pageTableIsolation = choiceOf(knobs, "isolation") === "on";
  const costsOf = (world: World) => input.costs.scaled(1000 + random.stream(world).integer(-spread, spread));
  const linux = (world: World, output: OutputDevice) =>
    new LinuxKernel({ costs: costsOf(world), output, pageTableIsolation });
  const boot = BOOTS[choiceOf(knobs, "vmm")];
  if (boot === undefined) throw new TypeError("knob vmm has a choice without a boot configuration");

  lane(input, "process", "Process", "ns", processLife(linux("process", PIPE), costsOf("process"), PROBE));
  const container = containerLife(linux("container", PIPE), costsOf("container"), DEFAULT_CONTAINER_PLAN, PROBE);
  lane(input, "container", "Container", "ns", container);
  lane(input, "vm", "Virtual machine", "ns", machineLife(linux("vm", SERIAL), costsOf("vm"), boot, PROBE));
  lane(input, "address-space", "z/OS address space (steps, not time)", "step", addressSpaceLife(new Nucleus(), PROBE));
}

/** One world on one track: its life is carried out from time 0 in a simulation of its own. */
function lane(input: ScenarioInput, world: World, name: string, unit: TimeUnit, life: Activities): void {
  const steps = "steps and counts from IBM's manuals and the published MVS 3.8 source; no public timings exist";
  const { provenance, recorder } = input;
  const detail = unit === "step" ? `${provenance.detail}; ${steps}` : provenance.detail;
  recorder.track({ id: world, name, world, unit, provenance: { ...provenance, detail } });
  const simulation = new Simulation();
  new Processor(simulation, recorder, world).execute(life);
  simulation.run();
}
