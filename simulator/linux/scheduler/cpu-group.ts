/**
 * A control group as the scheduler sees it (Documentation/admin-guide/cgroup-v2.rst, "CPU"): on every processor it has a
 * run queue of its own, and one entity that stands in its parent's. What that entity weighs is the group's weight, split
 * over the processors by where its work is.
 */
import { Bandwidth, type CpuMax } from "./bandwidth.ts";
import { Entity } from "./entity.ts";
import { RunQueue } from "./run-queue.ts";
import { DEFAULT_CPU_WEIGHT, weightOfGroup } from "./weights.ts";

/** The kernel's least weight of a group on one processor (MIN_SHARES). */
const LEAST_SHARE = 2;

export interface CpuGroupOptions {
  /** cpu.weight, 1 to 10000. */
  readonly weight?: number;
  /** cpu.max; no limit where it is left out. */
  readonly max?: CpuMax;
}

/** A group on one processor. */
export interface GroupOnCpu {
  readonly queue: RunQueue;
  readonly entity: Entity;
  /** Since when it is throttled here. */
  throttledAt: number | undefined;
}

/** What cpu.stat shows, in nanoseconds. */
export interface CpuStat {
  readonly usageNs: number;
  readonly periods: number;
  readonly throttledPeriods: number;
  /** Summed over the processors, as the kernel does. */
  readonly throttledNs: number;
  readonly bursts: number;
  readonly burstNs: number;
}

export class CpuGroup {
  readonly name: string;
  readonly parent: CpuGroup | undefined;
  readonly onCpu: readonly GroupOnCpu[];
  shares: number;
  bandwidth: Bandwidth | undefined;
  usageNs = 0;

  /** Made by the policy (EevdfPolicy.group), which numbers the entities. */
  constructor(
    name: string,
    parent: CpuGroup | undefined,
    options: CpuGroupOptions,
    onCpu: { readonly cpus: number; readonly nextId: () => number; readonly sliceNs: number },
  ) {
    const { cpus, nextId, sliceNs } = onCpu;
    this.name = name;
    this.parent = parent;
    this.shares = weightOfGroup(options.weight ?? DEFAULT_CPU_WEIGHT);
    this.bandwidth = options.max === undefined ? undefined : new Bandwidth(options.max, cpus);
    this.onCpu = Array.from({ length: cpus }, (_, cpu) => ({
      queue: new RunQueue(),
      entity: new Entity(nextId(), `${name} on ${cpu}`, this.shares, sliceNs),
      throttledAt: undefined,
    }));
  }

  /** @returns the group on a processor. */
  at(cpu: number): GroupOnCpu {
    const found = this.onCpu[cpu];
    if (found === undefined) throw new RangeError(`control group ${this.name}: there is no processor ${cpu}`);
    return found;
  }

  /** @returns the group and those that it is in, the innermost first, without the root. */
  path(): CpuGroup[] {
    return this.parent === undefined ? [] : [this, ...this.parent.path()];
  }

  /** Splits the group's weight over the processors by the load that it has on each. */
  spreadShares(): void {
    if (this.parent === undefined) return;
    const total = this.onCpu.reduce((sum, { queue }) => sum + queue.load, 0);
    for (const [cpu, { queue, entity }] of this.onCpu.entries()) {
      if (queue.load === 0) continue;
      const share = Math.max(LEAST_SHARE, Math.floor((this.shares * queue.load) / total));
      this.parent.at(cpu).queue.reweight(entity, share);
    }
  }

  /** @returns what cpu.stat shows at this instant. */
  stat(now: number): CpuStat {
    const { bandwidth } = this;
    const running = this.onCpu.reduce(
      (sum, { throttledAt }) => sum + (throttledAt === undefined ? 0 : now - throttledAt),
      0,
    );
    return {
      usageNs: this.usageNs,
      periods: bandwidth?.periods ?? 0,
      throttledPeriods: bandwidth?.throttledPeriods ?? 0,
      throttledNs: (bandwidth?.throttledNs ?? 0) + running,
      bursts: bandwidth?.bursts ?? 0,
      burstNs: bandwidth?.burstNs ?? 0,
    };
  }
}
