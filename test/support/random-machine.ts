/**
 * A machine that does anything at all, drawn from a seed: processors, threads that run, sleep, wait for semaphores and are
 * interrupted, processors that are taken away for a while, timers that are put off. It imports nothing but the simulator,
 * so that a browser can run it too.
 */
import { PRIORITIES } from "../../simulator/engine/priorities.ts";
import { Random } from "../../simulator/engine/random.ts";
import { Simulation } from "../../simulator/engine/simulation.ts";
import type { Activity, Burst } from "../../simulator/machine/activity.ts";
import { CpuSet, type Stretch } from "../../simulator/machine/cpu-set.ts";
import { RoundRobin } from "../../simulator/machine/policy.ts";
import { Thread } from "../../simulator/machine/thread.ts";
import { trackObserver } from "../../simulator/machine/track-observer.ts";
import { TraceRecorder } from "../../simulator/trace/recorder.ts";
import type { Mode } from "../../simulator/trace/timeline.ts";

const MODES: readonly Mode[] = ["user", "kernel", "hypervisor"];
/** Long enough for every thread to have begun, short enough for most to be at work still. */
const HORIZON = 2000;

export interface RandomMachine {
  readonly recorder: TraceRecorder;
  /** What has gone against the rules, one sentence each. */
  readonly problems: readonly string[];
  readonly events: number;
}

/** Whoever waits is woken in turn; a signal that nobody waits for is kept. */
class Semaphore {
  #tokens = 0;
  readonly #waiters: Thread[] = [];

  wait(thread: Thread): boolean {
    if (this.#tokens > 0) {
      this.#tokens--;
      return true;
    }
    this.#waiters.push(thread);
    return false;
  }

  /** @returns who is to be woken: whoever was killed meanwhile does not wait any more */
  signal(): Thread | undefined {
    let waiter = this.#waiters.shift();
    while (waiter?.state === "ended") waiter = this.#waiters.shift();
    if (waiter === undefined) this.#tokens++;
    return waiter;
  }
}

class Machine {
  readonly simulation = new Simulation();
  readonly recorder = new TraceRecorder();
  readonly problems: string[] = [];
  readonly #random: Random;
  readonly #cpus: CpuSet;
  readonly #count: number;
  readonly #semaphores = [new Semaphore(), new Semaphore()];
  readonly #threads: { readonly thread: Thread; readonly work: number }[] = [];
  /** What is left to do of each interrupt that is not done. */
  readonly #interrupts = new Map<unknown, number>();
  /** When threads were killed. */
  readonly #killed = new Map<Thread | undefined, number>();
  readonly #until = new Map<Thread | number, number>();
  #seen = 0;

