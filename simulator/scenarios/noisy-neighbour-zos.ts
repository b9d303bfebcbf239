/**
 * The server and its neighbour as address spaces of one z/OS. WLM turns importance into dispatching priorities (z/OS MVS
 * Planning: Workload Management); the dispatcher goes by those. Memory is not followed here: a region's limit is its own.
 */
import { PRIORITIES } from "../engine/priorities.ts";
import type { Activity } from "../machine/activity.ts";
import { trackObserver } from "../machine/track-observer.ts";
import { buildSpace } from "../zos/build-space.ts";
import { newEcb } from "../zos/control-blocks.ts";
import type { ZosThread } from "../zos/dispatcher.ts";
import { ZosMachine } from "../zos/machine.ts";
import { buildMaster } from "../zos/master.ts";
import { type ProgramBody, taskLife } from "../zos/program.ts";
import { newTask } from "../zos/task.ts";
import { post } from "../zos/task-end.ts";
import { Z_OS_STEPS } from "./lane.ts";
import { PERIOD_NS, RequestLog, type Settings } from "./noisy-neighbour-settings.ts";
import type { ScenarioInput } from "./scenario.ts";

/** Steps between two requests: how many steps a second there are nobody has published. */
const PERIOD_STEPS = 200;
const HIGHER = 220;
const NEIGHBOUR = 200;
const WORLD = "address-space";

/** Carries the scenario out as address spaces of one z/OS, and reports what came of it. */
export function inAddressSpaces(input: ScenarioInput, settings: Settings): void {
  const { recorder, provenance, metric } = input;
  const { cpus, neighbours, durationNs, workNs, higher } = settings;
  for (let cpu = 0; cpu < cpus; cpu++) {
    const name = `Address spaces, processor ${cpu} (steps, not time)`;
    const detail = `${provenance.detail}; ${Z_OS_STEPS}`;
    recorder.track({ id: `${WORLD}-${cpu}`, name, world: WORLD, unit: "step", provenance: { ...provenance, detail } });
  }
  const observer = trackObserver<ZosThread>(recorder, (_, cpu) => `${WORLD}-${cpu}`);
  const machine = new ZosMachine({ cpus, observer });
  buildMaster(machine.system);
  const log = new RequestLog();
  const workSteps = Math.max(1, Math.round((workNs * PERIOD_STEPS) / PERIOD_NS));
  start(machine, "SERVER", higher ? HIGHER : NEIGHBOUR, "server", serverBody(machine, log, workSteps));
  const threads = Array.from({ length: neighbours }, (_, index) =>
    start(machine, `NOISY${index}`, NEIGHBOUR, "neighbour", busy),
  );
  const periods = Math.floor(durationNs / PERIOD_NS);
  machine.simulation.run({ untilTime: periods * PERIOD_STEPS });
  log.asked = periods;
  log.report(input, WORLD, PERIOD_STEPS);
  const had = threads.reduce((sum, thread) => sum + (thread?.ranNs ?? 0), 0);
  metric(WORLD, "neighbourShare", Math.round((had * 1000) / (cpus * periods * PERIOD_STEPS)));
}

function start({ system }: ZosMachine, jobName: string, priority: number, stage: string, body: ProgramBody) {
  const { home, rct } = buildSpace(system, { jobName, priority });
  const tcb = newTask({ name: `${jobName}: job step task`, home, mother: rct, priority: 100, jobStep: true });
  system.hooks.start(tcb, taskLife(system, tcb, stage, body));
  return tcb.thread;
}

function serverBody(machine: ZosMachine, log: RequestLog, workSteps: number): ProgramBody {
  return function* (program): Generator<Activity> {
    for (let arrival = 0; ; arrival += PERIOD_STEPS) {
      if (machine.simulation.now < arrival) {
        const request = newEcb();
        machine.simulation.schedule(arrival, PRIORITIES.expire, () => post(machine.system, request, 0));
        yield* program.wait(request);
      }
      yield* program.compute(workSteps, "answers a request");
      log.responses.push(machine.simulation.now - arrival);
    }
  };
}

const busy: ProgramBody = function* (program): Generator<Activity> {
  for (;;) yield* program.compute(1, "loop");
};
