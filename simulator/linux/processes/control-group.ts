/** A control group with all of its controllers (cgroups(7)): cpu, memory, and pids by pids.max. */
import type { MemoryGroup } from "../memory/memory-group.ts";
import type { CpuGroup } from "../scheduler/cpu-group.ts";

export class ControlGroup {
  readonly path: string;
  readonly parent: ControlGroup | undefined;
  readonly cpu: CpuGroup;
  readonly memory: MemoryGroup;
  pidsMax: number;
  /** Processes here and below. */
  pids = 0;
  /** How often fork was refused for pids.max (pids.events). */
  pidsRefused = 0;

  constructor(
    path: string,
    parent: ControlGroup | undefined,
    controllers: { readonly cpu: CpuGroup; readonly memory: MemoryGroup; readonly pidsMax?: number },
  ) {
    this.path = path;
    this.parent = parent;
    this.cpu = controllers.cpu;
    this.memory = controllers.memory;
    this.pidsMax = controllers.pidsMax ?? Number.POSITIVE_INFINITY;
  }

  /** @returns whether there is room for another process, here and in every group above. */
  admits(): boolean {
    const full = this.#path().find(({ pids, pidsMax }) => pids + 1 > pidsMax);
    if (full !== undefined) full.pidsRefused++;
    return full === undefined;
  }

  count(change: 1 | -1): void {
    for (const group of this.#path()) group.pids += change;
  }

  #path(): ControlGroup[] {
    const path: ControlGroup[] = [];
    for (let group: ControlGroup | undefined = this; group !== undefined; group = group.parent) path.push(group);
    return path;
  }
}