  constructor(seed: number) {
    this.#random = new Random(seed, "machine");
    this.#count = this.#random.integer(1, 4);
    for (let cpu = 0; cpu < this.#count; cpu++) {
      const provenance = { kind: "simulated", detail: `a random machine, seed ${seed}` } as const;
      this.recorder.track({ id: `cpu${cpu}`, name: `CPU ${cpu}`, world: "process", unit: "ns", provenance });
    }
    const trace = trackObserver(this.recorder, (_, cpu) => `cpu${cpu}`);
    this.#cpus = new CpuSet({
      simulation: this.simulation,
      cpus: this.#count,
      policy: new RoundRobin(this.#random.integer(1, 50)),
      contextSwitch: this.#random.integer(0, 1) === 0 ? () => burst("kernel", "switch", 2) : () => undefined,
      observer: {
        ...trace,
        ran: (stretch) => {
          this.#watch(stretch);
          trace.ran?.(stretch);
        },
      },
    });
  }

  run(): number {
    for (let thread = this.#random.integer(1, 8); thread > 0; thread--) this.#addThread(`thread ${thread}`);
    for (let interrupt = this.#random.integer(0, 20); interrupt > 0; interrupt--) this.#addInterrupt();
    for (let outage = this.#random.integer(0, 4); outage > 0; outage--) this.#addOutage();
    for (let disturbance = this.#random.integer(0, 10); disturbance > 0; disturbance--) this.#addDisturbance();
    this.#addTimers();
    const { ended, events } = this.simulation.run();
    if (ended !== "finished") this.problems.push(`the run ended at its ${ended}`);
    if (this.#interrupts.size > 0) this.problems.push(`${this.#interrupts.size} interrupts were lost`);
    for (const { thread, work } of this.#threads) {
      if (thread.state !== "ended") this.problems.push(`${thread.name} is ${thread.state}: a wake-up was lost`);
      if (this.#killed.has(thread) ? thread.ranNs > work : thread.ranNs !== work)
        this.problems.push(`${thread.name} ran for ${thread.ranNs} of ${work}`);
    }
    return events;
  }

  /** Time never goes back; a processor does one thing, in one mode, at a time; a thread is in one place. */
  #watch({ cpu, thread, activity, start, end }: Stretch<Thread>): void {
    if (start >= (this.#killed.get(thread) ?? Number.POSITIVE_INFINITY)) this.problems.push("a killed thread runs");
    const left = this.#interrupts.get(activity);
    if (left !== undefined) this.#interrupts.set(activity, left - (end - start));
    if (this.simulation.now < this.#seen) this.problems.push(`time went back to ${this.simulation.now}`);
    this.#seen = this.simulation.now;
    if (end !== this.simulation.now) this.problems.push(`a stretch ends at ${end}, seen at ${this.simulation.now}`);
    for (const owner of thread === undefined ? [cpu] : [cpu, thread]) {
      const before = this.#until.get(owner) ?? 0;
      const name = typeof owner === "number" ? `CPU ${owner}` : owner.name;
      if (start < before) this.problems.push(`${name} does two things at once, at ${start} and until ${before}`);
      this.#until.set(owner, end);
    }
  }

  #addThread(name: string): void {
    const activities: Activity[] = [];
    let work = 0;
    // The thread is there when its activities are carried out, and not yet when they are made.
    const holder: { thread?: Thread } = {};
    for (let step = this.#random.integer(1, 12); step > 0; step--) {
      const activity = this.#activity(holder);
      if (activity.kind === "burst") work += activity.duration;
      activities.push(activity);
    }
    const thread = new Thread(name, activities);
    holder.thread = thread;
    this.#threads.push({ thread, work });
    this.#at(PRIORITIES.begin, () => this.#cpus.start(thread));
  }

  #activity(holder: { readonly thread?: Thread }): Activity {
    switch (this.#random.integer(0, 5)) {
      case 0:
        return { kind: "pause", duration: this.#random.integer(1, 100) };
      case 1:
        return { kind: "mark", name: "mark" };
      case 2: {
        const semaphore = this.#semaphores[this.#random.integer(0, 1)] ?? new Semaphore();
        // As many signals as waits: whoever still waits in the end has been forgotten.
        this.#at(PRIORITIES.complete, () => this.#signal(semaphore));
        const enter = () => holder.thread !== undefined && semaphore.wait(holder.thread);
        return { kind: "block", reason: "semaphore", enter };
      }
      default: {
        const mode = MODES[this.#random.integer(0, 2)] ?? "user";
        const flags = { preemptible: this.#random.integer(0, 4) > 0, interruptible: this.#random.integer(0, 4) > 0 };
        return { ...burst(mode, `run in ${mode} mode`, this.#random.integer(1, 100)), ...flags };
      }
    }
  }

  #signal(semaphore: Semaphore): void {
    const waiter = semaphore.signal();
    if (waiter !== undefined && !this.#cpus.wake(waiter)) this.problems.push(`${waiter.name} was not asleep`);
  }

  #addInterrupt(): void {
    const cpu = this.#random.integer(0, this.#count - 1);
    const handler = burst("kernel", "interrupt", this.#random.integer(1, 20));
    this.#interrupts.set(handler, handler.duration);
    const done = () => {
      const left = this.#interrupts.get(handler);
      if (left !== 0) this.problems.push(`an interrupt on CPU ${cpu} is done with ${left} to go`);
      this.#interrupts.delete(handler);
    };
    this.#at(PRIORITIES.begin, () => this.#cpus.interrupt(cpu, handler, done));
  }

  #addOutage(): void {
    const cpu = this.#random.integer(0, this.#count - 1);
    this.#at(PRIORITIES.begin, () => this.#cpus.suspend(cpu));
    // Outages of one processor may lie in one another; the last event of all gives every processor back.
    this.simulation.schedule(HORIZON, PRIORITIES.begin, () => this.#cpus.resume(cpu));
  }

  /** The policy is asked again without need, or a thread is killed, whatever it does. */
  #addDisturbance(): void {
    const kind = this.#random.integer(0, 4);
    const victim = this.#threads[this.#random.integer(0, this.#threads.length - 1)]?.thread;
    this.#at(PRIORITIES.observe, () => {
      if (kind < 2) this.#cpus.reschedule();
      else if (kind < 4) this.#cpus.offer();
      else if (victim !== undefined && victim.state !== "new") {
        this.#killed.set(victim, this.simulation.now);
        this.#cpus.kill(victim);
      }
    });
  }

  /** Timers that are put off time and again, as a kernel's are; only the last deadline may fire. */
  #addTimers(): void {
    for (let timer = 0; timer < 5; timer++) {
      let fired = 0;
      const set = (at: number) => this.simulation.schedule(at, PRIORITIES.expire, () => void fired++);
      let deadline = set(HORIZON);
      for (let again = 0; again < 5; again++) {
        this.#at(PRIORITIES.begin, () => {
          deadline.cancelled = true;
          deadline = set(this.simulation.now + HORIZON);
        });
      }
      this.simulation.schedule(3 * HORIZON, PRIORITIES.observe, () => {
        if (fired !== 1) this.problems.push(`a timer that was put off fired ${fired} times`);
      });
    }
  }

  #at(priority: (typeof PRIORITIES)[keyof typeof PRIORITIES], action: () => void): void {
    this.simulation.schedule(this.#random.integer(0, HORIZON - 1), priority, action);
  }
}

function burst(mode: Mode, name: string, duration: number): Burst {
  return { kind: "burst", mode, name, stage: "run", duration };
}

/** Builds the machine of a seed and runs it to its end. */
export function runRandomMachine(seed: number): RandomMachine {
  const machine = new Machine(seed);
  const events = machine.run();
  const { recorder, problems } = machine;
  return { recorder, problems, events };
}
