/**
 * Many virtual machines started on few processors, as nsdi2020-data does it: one launcher (xargs -P) keeps so many of them
 * in flight and starts the next one when one has gone. Each is a thread of the host that computes while it boots; only
 * its end is mostly waiting, for the grace periods after which the kernel may free what a guest was made of. How long a
 * boot takes among others follows from the host's scheduler; nothing is fitted to it.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { Simulation } from "../engine/simulation.ts";
import type { Activity } from "../machine/activity.ts";
import { CpuSet, type Stretch } from "../machine/cpu-set.ts";
import type { SchedulingPolicy } from "../machine/policy.ts";
import { Thread } from "../machine/thread.ts";

/** What one boot takes, stage by stage, when it is alone. */
export interface BootStage {
  readonly name: string;
  readonly ns: number;
  /** Whether it needs a processor, or waits. */
  readonly computes: boolean;
}

export interface ParallelOptions {
  readonly costs: CostBook;
  readonly cpus: number;
  /** How many are in flight at once, as far as the launcher keeps up. */
  readonly parallel: number;
  readonly boots: number;
  readonly stages: readonly BootStage[];
  /** Says who runs; made for the simulation that it decides in. */
  readonly policy: (simulation: Simulation) => SchedulingPolicy;
  readonly ran?: (stretch: Stretch<Thread>) => void;
  readonly gone?: (thread: Thread, at: number) => void;
}

export interface ParallelBoots {
  /** From the monitor's start until it has gone, of each boot, in the order of their ends. */
  readonly durationsNs: readonly number[];
  readonly medianNs: number;
  /** Ready, and not running: what the boots have waited for processors, all together. */
  readonly waitedNs: number;
  readonly elapsedNs: number;
}

/** @returns what became of all of them. */
export function bootInParallel(options: ParallelOptions): ParallelBoots {
  const { costs, cpus, parallel, boots, stages, policy, ran, gone } = options;
  const simulation = new Simulation();
  const durations: number[] = [];
  const startedAt = new Map<Thread, number>();
  const threads: Thread[] = [];
  const launcher = new Thread("launcher", launch());
  const set: CpuSet = new CpuSet({
    simulation,
    cpus,
    policy: policy(simulation),
    observer: { ...(ran === undefined ? {} : { ran }), ended },
  });

  function* launch(): Generator<Activity> {
    for (let number = 1; number <= boots; number++) {
      while (threads.length - durations.length >= parallel) yield { kind: "block", reason: "one of them to end" };
      yield { kind: "burst", mode: "user", name: "launch", stage: "launch", duration: costs.ns("launcher.start") };
      const thread = new Thread(`VM ${number}`, life(stages));
      threads.push(thread);
      startedAt.set(thread, simulation.now);
      set.start(thread);
    }
  }

  function ended(thread: Thread, now: number): void {
    const started = startedAt.get(thread);
    if (started === undefined) return;
    durations.push(now - started);
    gone?.(thread, now);
    set.wake(launcher);
  }

  set.start(launcher);
  simulation.run();
  return {
    durationsNs: durations,
    medianNs: median(durations),
    waitedNs: threads.reduce((sum, { waitedNs }) => sum + waitedNs, 0),
    elapsedNs: simulation.now,
  };
}

function* life(stages: readonly BootStage[]): Generator<Activity> {
  for (const { name, ns, computes } of stages) {
    if (computes) yield { kind: "burst", mode: "kernel", name, stage: name, duration: ns };
    else yield { kind: "pause", duration: ns };
  }
}

/** @returns the lower one of the two in the middle, so that it is one that there was. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
