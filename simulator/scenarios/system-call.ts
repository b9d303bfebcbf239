/**
 * One system call in three kernels: Linux on x86-64, bare, in a container and in a guest; Linux on IBM Z; and z/OS by SVC,
 * with PROGRAM CALL beside it. Steps are counted, since only for one of them times are public.
 */
import { type PathStep, pathActivity } from "../linux/entry/path-step.ts";
import { s390SystemCall } from "../linux/entry/s390x.ts";
import { type EntryOptions, x86SystemCall } from "../linux/entry/x86-64.ts";
import type { Activity } from "../machine/activity.ts";
import { buildSpace } from "../zos/build-space.ts";
import type { WorkUnit } from "../zos/control-blocks.ts";
import { ERA_NAMES, type EraName } from "../zos/era.ts";
import { INSTRUCTIONS_TO_DO_SYSCALL, INSTRUCTIONS_TO_ROUTINE } from "../zos/instruction-counts.ts";
import { buildMaster } from "../zos/master.ts";
import { type ProgramBody, ZosProgram } from "../zos/program.ts";
import { PROBLEM_PSW } from "../zos/psw.ts";
import { UnitEnd } from "../zos/recovery-exit.ts";
import { supervisorStep } from "../zos/step.ts";
import { SVC_TABLE, type SvcRow } from "../zos/svc-table.ts";
import { ZosSystem } from "../zos/system.ts";
import { newSrb, newTask } from "../zos/task.ts";
import { type Knob, type KnobValues, ScenarioError } from "./knob.ts";
import { Z_OS_STEPS } from "./lane.ts";
import { choiceOf, type Scenario, type ScenarioInput } from "./scenario.ts";
import { recordSteps, type StepCount } from "./step-lane.ts";

const LINUX_STEPS = "steps and their order from the kernel's own source";
const STAGE = "system call";

/** One SVC of each type: what it asks for is beside the point here, how it gets there is not. */
const SVCS: Readonly<Record<string, SvcRow>> = {
  "type 1: GETMAIN": SVC_TABLE.registerGetmain,
  "type 2: ENQ": SVC_TABLE.enq,
  "type 3: TIME": SVC_TABLE.time,
  "type 4: WTO": SVC_TABLE.writeToOperator,
  "type 6: MODESET": SVC_TABLE.modeset,
};
const ISSUERS = ["task", "SRB", "task with a lock", "disabled task", "cross-memory task"] as const;
type Issuer = (typeof ISSUERS)[number];

const KNOBS: readonly Knob[] = [
  choice("svc", Object.keys(SVCS), "type 3: TIME", "which supervisor call z/OS is asked for (Diagnosis: Reference)"),
  choice(
    "issuer",
    ISSUERS,
    "task",
    "who asks z/OS; all but a plain task get abend 0F8 from an SVC (System Codes), and nothing from a PC",
  ),
  choice("era", ERA_NAMES, "z/OS", "which MVS: where the PSWs lie, whether there is a linkage stack"),
  choice(
    "isolation",
    ["off", "on"],
    "off",
    "kernel page-table isolation on x86-64: two more loads of CR3 (entry_64.S)",
  ),
  choice(
    "seccomp",
    ["off", "on"],
    "on",
    "whether the container has a filter, as a default profile gives it (seccomp(2))",
  ),
];

