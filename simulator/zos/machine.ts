/**
 * A z/OS with processors: the dispatcher decides, a CpuSet carries out, and what happens is written down, one track a
 * processor or as the caller likes. Time is steps.
 */
import { PRIORITIES } from "../engine/priorities.ts";
import { Simulation } from "../engine/simulation.ts";
import type { Activity, Burst } from "../machine/activity.ts";
import { type CpuObserver, CpuSet } from "../machine/cpu-set.ts";
import { type Ascb, isDispatchable, tasksOf, type WorkUnit } from "./control-blocks.ts";
import { Dispatcher, isEligible, ZosThread } from "./dispatcher.ts";
import { type Step, stepActivity, supervisorStep } from "./step.ts";
import { type SystemOptions, ZosSystem } from "./system.ts";

const DISPATCHER = "IEAVEDS0, the dispatcher of MVS 3.8; z/OS MVS Diagnosis: Reference, processor resources";
const INTERRUPTION = "z/OS Basic Skills, interrupt processing";

/** What is done to give a processor to a work unit, in the same address space as the one before. */
const SWITCH: readonly string[] = [
  "look through the queues in their order",
  "registers from the TCB, PSW from its newest RB; PSATOLD and PSAAOLD",
  "CPU timer and time slice, LPSW",
];
const SWITCH_SPACE = "another address space: its ASCE into control registers 1, 7 and 13 (PSAANEW)";

/** One address space is in one of four states. OUT-WAIT is recalled, the others are verified. */
export type SpaceState = "IN-READY" | "IN-WAIT" | "OUT-READY" | "OUT-WAIT";

export interface MachineOptions extends SystemOptions {
  readonly simulation?: Simulation;
  readonly timeSlice?: number;
  readonly observer?: CpuObserver<ZosThread>;
}

/** Long enough for most supervisor calls; how long a real slice is depends on the processor and is not published. */
export const DEFAULT_TIME_SLICE = 100;

export class ZosMachine {
  readonly system: ZosSystem;
  readonly simulation: Simulation;
  readonly cpus: CpuSet<ZosThread>;
  readonly dispatcher: Dispatcher;

  constructor(options: MachineOptions = {}) {
    const { simulation = new Simulation(), timeSlice = DEFAULT_TIME_SLICE, observer = {}, cpus = 1 } = options;
    this.system = new ZosSystem(options);
    this.simulation = simulation;
    this.dispatcher = new Dispatcher({ timeSlice, cpus });
    this.cpus = new CpuSet<ZosThread>({
      simulation,
      cpus,
      policy: this.dispatcher,
      contextSwitch: dispatchBurst,
      observer: {
        ...observer,
        dispatched: (thread, cpu, now) => {
          this.#dispatched(thread.unit, cpu);
          observer.dispatched?.(thread, cpu, now);
        },
      },
    });
    this.system.hooks = {
      start: (unit, life) => this.start(unit, life),
      wake: ({ thread }) => {
        if (thread instanceof ZosThread) this.cpus.wake(thread);
      },
      kill: ({ thread }) => {
        if (thread instanceof ZosThread) this.cpus.kill(thread);
      },
      recheck: () => this.#soon(() => this.#recheck()),
      stop: () => this.#soon(() => this.#stop()),
    };
  }

  /** Lets a work unit begin: it is queued for the dispatcher. */
  start(unit: WorkUnit, life: Iterable<Activity>, special = false): ZosThread {
    const thread = new ZosThread(unit, life, special);
    unit.thread = thread;
    this.cpus.start(thread);
    return thread;
  }

  /** Lets an I/O or external interruption come to a processor: whoever runs there is interrupted as soon as enabled. */
  interrupt(cpu: number, name: string, steps: number, done: () => void = () => {}): void {
    const step = supervisorStep(name, INTERRUPTION);
    this.cpus.interrupt(cpu, { ...stepActivity(step, "interruption"), duration: steps }, done);
  }

  /** Takes an address space's private storage out, or brings it back; nothing of it is dispatched in between. */
  swap(ascb: Ascb, to: Ascb["swapped"]): void {
    ascb.swapped = to;
    this.#soon(() => this.cpus.reschedule());
  }

  /** @returns the state of an address space. */
  stateOf(ascb: Ascb): SpaceState {
    const waiting = this.dispatcher.queued().some(({ unit }) => unit.home === ascb);
    const running = Array.from({ length: this.cpus.count }, (_, cpu) => this.cpus.runningOn(cpu));
    const ready = waiting || running.some((thread) => thread?.unit.home === ascb);
    const dispatchable = ready && (tasksOf(ascb).some(isDispatchable) || tasksOf(ascb).length === 0);
    return `${ascb.swapped === "in" ? "IN" : "OUT"}-${dispatchable ? "READY" : "WAIT"}`;
  }

  /** Lets everything run to its end. @throws Error where it does not come to one */
  run(): void {
    const report = this.simulation.run();
    if (report.ended !== "finished") throw new Error(`z/OS: not at its end after ${report.events} events`);
  }

  #soon(action: () => void): void {
    this.simulation.after(0, PRIORITIES.begin, action);
  }

  #dispatched(unit: WorkUnit, cpu: number): void {
    unit.cpu = cpu;
    const psa = this.system.psaOf(unit);
    psa.currentTcb = unit.kind === "TCB" ? unit : undefined;
    psa.srbMode = unit.kind === "SRB";
    psa.currentAscb = unit.home;
  }

  #recheck(): void {
    const best = this.dispatcher.best();
    if (best === undefined || !isEligible(best)) return;
    for (let cpu = 0; cpu < this.cpus.count; cpu++) {
      const running = this.cpus.runningOn(cpu);
      if (running !== undefined && !this.dispatcher.preempts(best, running)) continue;
      this.cpus.reschedule();
      return;
    }
  }

  #stop(): void {
    for (let cpu = 0; cpu < this.cpus.count; cpu++) this.cpus.suspend(cpu);
  }
}

function dispatchBurst(from: ZosThread | undefined, to: ZosThread): Burst {
  const steps = from?.unit.home === to.unit.home ? SWITCH : [...SWITCH.slice(0, 1), SWITCH_SPACE, ...SWITCH.slice(1)];
  const step: Step = supervisorStep(`dispatcher: ${to.unit.kind} ${to.unit.name}`, DISPATCHER);
  return { ...stepActivity(step, "dispatcher", { steps: steps.join("; ") }), duration: steps.length };
}
