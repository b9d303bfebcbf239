/**
 * One processor without a clock: work units one after the other as a single lane of steps. A unit runs until it waits or
 * ends; then the dispatcher chooses by its usual order. For lanes that show a single story from its beginning to its end.
 */
import type { Activity } from "../machine/activity.ts";
import type { WorkUnit } from "./control-blocks.ts";
import { Dispatcher, ZosThread } from "./dispatcher.ts";
import { supervisorStep } from "./step.ts";
import type { ZosSystem } from "./system.ts";

const DISPATCH = "z/OS Basic Skills, what does the dispatcher do; IEAVEDS0 of MVS 3.8";

export class OneLane {
  readonly #system: ZosSystem;
  readonly #dispatcher = new Dispatcher({ timeSlice: Number.POSITIVE_INFINITY, cpus: 1 });

  /** Takes the system's hooks: what it starts and wakes is carried out by this lane. */
  constructor(system: ZosSystem) {
    this.#system = system;
    system.hooks = {
      start: (unit, life) => this.start(unit, life),
      wake: ({ thread }) => this.#wake(thread),
      kill: ({ thread }) => this.#kill(thread),
      recheck: () => {},
      stop: () => {},
    };
  }

  /** Queues a new work unit. */
  start(unit: WorkUnit, life: Iterable<Activity>): void {
    const thread = new ZosThread(unit, life);
    unit.thread = thread;
    thread.state = "ready";
    this.#dispatcher.enqueue(thread, 0, "new");
  }

  /**
   * @param stageOf the stage of a work unit's dispatching
   * @returns everything that the work units do, until none of them is ready
   */
  *run(stageOf: (unit: WorkUnit) => string): Generator<Activity> {
    for (let thread = this.#dispatcher.pick(0); thread !== undefined; thread = this.#dispatcher.pick(0)) {
      if (this.#system.waitState !== undefined) return;
      yield* this.#dispatch(thread, stageOf);
    }
  }

  *#dispatch(thread: ZosThread, stageOf: (unit: WorkUnit) => string): Generator<Activity> {
    const { unit } = thread;
    thread.state = "running";
    const psa = this.#system.psaOf(unit);
    psa.currentTcb = unit.kind === "TCB" ? unit : undefined;
    psa.srbMode = unit.kind === "SRB";
    psa.currentAscb = unit.home;
    const state = unit.psw.problem ? ": the PSW has the problem state bit" : ": registers, PSW, the new ASCE";
    yield this.#system.step(unit, stageOf(unit), supervisorStep(`dispatch the ${unit.name}${state}`, DISPATCH));
    for (let activity = thread.next(); activity !== undefined; activity = thread.next()) {
      if (activity.kind !== "block") yield activity;
      else if (!this.#passes(thread, activity.enter)) return;
    }
    thread.state = "ended";
  }

  /** @returns whether a unit that was to wait goes on at once */
  #passes(thread: ZosThread, enter: (() => boolean) | undefined): boolean {
    thread.state = "blocked";
    if (enter?.() !== true) return false;
    thread.state = "running";
    return true;
  }

  #wake(thread: WorkUnit["thread"]): void {
    if (!(thread instanceof ZosThread) || thread.state !== "blocked") return;
    thread.state = "ready";
    this.#dispatcher.enqueue(thread, 0, "woken");
  }

  #kill(thread: WorkUnit["thread"]): void {
    if (!(thread instanceof ZosThread)) return;
    this.#dispatcher.remove(thread);
    thread.state = "ended";
  }
}
