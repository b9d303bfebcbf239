/**
 * What the model predicts beside what was published: one row for each figure that the model can be held to. Rows that a
 * cost was derived from show that the parts still make the whole; they cannot show more.
 */
import type { World } from "../trace/timeline.ts";
import type { KnobValues } from "./knob.ts";
import { runScenario } from "./run.ts";

interface PublishedFigure {
  readonly id: string;
  readonly world: World;
  readonly metric: string;
  readonly knobs: KnobValues;
  /** In milliseconds. */
  readonly published: number;
  /** As a share of the published figure. */
  readonly tolerance: number;
  readonly source: string;
}

export interface ValidationRow {
  readonly id: string;
  readonly predicted: number;
  readonly published: number;
  readonly unit: "ms";
  readonly tolerance: number;
  readonly ok: boolean;
  readonly source: string;
}

const NSDI = "firecracker-microvm/nsdi2020-data, median";
const SCRIVANO = "G. Scrivano, The journey to speed up running OCI containers, 2022";
const GARZARELLA = "stefano-garzarella.github.io, 2019-08-23";

const FIGURES: readonly PublishedFigure[] = [
  ...onHosts(
    "cloud-hypervisor",
    "gone",
    { m5d: 102.5, haswell: 65.1, nehalem: 107.7 },
    `${NSDI}, ELF kernel, until gone`,
  ),
  ...onHosts("q35-qboot", "gone", { m5d: 213.9, haswell: 159.1, nehalem: 228.0 }, `${NSDI}, QEMU + qboot, until gone`),
  ...onHosts("firecracker", "gone", { m5d: 160.9, haswell: 126.7, nehalem: 164.0 }, `${NSDI}, by its API, until gone`),
  vm("q35-seabios-bzimage", { vmm: "q35-seabios", kernel: "bzimage" }, 191.7),
  vm("q35-seabios-vmlinux", { vmm: "q35-seabios", kernel: "vmlinux" }, 139.5),
  vm("q35-qboot-bzimage", { vmm: "q35-qboot", kernel: "bzimage" }, 184.6),
  vm("q35-qboot-vmlinux", { vmm: "q35-qboot", kernel: "vmlinux" }, 133.8),
  runtime("crun", 28.9, 0.2, `${SCRIVANO}: 28.9 ± 5.9 ms`),
  runtime("crun-cached", 5.6, 0.5, `${SCRIVANO}: 5.6 ± 3.0 ms`),
  runtime("runc", 13.9, 0.15, "runc commit 515f09f7b: 13.9 ± 0.9 ms"),
];

function onHosts(
  vmm: string,
  metric: string,
  byHost: Readonly<Record<string, number>>,
  source: string,
): PublishedFigure[] {
  return Object.entries(byHost).map(([host, published]) => {
    return { id: `${vmm}-${host}`, world: "vm", metric, knobs: { vmm, host }, published, tolerance: 0.1, source };
  });
}

function vm(id: string, knobs: KnobValues, published: number): PublishedFigure {
  return { id, world: "vm", metric: "firstInstruction", knobs, published, tolerance: 0.1, source: GARZARELLA };
}

function runtime(name: string, published: number, tolerance: number, source: string): PublishedFigure {
  return { id: name, world: "container", metric: "gone", knobs: { runtime: name }, published, tolerance, source };
}

/** @returns every published figure with the model's prediction of it, for a start that is neither fast nor slow. */
export function validate(): ValidationRow[] {
  return FIGURES.map(({ id, world, metric, knobs, published, tolerance, source }) => {
    const { metrics } = runScenario("startup-race", { knobs: { ...knobs, spread: 0 } });
    const value = metrics.find((entry) => entry.world === world)?.metrics[metric]?.value;
    if (value === undefined) throw new Error(`validate ${id}: the race has no ${metric} of the ${world}`);
    const predicted = Math.round(value / 1000) / 1000;
    const ok = Math.abs(predicted - published) <= tolerance * published;
    return { id, predicted, published, unit: "ms", tolerance, ok, source };
  });
}

/** @returns the rows as `ringside.validate/1`, with a newline at its end. */
export function validationJson(rows: readonly ValidationRow[]): string {
  return `${JSON.stringify({ schema: "ringside.validate/1", rows }, null, 2)}\n`;
}
