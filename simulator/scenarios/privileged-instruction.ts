/**
 * A privileged instruction in the wrong mode: a fault in every world, into whichever kernel is nearest. Only a guest's
 * kernel, which believes that it may, can make its hypervisor act.
 */
import { type PathStep, pathActivity } from "../linux/entry/path-step.ts";
import { s390PrivilegedFault } from "../linux/entry/s390x.ts";
import { x86PrivilegedFault } from "../linux/entry/x86-64.ts";
import type { Activity } from "../machine/activity.ts";
import type { World } from "../trace/timeline.ts";
import { guestKernelPrivilege } from "../virtualization/guest-kernel-privilege.ts";
import { PRIVILEGED_INSTRUCTIONS, type PrivilegedInstruction } from "../workload/workload.ts";
import { buildSpace } from "../zos/build-space.ts";
import { buildMaster } from "../zos/master.ts";
import { INSTRUCTIONS } from "../zos/nucleus.ts";
import { OneLane } from "../zos/one-lane.ts";
import { type ProgramBody, taskLife } from "../zos/program.ts";
import { SVC_TABLE } from "../zos/svc-table.ts";
import { type SystemEvent, ZosSystem } from "../zos/system.ts";
import { newTask } from "../zos/task.ts";
import type { Knob } from "./knob.ts";
import { Z_OS_STEPS } from "./lane.ts";
import { choiceOf, type Scenario, type ScenarioInput } from "./scenario.ts";
import { recordSteps, type StepCount } from "./step-lane.ts";

const LINUX_STEPS = "steps and their order from the processor's manual and the kernel's own source";
const STAGE = "privileged instruction";

/** The instruction of x86-64 for each. */
const X86: Readonly<Record<PrivilegedInstruction, string>> = {
  halt: "HLT",
  loadPageTable: "MOV to CR3",
  disableInterrupts: "CLI",
  startInputOutput: "OUT",
};

const KNOBS: readonly Knob[] = [
  choice(
    "instruction",
    PRIVILEGED_INSTRUCTIONS,
    "startInputOutput",
    "which one: HLT, MOV to CR3, CLI, OUT; LPSWE, LCTLG, STNSM, SSCH (Intel SDM vol. 3; Principles of Operation)",
  ),
  choice(
    "nestedPaging",
    ["on", "off"],
    "on",
    "whether the processor walks the host's page tables too; without it a guest's kernel that loads CR3 is left (Intel SDM)",
  ),
  choice(
    "isolation",
    ["off", "on"],
    "off",
    "kernel page-table isolation on x86-64: CR3 is loaded on the way in (entry_64.S)",
  ),
];

export const PRIVILEGED_INSTRUCTION: Scenario = {
  name: "privileged-instruction",
  title: "A privileged instruction in the wrong mode",
  description: [
    "A program executes what only a kernel may: it starts an I/O operation, loads page tables, turns interrupts off, or",
    "stops the processor. As a process, in a container, in a guest; the guest's kernel does the same; and a program of",
    "z/OS, once as it is, once authorized and switched to supervisor state by SVC 107. Counted are steps, not time.",
    "What the instruction would do if it were allowed is one step.",
  ].join("\n"),
  question: {
    text: "A program of z/OS executes SSCH, an I/O instruction, in problem state. What happens?",
    choices: [
      "an SVC is taken, and the system executes it for the program",
      "a program interruption, and the task ends with S0C2",
      "the hypervisor takes over",
      "its address space ends",
    ],
    answer: "a program interruption, and the task ends with S0C2",
  },
  claim: {
    text: "Privileged instructions are executed by means of the SVC instruction.",
    verdict: "wrong",
    because:
      "a privileged instruction in problem state is a program interruption, with no SVC in it; SVC is not privileged itself, and asks a routine that runs in supervisor state already",
  },
  captions: [
    {
      at: "SIGSEGV is sent to the thread",
      text: "The kernel has nothing to do for the program. It ends, alone, in a container as outside of one.",
    },
    {
      at: "the guest goes on after the instruction",
      text: "The guest's kernel goes on as if nothing had been. Where it was left, the hypervisor has acted in its place.",
    },
    {
      at: "SVC 107 (MODESET)",
      text: "What an SVC can do here: change the state. The instruction is still the program's.",
    },
    {
      at: "end of task: subtasks detached, resource managers, TCBCMP set",
      text: "One task ends; with the job step's, the step. Its neighbours go on.",
    },
  ],
  knobs: KNOBS,
  metrics: [
    {
      name: "steps",
      unit: "step",
      help: "from the instruction until the program is over; in a guest, that of its user mode",
    },
    { name: "ended", unit: "count", help: "programs that did not survive it" },
    {
      name: "exitsFromUserMode",
      unit: "count",
      help: "how often the guest was left for a program's instruction: VM exits",
    },
    {
      name: "exitsFromKernelMode",
      unit: "count",
      help: "how often it was left for the same instruction of its kernel",
    },
    { name: "supervisorCalls", unit: "count", help: "supervisor calls that the program issued, which was not allowed" },
    {
      name: "supervisorCallsIfAuthorized",
      unit: "count",
      help: "supervisor calls that the one issued that was: MODESET, and EXIT at its end",
    },
  ],
  run,
};

