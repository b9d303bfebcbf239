/** The knobs of the hundred sites. What a site is like nobody can look up: its sizes are the reader's own. */

import type { Isolation } from "../isolation/isolation.ts";
import { viewOf } from "../isolation/isolation.ts";
import { findIsolation, ISOLATIONS } from "../isolation/table.ts";
import { type BootRow, findBoot } from "../virtualization/boot-table.ts";
import type { Knob, KnobValues } from "./knob.ts";
import { choiceOf, integerOf } from "./scenario.ts";

/** A monitor: whose memory was measured, and the row of its boot. */
const MONITORS = {
  qemu: ["q35-seabios", "bzimage", "source"],
  firecracker: ["firecracker", "vmlinux", "m5d"],
  "cloud-hypervisor": ["cloud-hypervisor", "vmlinux", "m5d"],
} as const;
type Monitor = keyof typeof MONITORS;

/** What a guest's memory is before its site has begun: the costs' ids. */
export const GUESTS = { distribution: "memory.guest.touched.kib", minimal: "memory.guest.minimal.kib" } as const;

export const HUNDRED_SITES_KNOBS: readonly Knob[] = [
  integer("sites", 1, 300, 100, "sites", "how many sites there are, each with a database of its own"),
  integer("memoryGiB", 1, 64, 16, "GiB", "the machine's memory"),
  integer("cpus", 1, 16, 4, "processors", "the machine's processors"),
  integer("databaseMiB", 1, 512, 64, "MiB", "what each database keeps for itself: your own figure"),
  integer("programMiB", 1, 256, 24, "MiB", "the database's program and libraries, the same for all: your own figure"),
  choice(
    "image",
    ["one", "own"],
    "one",
    "one: all sites' programs come of one image, or one LPA; own: each brings its copy of the same program",
  ),
  choice(
    "subsystem",
    ["one", "each"],
    "one",
    "on z/OS: one database manager for all regions, which they call by PROGRAM CALL (Extended Addressability), or one in each",
  ),
  choice(
    "isolation",
    ISOLATIONS.map(({ id }) => id),
    "ringside",
    "what keeps the containers apart (docs/isolation.md); of most nobody published how long they take to start",
  ),
  choice(
    "monitor",
    Object.keys(MONITORS),
    "qemu",
    "the monitor of each virtual machine (nsdi2020-data; Garzarella 2019)",
  ),
  choice(
    "guest",
    Object.keys(GUESTS),
    "distribution",
    "what runs beside the database in each machine: an idle distribution (nsdi2020-data), or the least that a Linux guest runs with (EuroSys 2021)",
  ),
  integer("parallel", 1, 50, 10, "starts", "how many are being started at a time"),
  integer("noisy", 0, 64, 16, "threads", "threads of one site that compute without end, once all sites are there"),
  integer("answerUs", 10, 20_000, 2000, "us", "the processor time of one answer: your own figure"),
];

function choice(name: string, choices: readonly string[], standard: string, help: string): Knob {
  return { kind: "choice", name, choices, default: standard, help };
}

function integer(name: string, low: number, high: number, standard: number, unit: string, help: string): Knob {
  return { kind: "integer", name, low, high, default: standard, unit, help };
}

export interface SitesSettings {
  readonly sites: number;
  readonly memoryKib: number;
  readonly cpus: number;
  readonly databaseKib: number;
  readonly programKib: number;
  readonly oneImage: boolean;
  readonly oneSubsystem: boolean;
  readonly isolation: Isolation;
  /** Whether a container's share of the processors is its own, and its program is the others' too. */
  readonly ownShare: boolean;
  readonly sharesProgram: boolean;
  readonly monitor: Monitor;
  readonly boot: BootRow["boot"];
  readonly guestCost: string;
  readonly parallel: number;
  readonly noisy: number;
  readonly answerNs: number;
}

/** @returns the knobs as the scenario uses them. */
export function sitesSettings(knobs: KnobValues): SitesSettings {
  const isolation = findIsolation(choiceOf(knobs, "isolation"));
  const monitor = keyOf(MONITORS, choiceOf(knobs, "monitor"));
  const [vmm, kernel, host] = MONITORS[monitor];
  const boot = findBoot(vmm, kernel, host)?.boot;
  if (isolation === undefined || boot === undefined) throw new TypeError("a knob's value is in no table");
  const oneImage = choiceOf(knobs, "image") === "one";
  return {
    sites: integerOf(knobs, "sites"),
    memoryKib: integerOf(knobs, "memoryGiB") * 1024 * 1024,
    cpus: integerOf(knobs, "cpus"),
    databaseKib: integerOf(knobs, "databaseMiB") * 1024,
    programKib: integerOf(knobs, "programMiB") * 1024,
    oneImage,
    oneSubsystem: choiceOf(knobs, "subsystem") === "one",
    isolation,
    ownShare: viewOf(isolation, "cpu")?.whose === "part",
    // A zone with a whole root has copies of all packages, whatever image there was.
    sharesProgram: oneImage && !(isolation.system === "Solaris" && viewOf(isolation, "root")?.whose === "own"),
    monitor,
    boot,
    guestCost: GUESTS[keyOf(GUESTS, choiceOf(knobs, "guest"))],
    parallel: integerOf(knobs, "parallel"),
    noisy: integerOf(knobs, "noisy"),
    answerNs: integerOf(knobs, "answerUs") * 1000,
  };
}

function keyOf<Table extends object>(table: Table, text: string): keyof Table {
  for (const key in table) if (key === text) return key;
  throw new TypeError(`there is no "${text}"`);
}
