/**
 * The four worlds by name, each with the workload that it is given: from the request to the moment when nothing of it is
 * left, or the program alone, where the start is not what the scenario is about.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { containerLife } from "../linux/container.ts";
import { LinuxKernel, type OutputDevice } from "../linux/kernel.ts";
import { otherRuntimeLife } from "../linux/other-runtimes.ts";
import { processLife } from "../linux/process.ts";
import type { Activities, Activity } from "../machine/activity.ts";
import { MARKS, type World } from "../trace/timeline.ts";
import type { DiskVmm } from "../virtualization/disk-path.ts";
import { Hypervisor } from "../virtualization/hypervisor.ts";
import { machineLife } from "../virtualization/machine.ts";
import type { Workload } from "../workload/workload.ts";
import { addressSpaceLife } from "../zos/address-space.ts";
import { Nucleus } from "../zos/nucleus.ts";
import { DEFAULT_CONTAINER_PLAN } from "./default-container-plan.generated.ts";
import { GuestKernel } from "./guest-kernel.ts";
import { ScenarioError } from "./knob.ts";
import { type Lane, runLane, Z_OS_STEPS } from "./lane.ts";
import type { ScenarioInput } from "./scenario.ts";
import type { RaceSettings } from "./startup-race-knobs.ts";

export const WORLDS = ["process", "container", "vm", "address-space"] as const satisfies readonly World[];

/** How much of it is carried out: with its start and its end, or the program alone. */
export const PARTS = ["life", "program"] as const;
export type Part = (typeof PARTS)[number];

export interface WorldsRequest {
  readonly workload: Workload;
  readonly worlds: readonly World[];
  readonly settings: RaceSettings;
  readonly part: Part;
}

interface LaneRequest extends WorldsRequest {
  readonly costs: CostBook;
}

const LANES: Readonly<Record<World, (request: LaneRequest) => Lane>> = {
  process: processLane,
  container: containerLane,
  vm: machineLane,
  "address-space": addressSpaceLane,
};

const PIPE: OutputDevice = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };

/**
 * Carries a workload out in one world after the other, each from time 0, and writes each down as a lane.
 * @throws ScenarioError where a world cannot do what the workload asks for
 */
export function runWorlds(input: ScenarioInput, request: WorldsRequest): void {
  const { spreadPermille } = request.settings;
  for (const world of WORLDS) {
    if (!request.worlds.includes(world)) continue;
    // Each world draws its own factor from a stream of its own, whatever the other worlds draw.
    const factor = 1000 + input.random.stream(world).integer(-spreadPermille, spreadPermille);
    const lane = LANES[world]({ ...request, costs: input.costs.scaled(factor) });
    const life = request.part === "life" ? lane.life : toItsEnd(lane.life);
    inWorld(world, () => runLane(input, { ...lane, life }));
  }
}

/** A life marks its own end; of a program alone, its last instant is. */
function* toItsEnd(program: Activities): Generator<Activity> {
  yield* program;
  yield { kind: "mark", name: MARKS.gone };
}

/** What z/OS says that it has no service for is the scenario's mistake; anything else is a defect. */
function inWorld(world: World, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof RangeError && error.message.startsWith("z/OS:"))) throw error;
    throw new ScenarioError(
      `in the world ${world}: ${error.message}`,
      `ask for something else in the workload, or leave "${world}" out of the worlds`,
    );
  }
}

function processLane({ workload, part, costs, settings: { pageTableIsolation } }: LaneRequest): Lane {
  const linux = new LinuxKernel({ costs, output: PIPE, pageTableIsolation });
  const life = part === "life" ? processLife(linux, workload) : linux.run(workload, "program");
  return { world: "process", name: "Process", unit: "ns", life };
}

function containerLane({ workload, part, costs, settings }: LaneRequest): Lane {
  const { pageTableIsolation, runtime, hostKernel } = settings;
  const linux = new LinuxKernel({ costs, output: PIPE, pageTableIsolation });
  const life = (): Activities => {
    if (part === "program") return linux.run(workload, "program");
    if (runtime !== "ringside") return otherRuntimeLife(runtime, linux, costs, hostKernel, workload);
    return containerLife({ linux, costs, plan: DEFAULT_CONTAINER_PLAN, hostKernel }, workload);
  };
  return { world: "container", name: `Container: ${runtime}`, unit: "ns", life: life() };
}

function machineLane({ workload, part, costs, settings }: LaneRequest): Lane {
  const { row, initCost, network, verbose, accelerator, pageTableIsolation } = settings;
  const guest = new GuestKernel({ costs, output: serialConsole(costs), pageTableIsolation }, DISKS[row.vmm]);
  const hypervisor = new Hypervisor(costs, accelerator);
  const boot = initCost === "vm.init.distribution" ? { ...row.boot, kernelCost: "vm.kernel.distribution" } : row.boot;
  const life =
    part === "life"
      ? machineLife({ costs, hypervisor, guest, boot, network, verbose, initCost }, workload)
      : hypervisor.run(guest.run(workload, "program"));
  return { world: "vm", name: `Virtual machine: ${boot.vmm}, ${accelerator}`, unit: "ns", life, accelerator };
}

/** The disk of each monitor; QEMU's is virtio, whatever firmware it begins with. */
const DISKS: Readonly<Record<RaceSettings["row"]["vmm"], DiskVmm>> = {
  "microvm-qboot": "qemu",
  "q35-qboot": "qemu",
  "q35-seabios": "qemu",
  firecracker: "firecracker",
  "cloud-hypervisor": "cloud-hypervisor",
};

/** A guest's console is an emulated 8250: every register that its driver touches is a visit to the monitor. */
function serialConsole(costs: CostBook): OutputDevice {
  const count = costs.count("vm.exits.serialByte");
  const trap = { handledIn: "monitor", reason: "serial console", count, included: false } as const;
  return { name: "serial console", writeCost: "linux.write.pipe", traps: [trap] };
}

function addressSpaceLane({ workload, part }: LaneRequest): Lane {
  const nucleus = new Nucleus();
  const life = part === "life" ? addressSpaceLife(nucleus, workload) : nucleus.run(workload, "program");
  return { world: "address-space", name: "z/OS address space (steps, not time)", unit: "step", life, note: Z_OS_STEPS };
}