export const SYSTEM_CALL: Scenario = {
  name: "system-call",
  title: "One system call in three kernels",
  description: [
    "A program asks its kernel for something that takes the kernel no work, and goes on: getpid() on Linux, as a process,",
    "in a container, in a virtual machine, and on IBM Z; a supervisor call on z/OS, and the same by PROGRAM CALL.",
    "Counted are steps, one for each action that hardware manual or kernel source names, and borders of privilege",
    "crossed. A step is no time: one may be an instruction, another a loop. What the service itself does is one step.",
  ].join("\n"),
  question: {
    text: "How often is the hypervisor entered when a program in a virtual machine makes one system call?",
    choices: ["never", "once", "twice: on the way in and on the way back", "once for every register that is saved"],
    answer: "never",
  },
  claim: {
    text: "In z/OS a program gets what needs privilege by a supervisor call; that is its door to the system.",
    verdict: "holds loosely",
    because:
      "the SVC is one door; a PROGRAM CALL gets there with no interruption, no handler and no SVRB, and works in SRBs and under locks, where an SVC ends in S0F8",
  },
  captions: [
    { at: "do_syscall_64", text: "Everything before this saved registers: the hardware had saved two." },
    {
      at: "refuse SRB mode, locks held, disabled issuers (S0F8)",
      text: "z/OS asks who is calling before it asks for what.",
    },
    {
      at: "seccomp: the filter's program says whether the call is allowed",
      text: "All that a container adds to a system call is a filter, and TCBSVCS was one in the 1970s.",
    },
    {
      at: "linkage table, entry table: the entry of the PC number",
      text: "No interruption: the hardware itself looks up what may be called, and by whom.",
    },
  ],
  knobs: KNOBS,
  metrics: [
    { name: "steps", unit: "step", help: "from the instruction to the program's next one; z/OS by SVC" },
    { name: "entrySteps", unit: "step", help: "of these, before the service itself begins" },
    { name: "borders", unit: "count", help: "how often the border to kernel mode or supervisor state was crossed" },
    { name: "intoHypervisor", unit: "count", help: "how often the guest was left: VM exits" },
    { name: "stepsOnIbmZ", unit: "step", help: "the same on Linux for IBM Z, by SVC" },
    { name: "stepsByProgramCall", unit: "step", help: "the same on z/OS by PROGRAM CALL" },
    {
      name: "entryInstructions",
      unit: "count",
      help: "instructions from the handler's entry to the routine, counted by hand in IEAVESVC of MVS 3.8, give or take two",
    },
    {
      name: "entryInstructionsOnIbmZ",
      unit: "count",
      help: "the same in Linux on IBM Z, from system_call to __do_syscall, counted by hand in entry.S",
    },
    { name: "abends", unit: "count", help: "how often z/OS ended the one who asked: 0F8 and its like" },
  ],
  run,
};

function run(input: ScenarioInput): void {
  const { knobs } = input;
  const options = { pageTableIsolation: choiceOf(knobs, "isolation") === "on", seccomp: false };
  const filtered = { ...options, seccomp: choiceOf(knobs, "seccomp") === "on" };
  linux(input, "process", "Process on x86-64", options);
  onZ(input);
  linux(input, "container", "Container on x86-64", filtered);
  linux(input, "vm", "Virtual machine on x86-64: the guest's own kernel", options);
  zos(input);
}

function linux(input: ScenarioInput, world: "process" | "container" | "vm", name: string, options: EntryOptions): void {
  const service = "getpid: the number in the process's own pid namespace";
  const path = x86SystemCall("getpid", service, options);
  const count = recordSteps(input, { id: world, world, name, note: LINUX_STEPS, life: activities(path) });
  input.metric(world, "steps", count.steps);
  input.metric(
    world,
    "entrySteps",
    path.findIndex((step) => step.name === service),
  );
  input.metric(world, "borders", count.intoKernel);
}

function onZ(input: ScenarioInput): void {
  const life = activities(s390SystemCall(20, "getpid", "getpid: the number in the process's own pid namespace"));
  const lane = { id: "linux-on-z", world: "process", name: "Process on IBM Z", note: LINUX_STEPS, life } as const;
  input.metric("process", "stepsOnIbmZ", recordSteps(input, lane).steps);
  input.metric("process", "entryInstructionsOnIbmZ", INSTRUCTIONS_TO_DO_SYSCALL);
}

function* activities(path: readonly PathStep[]): Generator<Activity> {
  for (const step of path) yield pathActivity(step, STAGE);
}