function run(input: ScenarioInput): void {
  const instruction = instructionOf(input);
  const nestedPaging = choiceOf(input.knobs, "nestedPaging") === "on";
  const options = { pageTableIsolation: choiceOf(input.knobs, "isolation") === "on", seccomp: false };
  const fault = x86PrivilegedFault(`${X86[instruction]}, in user mode`, options);
  ended(input, "process", linux(input, "process", "process", "Process on x86-64", fault));
  const onZ = s390PrivilegedFault(`${INSTRUCTIONS[instruction]}, in problem state`);
  linux(input, "linux-on-z", "process", "Process on IBM Z", onZ);
  ended(input, "container", linux(input, "container", "container", "Container", fault));
  const inUser = linux(input, "vm", "vm", "Virtual machine: a program in the guest", fault);
  ended(input, "vm", inUser);
  const kernel = guestKernelPrivilege(instruction, X86[instruction], nestedPaging);
  const inKernel = linux(input, "vm-kernel", "vm", "Virtual machine: the guest's kernel", kernel);
  input.metric("vm", "exitsFromUserMode", inUser.intoHypervisor);
  input.metric("vm", "exitsFromKernelMode", inKernel.intoHypervisor);
  zos(input, INSTRUCTIONS[instruction]);
}

function ended(input: ScenarioInput, world: World, { steps }: StepCount): void {
  input.metric(world, "steps", steps);
  input.metric(world, "ended", 1);
}

function linux(input: ScenarioInput, id: string, world: World, name: string, path: readonly PathStep[]): StepCount {
  return recordSteps(input, { id, world, name, note: LINUX_STEPS, life: activities(path) });
}

function* activities(path: readonly PathStep[]): Generator<Activity> {
  for (const step of path) yield pathActivity(step, STAGE);
}

function zos(input: ScenarioInput, instruction: string): void {
  const world = "address-space";
  const plain = carryOut(input, "address-space", "z/OS: an ordinary program", (program) =>
    program.privileged(instruction),
  );
  input.metric(world, "steps", plain.count.steps);
  input.metric(world, "ended", plain.abends);
  input.metric(world, "supervisorCalls", plain.svcs);
  const authorized = carryOut(input, "address-space-authorized", "z/OS: an authorized program", function* (program) {
    yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", problem: false, key: 0 } });
    yield* program.privileged(instruction);
  });
  input.metric(world, "supervisorCallsIfAuthorized", authorized.svcs);
}

interface Outcome {
  readonly count: StepCount;
  readonly abends: number;
  readonly svcs: number;
}

function carryOut(input: ScenarioInput, id: string, name: string, body: ProgramBody): Outcome {
  const events: SystemEvent[] = [];
  const system = new ZosSystem({ observe: (event) => void events.push(event) });
  buildMaster(system);
  const { home, rct } = buildSpace(system, {
    jobName: "PROGRAM",
    priority: 192,
    authorized: id.endsWith("authorized"),
  });
  const tcb = newTask({ name: "job step task", home, mother: rct, priority: 100, jobStep: true });
  const lane = new OneLane(system);
  lane.start(tcb, taskLife(system, tcb, STAGE, body));
  const count = recordSteps(input, { id, world: "address-space", name, note: Z_OS_STEPS, life: lane.run(() => STAGE) });
  return {
    count,
    abends: events.filter(({ kind }) => kind === "abend").length,
    svcs: events.filter((event) => event.kind === "svc" && event.what === "issued").length,
  };
}

function instructionOf({ knobs }: ScenarioInput): PrivilegedInstruction {
  const wanted = choiceOf(knobs, "instruction");
  const found = PRIVILEGED_INSTRUCTIONS.find((one) => one === wanted);
  if (found === undefined) throw new TypeError(`"${wanted}" is no privileged instruction`);
  return found;
}

function choice(name: string, choices: readonly string[], standard: string, help: string): Knob {
  return { kind: "choice", name, choices, default: standard, help };
}
