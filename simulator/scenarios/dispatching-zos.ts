/** The mix on z/OS: TCBs and SRBs of address spaces with dispatching priorities; an I/O interruption schedules an SRB. */
import { PRIORITIES } from "../engine/priorities.ts";
import type { Activity } from "../machine/activity.ts";
import { buildSpace } from "../zos/build-space.ts";
import { newEcb, type Tcb } from "../zos/control-blocks.ts";
import { isEligible } from "../zos/dispatcher.ts";
import { ZosMachine } from "../zos/machine.ts";
import { buildMaster } from "../zos/master.ts";
import { type ProgramBody, startSrb, taskLife, type ZosProgram } from "../zos/program.ts";
import { newTask } from "../zos/task.ts";
import { post } from "../zos/task-end.ts";
import { finish } from "./dispatching-linux.ts";
import { Findings, type Mix, READY_COUNTER, type Transaction } from "./dispatching-mix.ts";
import { Z_OS_STEPS } from "./lane.ts";
import { integerOf, type ScenarioInput } from "./scenario.ts";

/** SYSSTC is 254, what WLM gives to goals lies below, discretionary work from 192 to 201: recalled, and only their order matters. */
const PRIORITY = { runaway: 250, online: 230, batch: 195 } as const;
/** The interruption is taken, IOS schedules the SRB; the SRB looks at the device's status and posts. */
const INTERRUPTION_STEPS = 2;
const SRB_STEPS = 4;

/** Runs the mix for its length and writes it down, a track a processor. */
export function runDispatcher(input: ScenarioInput, mix: Mix): void {
  const findings = new Findings(mix.cpus, mix.lengthSteps);
  const machine: ZosMachine = new ZosMachine({
    cpus: mix.cpus,
    timeSlice: integerOf(input.knobs, "timeSlice"),
    observer: {
      ran: ({ cpu, thread, activity, start, end }) => {
        const own = activity.kind === "burst" && activity.mode === "problem" ? thread?.name : undefined;
        findings.ran(own, end - start);
        if (activity.kind === "open") return;
        const { name, mode, args } = activity;
        const stage = thread === undefined ? activity.stage : thread.name;
        input.recorder.span({ track: trackOf(cpu), name, start, end, mode, stage, ...(args && { args }) });
      },
      dispatched: (thread, cpu, now) => {
        const value = machine.dispatcher.queued().filter(isEligible).length;
        input.recorder.counter({ track: trackOf(cpu), name: READY_COUNTER, at: now, value });
        findings.dispatches++;
        findings.waited(thread.name, now - thread.readyAt);
      },
    },
  });
  buildMaster(machine.system);
  for (let cpu = 0; cpu < mix.cpus; cpu++) track(input, cpu);
  const tasks = tasksOf(machine, mix, findings);
  finish(machine.simulation, machine.cpus, mix.lengthSteps);
  for (const { name, thread } of tasks) {
    findings.preemptions += thread?.preemptions ?? 0;
    if (thread?.state === "ready") findings.waited(name, machine.simulation.now - thread.readyAt);
  }
  findings.report((name, value) => input.metric("address-space", name, value));
}

/** Each job is an address space with one task. */
function tasksOf(machine: ZosMachine, mix: Mix, findings: Findings): Tcb[] {
  const { online, batch, runaway } = mix;
  return [
    ...online.map(({ name, transactions }) =>
      addJob(machine, name, PRIORITY.online, transact(machine, mix, transactions, findings)),
    ),
    ...batch.map((name) => addJob(machine, name, PRIORITY.batch, loop)),
    ...(runaway === undefined ? [] : [addJob(machine, runaway, PRIORITY.runaway, loop)]),
  ];
}

function addJob({ system }: ZosMachine, name: string, priority: number, body: ProgramBody): Tcb {
  const { home, rct } = buildSpace(system, { jobName: name, priority });
  const tcb = newTask({ name, home, mother: rct, priority: 100, jobStep: true });
  system.hooks.start(tcb, taskLife(system, tcb, name, body));
  return tcb;
}

function* loop(program: ZosProgram): Generator<Activity> {
  for (;;) yield* program.work(1000, program.unit.name);
}

function transact(
  machine: ZosMachine,
  mix: Mix,
  transactions: readonly Transaction[],
  findings: Findings,
): ProgramBody {
  return function* (program) {
    const { unit, system } = program;
    for (const { think, work } of transactions) {
      const ecb = newEcb();
      let since = 0;
      machine.simulation.after(think, PRIORITIES.begin, () => {
        machine.interrupt(0, "I/O interruption: IOS schedules an SRB", INTERRUPTION_STEPS, () => {
          const name = `SRB for ${unit.name}`;
          const options = { name, home: unit.home, priority: "local", preemptible: mix.srbPreemptible } as const;
          since = machine.simulation.now;
          startSrb(system, options, complete(ecb), name);
        });
      });
      yield* program.wait(ecb);
      yield* program.work(work, unit.name);
      findings.answered(machine.simulation.now - since, work);
    }
  };
}

function complete(ecb: ReturnType<typeof newEcb>): ProgramBody {
  return function* (srb) {
    yield* srb.work(SRB_STEPS, "the SRB looks at the device's status and posts");
    post(srb.system, ecb, 0);
  };
}

function trackOf(cpu: number): string {
  return `zos-cpu-${cpu}`;
}

function track({ recorder, provenance }: ScenarioInput, cpu: number): void {
  const detail = `${provenance.detail}; ${Z_OS_STEPS}`;
  const name = `z/OS, processor ${cpu}: the dispatcher (steps, not time)`;
  recorder.track({
    id: trackOf(cpu),
    name,
    world: "address-space",
    unit: "step",
    provenance: { ...provenance, detail },
  });
}
