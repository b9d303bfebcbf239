/**
 * A hypervisor below a guest: lets the guest run in its own user and kernel mode, and takes over where the guest does
 * what it cannot do alone (a VM exit). It changes nothing of what the guest's kernel does; it is put under it.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Activities, Activity, Burst, Trap } from "../machine/activity.ts";
import { COUNT_ARG } from "../trace/timeline.ts";

/** The cost of one exit, by who handles it. */
const EXIT_COST: Readonly<Record<Trap["handledIn"], string>> = {
  "host kernel": "hypervisor.exit.kernel",
  monitor: "hypervisor.exit.monitor",
};

/**
 * Puts a hypervisor under a guest.
 * @param costs what an exit takes
 * @param guest what the guest does
 * @returns the same, with every trap as a visit to the hypervisor
 */
export function* virtualize(costs: CostBook, guest: Activities): Generator<Activity> {
  for (const activity of guest) {
    if (activity.kind === "burst" && activity.traps !== undefined) yield* withExits(costs, activity, activity.traps);
    else yield activity;
  }
}

/** Cuts a burst into even pieces with the exits between them. */
function* withExits(costs: CostBook, burst: Burst, traps: readonly Trap[]): Generator<Activity> {
  const exits = traps.filter((trap) => trap.count > 0).map((trap) => exitBurst(costs, burst, trap));
  const inside = exits.reduce((sum, exit, index) => sum + (traps[index]?.included ? exit.duration : 0), 0);
  const pieces = evenPieces(Math.max(exits.length + 1, burst.duration - inside), exits.length + 1);
  const { traps: _, ...plain } = burst;
  for (const [index, duration] of pieces.entries()) {
    yield { ...plain, duration };
    const exit = exits[index];
    if (exit !== undefined) yield exit;
  }
}

function exitBurst(costs: CostBook, burst: Burst, trap: Trap): Burst {
  return {
    kind: "burst",
    mode: "hypervisor",
    name: `VM exit: ${trap.reason}`,
    stage: burst.stage,
    duration: trap.count * costs.ns(EXIT_COST[trap.handledIn]),
    args: { [COUNT_ARG]: trap.count, handledIn: trap.handledIn },
  };
}

/** @returns `count` positive integers that differ by at most one and sum up to `total`. */
export function evenPieces(total: number, count: number): number[] {
  const each = Math.floor(total / count);
  return Array.from({ length: count }, (_, index) => each + (index < total - each * count ? 1 : 0));
}
