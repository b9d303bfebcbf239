/** The knobs of `another-system`: which one, on what, and how its devices, its depth and its moving are. */
import { DEVICE_MACHINES, type DeviceMachineName } from "../virtualization/device-machine.ts";
import { DISK_VMMS, type DiskVmm } from "../virtualization/disk-path.ts";
import type { Levels } from "../virtualization/exit-path.ts";
import { LAST_RESORTS, type LastResort, MIGRATION_MODES, type MigrationMode } from "../virtualization/migration.ts";
import { NETWORK_CARDS, type NetworkCardKind } from "../virtualization/network-path.ts";
import { OTHER_SYSTEMS, type OtherSystem, otherSystem } from "../virtualization/other-systems.ts";
import { SUPPRESSIONS, type Suppression } from "../virtualization/virtqueue.ts";
import { type Knob, type KnobValues, ScenarioError } from "./knob.ts";
import { choiceOf, integerOf } from "./scenario.ts";

const DISKS = DISK_VMMS.filter((vmm) => vmm !== "native");
const CARDS = NETWORK_CARDS.filter((card) => card !== "native");

export const ANOTHER_SYSTEM_KNOBS: readonly Knob[] = [
  choice(
    "system",
    OTHER_SYSTEMS.map(({ name }) => name),
    "freebsd",
    "what is to run on top",
  ),
  choice("levels", ["1", "2"], "1", "1: on the machine's hypervisor; 2: on a hypervisor that is a guest itself"),
  choice("machine", DEVICE_MACHINES, "m5d", "whose devices: AWS m5d.metal of 2020, or the host of Felter et al., 2014"),
  choice("disk", DISKS, "qemu", "how the guest reaches its disk: virtio of a monitor, or QEMU's emulated IDE"),
  integer("depth", 1, 256, "requests", 1, "reads of 4 KiB under way at once (fio's iodepth)"),
  choice("suppression", SUPPRESSIONS, "event index", "whether who is at work says that he need not be told"),
  choice("card", CARDS, "virtio", "the guest's network card: virtio with vhost, or an emulated e1000"),
  choice("move", MIGRATION_MODES, "pre-copy", "how the running guest is moved to another host"),
  integer("memory", 1, 8, "GiB", 1, "the moved guest's memory, idle but for what it writes"),
  integer("writes", 0, 1_000_000, "pages/s", 100, "how many pages it writes in a second"),
  integer("workingSet", 1, 32_768, "pages", 10_000, "among how many pages it writes them"),
  integer("bandwidth", 10, 100_000, "Mbit/s", 10_000, "of the network between the hosts"),
  integer("rounds", 1, 30, "rounds", 30, "after how many rounds of pre-copy it is stopped whatever is left"),
  choice(
    "lastResort",
    LAST_RESORTS,
    "stop",
    "what is done about a guest that writes too fast: QEMU's auto-converge slows it",
  ),
  choice("tuned", ["off", "on"], "off", "QEMU from 2.5 on: dirty logging is cleaned up after the guest runs again"),
];

function choice(name: string, choices: readonly string[], standard: string, help: string): Knob {
  return { kind: "choice", name, choices, default: standard, help };
}

function integer(name: string, low: number, high: number, unit: string, standard: number, help: string): Knob {
  return { kind: "integer", name, low, high, unit, default: standard, help };
}

export interface AnotherSystemSettings {
  readonly system: OtherSystem;
  readonly levels: Levels;
  readonly machine: DeviceMachineName;
  readonly disk: DiskVmm;
  readonly depth: number;
  readonly suppression: Suppression;
  readonly card: NetworkCardKind;
  readonly move: MigrationMode;
  readonly memoryGib: number;
  readonly writesPerSecond: number;
  readonly workingSet: number;
  readonly megabits: number;
  readonly rounds: number;
  readonly lastResort: LastResort;
  readonly tuned: boolean;
}

/** @throws ScenarioError where nobody published what would be needed */
export function anotherSystemSettings(knobs: KnobValues): AnotherSystemSettings {
  const levels = choiceOf(knobs, "levels") === "2" ? 2 : 1;
  const machine = memberOf(DEVICE_MACHINES, choiceOf(knobs, "machine"));
  if (levels === 2 && machine === "felter") {
    throw new ScenarioError(
      "nobody published what an exit takes one level deeper on machine=felter",
      "levels=2 goes with machine=m5d",
    );
  }
  return {
    system: otherSystem(choiceOf(knobs, "system")),
    levels,
    machine,
    disk: memberOf(DISK_VMMS, choiceOf(knobs, "disk")),
    depth: integerOf(knobs, "depth"),
    suppression: memberOf(SUPPRESSIONS, choiceOf(knobs, "suppression")),
    card: memberOf(NETWORK_CARDS, choiceOf(knobs, "card")),
    move: memberOf(MIGRATION_MODES, choiceOf(knobs, "move")),
    memoryGib: integerOf(knobs, "memory"),
    writesPerSecond: integerOf(knobs, "writes"),
    workingSet: integerOf(knobs, "workingSet"),
    megabits: integerOf(knobs, "bandwidth"),
    rounds: integerOf(knobs, "rounds"),
    lastResort: memberOf(LAST_RESORTS, choiceOf(knobs, "lastResort")),
    tuned: choiceOf(knobs, "tuned") === "on",
  };
}

function memberOf<Value extends string>(known: readonly Value[], text: string): Value {
  const found = known.find((candidate) => candidate === text);
  if (found === undefined) throw new TypeError(`"${text}" is none of ${known.join(", ")}`);
  return found;
}
