/** A small z/OS for tests: a machine with a master address space, and spaces whose job step task is what a test says. */
import type { Stretch } from "../../../simulator/machine/cpu-set.ts";
import { buildSpace } from "../../../simulator/zos/build-space.ts";
import type { Ascb, Tcb } from "../../../simulator/zos/control-blocks.ts";
import type { ZosThread } from "../../../simulator/zos/dispatcher.ts";
import { checkSystem } from "../../../simulator/zos/invariants.ts";
import { type MachineOptions, ZosMachine } from "../../../simulator/zos/machine.ts";
import { buildMaster } from "../../../simulator/zos/master.ts";
import { type ProgramBody, taskLife } from "../../../simulator/zos/program.ts";
import type { SystemEvent } from "../../../simulator/zos/system.ts";
import { newTask, type TaskOptions } from "../../../simulator/zos/task.ts";

export interface TestSystem {
  readonly machine: ZosMachine;
  readonly events: SystemEvent[];
  readonly stretches: Stretch<ZosThread>[];
  /** What checkSystem found, at every stretch. */
  readonly problems: Set<string>;
}

/** @returns a machine that writes down what happens and checks every invariant at each of its steps */
export function newSystem(options: Omit<MachineOptions, "observe" | "observer"> = {}): TestSystem {
  const events: SystemEvent[] = [];
  const stretches: Stretch<ZosThread>[] = [];
  const problems = new Set<string>();
  const machine: ZosMachine = new ZosMachine({
    ...options,
    observe: (event) => void events.push(event),
    observer: {
      ran: (stretch) => {
        stretches.push(stretch);
        for (const problem of checkSystem(machine.system)) problems.add(problem);
      },
    },
  });
  buildMaster(machine.system);
  return { machine, events, stretches, problems };
}

/** @returns an address space that is there already, with its region control task and pages, and nothing that runs */
export function addSpace({ system }: ZosMachine, jobName: string, priority = 100): { space: Ascb; rct: Tcb } {
  const { home, rct } = buildSpace(system, { jobName, priority });
  return { space: home, rct };
}

/** Starts a task of an address space. @returns its TCB */
export function addTask(
  { system }: ZosMachine,
  rct: Tcb,
  name: string,
  body: ProgramBody,
  more: Partial<TaskOptions> = {},
): Tcb {
  const tcb = newTask({ name, home: rct.home, mother: rct, priority: 100, ...more });
  system.hooks.start(tcb, taskLife(system, tcb, name, body));
  return tcb;
}

export type SvcEvent = Extract<SystemEvent, { kind: "svc" }>;

/** @returns the events of supervisor calls, in order */
export function svcEvents(events: readonly SystemEvent[]): SvcEvent[] {
  return events.filter((event) => event.kind === "svc");
}

/** @returns the completion codes of every ABEND, in order */
export function abends(events: readonly SystemEvent[]): { unit: string; code: string; reason: number | undefined }[] {
  return events.flatMap((event) =>
    event.kind === "abend"
      ? [{ unit: event.unit.name, code: event.completion.code, reason: event.completion.reason }]
      : [],
  );
}
