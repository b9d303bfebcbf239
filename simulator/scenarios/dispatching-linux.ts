/** The mix on Linux: tasks in run queues, served by EEVDF; an interrupt wakes whoever waited for its data. */
import { PRIORITIES } from "../engine/priorities.ts";
import { Simulation } from "../engine/simulation.ts";
import { EevdfPolicy } from "../linux/scheduler/eevdf.ts";
import type { Activity, Burst } from "../machine/activity.ts";
import { CpuSet } from "../machine/cpu-set.ts";
import { Thread } from "../machine/thread.ts";
import { Findings, type Mix, READY_COUNTER, type Transaction } from "./dispatching-mix.ts";
import { integerOf, type ScenarioInput } from "./scenario.ts";

const SCHEDULER = "Linux kernel/sched/core.c, __schedule; Documentation/scheduler/sched-eevdf.rst";
/** __schedule picks, switch_mm changes the address space, __switch_to_asm the registers and the stack. */
const SWITCH_STEPS = 3;
/** The interrupt is taken and acknowledged, its handler wakes the task. */
const INTERRUPT_STEPS = 2;
/** The highest importance that an ordinary task can have. */
const RUNAWAY_NICE = -20;

/** Runs the mix for its length and writes it down, a track a processor. */
export function runQueue(input: ScenarioInput, mix: Mix): void {
  const perStep = integerOf(input.knobs, "nsPerStep");
  const simulation = new Simulation();
  const policy = new EevdfPolicy<Thread>({ simulation, cpus: mix.cpus });
  const findings = new Findings(mix.cpus, mix.lengthSteps * perStep);
  const cpus = new CpuSet<Thread>({
    simulation,
    cpus: mix.cpus,
    policy,
    contextSwitch: (_, to) => kernel(`__schedule: switch to ${to.name}`, SWITCH_STEPS * perStep),
    observer: {
      ran: ({ cpu, thread, activity, start, end }) => {
        findings.ran(thread?.name, end - start);
        if (activity.kind === "open") return;
        const { name, mode, stage, args } = activity;
        input.recorder.span({ track: trackOf(cpu), name, start, end, mode, stage, ...(args && { args }) });
      },
      dispatched: (thread, cpu, now) => {
        const value = threads.filter((one) => one.thread.state === "ready").length;
        input.recorder.counter({ track: trackOf(cpu), name: READY_COUNTER, at: now, value });
        findings.dispatches++;
        findings.waited(thread.name, now - thread.readyAt);
      },
    },
  });
  policy.connect(cpus);
  for (let cpu = 0; cpu < mix.cpus; cpu++) track(input, cpu);
  const threads: { thread: Thread; nice: number }[] = threadsOf(mix, perStep, { simulation, cpus, findings });
  for (const { thread, nice } of threads) {
    policy.admit(thread, { nice });
    cpus.start(thread);
  }
  finish(simulation, cpus, mix.lengthSteps * perStep);
  for (const { thread } of threads) {
    findings.preemptions += thread.preemptions;
    if (thread.state === "ready") findings.waited(thread.name, simulation.now - thread.readyAt);
  }
  findings.report((name, value) => input.metric("process", name, value));
}

/** Stops every processor at the end, so that what runs then is written down. */
export function finish(simulation: Simulation, cpus: Pick<CpuSet, "count" | "suspend">, end: number): void {
  simulation.schedule(end, PRIORITIES.observe, () => {
    for (let cpu = 0; cpu < cpus.count; cpu++) cpus.suspend(cpu);
  });
  simulation.run({ untilTime: end });
}

interface Running {
  readonly simulation: Simulation;
  readonly cpus: CpuSet<Thread>;
  readonly findings: Findings;
}

function threadsOf(mix: Mix, perStep: number, running: Running): { thread: Thread; nice: number }[] {
  return [
    ...mix.online.map(({ name, transactions }) => ({
      thread: onlineThread(name, transactions, perStep, running),
      nice: 0,
    })),
    ...mix.batch.map((name) => ({ thread: new Thread(name, loop(name, perStep)), nice: mix.batchNice })),
    ...(mix.runaway === undefined
      ? []
      : [{ thread: new Thread(mix.runaway, loop(mix.runaway, perStep)), nice: RUNAWAY_NICE }]),
  ];
}

/** An endless loop, as bursts that are long and not endless. */
function* loop(name: string, perStep: number): Generator<Activity> {
  for (;;) yield user(name, 1000 * perStep);
}

function onlineThread(name: string, transactions: readonly Transaction[], perStep: number, running: Running): Thread {
  const { simulation, cpus, findings } = running;
  const life = function* (): Generator<Activity> {
    for (const { think, work } of transactions) {
      yield {
        kind: "block",
        reason: "read from the disk",
        enter: () => {
          simulation.after(think * perStep, PRIORITIES.begin, () => {
            const wake = () => cpus.wake(thread);
            cpus.interrupt(0, kernel("interrupt: the disk is done", INTERRUPT_STEPS * perStep), wake);
          });
          return false;
        },
      };
      const since = thread.readyAt;
      yield user(name, work * perStep);
      findings.answered(simulation.now - since, work * perStep);
    }
  };
  const thread: Thread = new Thread(name, life());
  return thread;
}

function user(name: string, duration: number): Burst {
  return { kind: "burst", mode: "user", name, stage: name, duration };
}

function kernel(name: string, duration: number): Burst {
  const args = { evidence: "verified", source: SCHEDULER };
  return { kind: "burst", mode: "kernel", name, stage: "kernel", duration, args };
}

function trackOf(cpu: number): string {
  return `linux-cpu-${cpu}`;
}

function track({ recorder, provenance }: ScenarioInput, cpu: number): void {
  const detail = `${provenance.detail}; how long a step of work is, is a knob: shares and order are compared, not times`;
  const name = `Linux, processor ${cpu}: EEVDF`;
  recorder.track({ id: trackOf(cpu), name, world: "process", unit: "ns", provenance: { ...provenance, detail } });
}
