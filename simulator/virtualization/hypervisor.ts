/**
 * A hypervisor below a guest: lets the guest run in its own user and kernel mode, and takes over where the guest does
 * what it cannot do alone (a VM exit). It changes nothing of what the guest's kernel does; it is put under it.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Activities, Activity, Burst, Trap } from "../machine/activity.ts";
import { evenPieces, interleave, type Tooth } from "../machine/pieces.ts";
import { COUNT_ARG } from "../trace/timeline.ts";
import { exitNs, exitsPerExit, type Levels } from "./exit-path.ts";
import { exitReasonOf } from "./exit-reasons.ts";

/**
 * `kvm`: on the machine itself. `kvm-nested`: in a guest of another hypervisor, which every exit has to pass. `tcg`:
 * QEMU translates the guest's instructions and carries them out itself, so there is no border to cross and no exit.
 */
export const ACCELERATORS = ["kvm", "kvm-nested", "tcg"] as const;
export type Accelerator = (typeof ACCELERATORS)[number];

/** Beyond this many exits in one burst a tooth stands for several, and says for how many. */
const MOST_TEETH = 48;

/** How deep the guest lies. Published boots were measured on machines themselves, not nested. */
const LEVELS: Readonly<Record<Exclude<Accelerator, "tcg">, Levels>> = { kvm: 1, "kvm-nested": 2 };

export class Hypervisor {
  readonly #costs: CostBook;
  readonly #accelerator: Accelerator;

  constructor(costs: CostBook, accelerator: Accelerator) {
    this.#costs = costs;
    this.#accelerator = accelerator;
  }

  /**
   * Puts the hypervisor under a guest.
   * @param guest what the guest does
   * @returns the same, with every trap as a visit to the hypervisor
   */
  *run(guest: Activities): Generator<Activity> {
    for (const activity of guest) {
      const accelerator = this.#accelerator;
      if (activity.kind !== "burst" || activity.traps === undefined) yield activity;
      else if (accelerator === "tcg") yield untrapped(activity);
      else yield* this.#withExits(activity, activity.traps, accelerator);
    }
  }

  /** Cuts a burst into even pieces with the exits between them. Exits that its duration already has are taken out of it. */
  *#withExits(burst: Burst, traps: readonly Trap[], accelerator: keyof typeof LEVELS): Generator<Activity> {
    const teeth = interleave(
      traps.map((trap) => ({ kind: trap, count: trap.count })),
      MOST_TEETH,
    );
    const included = traps.reduce((sum, trap) => sum + (trap.included ? trap.count * this.#exitNs(trap, "kvm") : 0), 0);
    const own = burst.duration - included;
    const plain = untrapped(burst);
    if (own <= teeth.length)
      throw new RangeError(`${burst.name}: ${burst.duration} ns cannot hold its exits, ${included} ns`);
    for (const [index, duration] of evenPieces(own, teeth.length + 1).entries()) {
      yield { ...plain, duration };
      const tooth = teeth[index];
      if (tooth !== undefined) yield this.#exit(burst, tooth, accelerator);
    }
  }

  #exit(burst: Burst, { kind: trap, count }: Tooth<Trap>, accelerator: keyof typeof LEVELS): Burst {
    return {
      kind: "burst",
      mode: "hypervisor",
      name: `VM exit: ${trap.reason}`,
      stage: burst.stage,
      duration: count * this.#exitNs(trap, accelerator),
      args: {
        [COUNT_ARG]: count,
        handledIn: trap.handledIn,
        exitReason: exitReasonOf(trap.reason).number,
        ...(LEVELS[accelerator] === 1 ? {} : { exitsToL0: count * exitsPerExit(this.#costs, LEVELS[accelerator]) }),
      },
    };
  }

  #exitNs(trap: Trap, accelerator: keyof typeof LEVELS): number {
    return exitNs(this.#costs, trap.handledIn, LEVELS[accelerator]);
  }
}

function untrapped({ traps: _, ...burst }: Burst): Burst {
  return burst;
}