function zos(input: ScenarioInput): void {
  const row = SVCS[choiceOf(input.knobs, "svc")];
  if (row === undefined) throw new ScenarioError("there is no such supervisor call", "see the knob svc");
  const svc = carryOut(input, "address-space", "z/OS: SVC", (program) => program.svc(row.number, parametersOf(row)));
  const call = carryOut(input, "address-space-pc", "z/OS: PROGRAM CALL", programCall(row));
  const world = "address-space";
  const entered = svc.count.bursts.findIndex(({ name }) => name.includes(row.does));
  input.metric(world, "steps", svc.count.steps);
  if (entered >= 0) {
    input.metric(world, "entrySteps", entered);
    input.metric(world, "entryInstructions", INSTRUCTIONS_TO_ROUTINE[row.type]);
  }
  input.metric(world, "borders", svc.count.intoKernel);
  input.metric(world, "stepsByProgramCall", call.count.steps);
  input.metric(world, "abends", svc.abends + call.abends);
}

function parametersOf(row: SvcRow) {
  return row.number === SVC_TABLE.modeset.number ? { parameters: { kind: "psw", problem: true } as const } : {};
}

/** The same service by PC: the entry gives supervisor state and key 0, as the new PSW of an SVC does. */
function programCall(row: SvcRow): ProgramBody {
  return (program) =>
    program.call({
      name: row.macro,
      authorizedKeys: new Set([8]),
      supervisor: true,
      key: 0,
      routine: function* (unit) {
        yield program.system.step(
          unit,
          STAGE,
          supervisorStep(`the service: ${row.does}`, "the same work as the SVC's"),
        );
      },
    });
}

function carryOut(
  input: ScenarioInput,
  id: string,
  name: string,
  body: ProgramBody,
): { readonly count: StepCount; readonly abends: number } {
  let abends = 0;
  const system = new ZosSystem({
    era: eraOf(input.knobs),
    observe: ({ kind }) => {
      if (kind === "abend") abends++;
    },
  });
  buildMaster(system);
  const note = Z_OS_STEPS;
  const life = issued(system, issuerOf(input.knobs), body);
  return { count: recordSteps(input, { id, world: "address-space", name, note, life }), abends };
}

/** Only who asks differs: the steps of becoming one are not part of the call and are not shown. */
function* issued(system: ZosSystem, issuer: Issuer, body: ProgramBody): Generator<Activity> {
  const { home, rct } = buildSpace(system, { jobName: "PROGRAM", priority: 192, authorized: true });
  // What only authorized programs can be, they are in supervisor state.
  const psw = issuer === "task" ? PROBLEM_PSW : { ...PROBLEM_PSW, key: 0, problem: false };
  const unit: WorkUnit =
    issuer === "SRB"
      ? newSrb({ name: "SRB", home, priority: "local" })
      : newTask({ name: "task", home, mother: rct, priority: 100, psw, jobStep: true });
  // Not the address space's first call: there are SVRBs in its pool.
  const first = home.svrbPool.take(false);
  if (first !== undefined) home.svrbPool.giveBack(first.svrb);
  const program = new ZosProgram(system, unit, STAGE);
  settle(program, issuer);
  try {
    yield* body(program);
  } catch (error) {
    if (!(error instanceof UnitEnd)) throw error;
  }
}

function settle({ system, unit }: ZosProgram, issuer: Issuer): void {
  if (issuer === "disabled task") unit.psw = { ...unit.psw, enabled: false };
  if (issuer === "cross-memory task" && system.master !== undefined) unit.primary = system.master;
  if (issuer === "task with a lock") {
    unit.home.localLock.holder = unit;
    unit.locks.push(unit.home.localLock);
  }
}

function issuerOf(knobs: KnobValues): Issuer {
  const wanted = choiceOf(knobs, "issuer");
  const found = ISSUERS.find((one) => one === wanted);
  if (found === undefined) throw new TypeError(`"${wanted}" issues nothing`);
  return found;
}

function eraOf(knobs: KnobValues): EraName {
  const wanted = choiceOf(knobs, "era");
  const found = ERA_NAMES.find((one) => one === wanted);
  if (found === undefined) throw new TypeError(`there is no era ${wanted}`);
  return found;
}

function choice(name: string, choices: readonly string[], standard: string, help: string): Knob {
  return { kind: "choice", name, choices, default: standard, help };
}
