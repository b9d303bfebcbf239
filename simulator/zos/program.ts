/**
 * A program of z/OS, written as a generator: what it asks the machine and the system for. The same words serve a task and
 * an SRB; what an SRB may not do ends as it does on the real system.
 */
import type { Activity } from "../machine/activity.ts";
import type { Ascb, Ecb, LockName, Srb, Tcb, WorkUnit } from "./control-blocks.ts";
import { lockOf, obtain, release } from "./locks.ts";
import { type EntryTableEntry, programCall } from "./program-call.ts";
import { access, OPERATION, PRIVILEGED_OPERATION, programInterruption } from "./program-check.ts";
import { abend } from "./recovery.ts";
import { type Decision, type RecoveryExit, Retry, type Sdwa, UnitEnd } from "./recovery-exit.ts";
import { closeSrb } from "./space-end.ts";
import { type Step, supervisorStep } from "./step.ts";
import type { PageRef } from "./storage.ts";
import type { AttachRequest, SvcRequest, SvcResult } from "./svc-call.ts";
import { supervisorCall } from "./svc-path.ts";
import { SVC_TABLE } from "./svc-table.ts";
import type { ZosSystem } from "./system.ts";
import { newSrb, type SrbOptions } from "./task.ts";

const OWN = "the program itself";
const SCHEDULING = "z/OS MVS Authorized Assembler Services Guide, scheduling an SRB (IEAMSCHD)";
const RECOVERY = "z/OS MVS Authorized Assembler Services Guide, SETFRR and ESTAE";
const LOCKS = "z/OS MVS Diagnosis: Reference, locks (SETLOCK)";

export type ProgramBody = (program: ZosProgram) => Generator<Activity>;

export interface Exit {
  readonly name: string;
  readonly decide: (sdwa: Sdwa) => Decision;
}

export class ZosProgram {
  readonly system: ZosSystem;
  readonly unit: WorkUnit;
  /** The stage of what it does from here on. */
  stage: string;

  constructor(system: ZosSystem, unit: WorkUnit, stage: string) {
    this.system = system;
    this.unit = unit;
    this.stage = stage;
  }

  /** Instructions that need nothing from anybody; each step can be interrupted where the program is enabled. */
  *compute(steps: number, name = "instructions"): Generator<Activity> {
    for (let step = 0; step < steps; step++) {
      yield* this.#step(this.#own(name));
      yield* this.#takeAbterm();
    }
  }

  /** The same in one piece, which can be interrupted anywhere. */
  *work(steps: number, name: string): Generator<Activity> {
    yield { ...this.system.step(this.unit, this.stage, this.#own(name)), duration: steps };
    yield* this.#takeAbterm();
  }

  /** Issues a supervisor call. */
  *svc(number: number, more: Omit<SvcRequest, "number" | "stage"> = {}): Generator<Activity, SvcResult> {
    return yield* supervisorCall(this.system, this.unit, { ...more, number, stage: this.stage });
  }

  *wait(ecb: Ecb): Generator<Activity> {
    yield* this.svc(SVC_TABLE.wait.number, { parameters: { kind: "ecb", ecb } });
  }

  *post(ecb: Ecb, code = 0): Generator<Activity> {
    yield* this.svc(SVC_TABLE.post.number, { parameters: { kind: "ecb", ecb, code } });
  }

  /** Makes a subtask that carries a program out. @returns its TCB */
  *attach(
    request: Omit<AttachRequest, "life" | "attached"> & Pick<SvcRequest, "from"> & { readonly stage?: string },
    body: ProgramBody,
  ): Generator<Activity, Tcb> {
    const { stage = this.stage, from, ...rest } = request;
    let made: Tcb | undefined;
    yield* this.svc(SVC_TABLE.attach.number, {
      purpose: `of the ${request.name}`,
      ...(from === undefined ? {} : { from }),
      parameters: {
        kind: "attach",
        request: {
          ...rest,
          life: (tcb) => taskLife(this.system, tcb, stage, body),
          attached: (tcb) => {
            made = tcb;
          },
        },
      },
    });
    if (made === undefined) throw new RangeError(`ATTACH of ${request.name} came back without a task`);
    return made;
  }

  /** Removes a subtask, which ends first if it has not ended. */
  *detach(tcb: Tcb): Generator<Activity> {
    yield* this.svc(SVC_TABLE.detach.number, { purpose: `of the ${tcb.name}`, parameters: { kind: "detach", tcb } });
  }

  /** Schedules an SRB: a branch to a service of the nucleus, no SVC, allowed to any authorized program. */
  *schedule(options: SrbOptions, body: ProgramBody, stage = this.stage): Generator<Activity, Srb> {
    yield* this.#step(supervisorStep(`IEAMSCHD: schedule the ${options.priority} SRB ${options.name}`, SCHEDULING));
    return startSrb(this.system, options, body, stage);
  }

  /** Calls a routine by PROGRAM CALL. */
  *call(entry: EntryTableEntry, keyMask?: ReadonlySet<number>): Generator<Activity> {
    const request = { entry, stage: this.stage };
    yield* programCall(this.system, this.unit, keyMask === undefined ? request : { ...request, keyMask });
  }

  *load(ref: PageRef): Generator<Activity, number | undefined> {
    yield* this.#step(this.#own(`fetch from ${ref.area}`));
    const attempt = () => this.system.storage.load(this.unit.primary.asid, this.unit.psw, ref);
    return yield* access(this.system, this.unit, { ref, stage: this.stage, attempt });
  }

  *store(ref: PageRef, value: number): Generator<Activity, number | undefined> {
    yield* this.#step(this.#own(`store into ${ref.area}`));
    const attempt = () => this.system.storage.store(this.unit.primary.asid, this.unit.psw, ref, value);
    return yield* access(this.system, this.unit, { ref, stage: this.stage, attempt });
  }

  /** Executes a privileged instruction. In problem state it ends in program interruption 2, and no SVC is involved. */
  *privileged(name: string): Generator<Activity> {
    yield* this.#step(this.#own(name));
    if (this.unit.psw.problem) {
      yield* programInterruption(this.system, this.unit, PRIVILEGED_OPERATION, this.stage);
    }
  }

  /** Executes what is no instruction: zeros, after a branch to where no program is. */
  *invalidOperation(): Generator<Activity> {
    yield* this.#step(this.#own("operation code 00"));
    yield* programInterruption(this.system, this.unit, OPERATION, this.stage);
  }

  /** Ends itself abnormally (ABEND macro, SVC 13). */
  *abend(code: string): Generator<Activity> {
    yield* this.svc(SVC_TABLE.abend.number, { r1: Number.parseInt(code, 16) });
  }

  /** Turns interruptions off for a while: authorized programs only. */
  *disabled(body: () => Generator<Activity>): Generator<Activity> {
    yield* this.privileged("STNSM: disable interruptions");
    this.unit.psw = { ...this.unit.psw, enabled: false };
    yield* body();
    this.unit.psw = { ...this.unit.psw, enabled: true };
  }

  /** Holds a lock for a while (SETLOCK). */
  *locked(name: LockName, body: () => Generator<Activity>): Generator<Activity> {
    const { enabled } = this.unit.psw;
    yield* this.#step(supervisorStep(`SETLOCK OBTAIN ${name}`, LOCKS));
    yield* obtain(this.system, this.unit, name, this.stage);
    yield* body();
    const lock = lockOf(this.system, this.unit, name);
    if (lock.holder === this.unit) release(this.system, this.unit, lock);
    this.unit.psw = { ...this.unit.psw, enabled };
    yield* this.#step(supervisorStep(`SETLOCK RELEASE ${name}`, LOCKS));
  }

  /** Runs with another address space as primary one, as under a program call that switched spaces. */
  *crossMemory(space: Ascb, body: () => Generator<Activity>): Generator<Activity> {
    const { primary } = this.unit;
    this.unit.primary = space;
    try {
      yield* body();
    } finally {
      this.unit.primary = primary;
    }
  }

  /** Runs under an ESTAE exit. @param retry what it goes on with if the exit says so */
  *estae(exit: Exit, body: () => Generator<Activity>, retry: () => Generator<Activity>): Generator<Activity> {
    yield* this.svc(SVC_TABLE.estae.number, { purpose: `for ${exit.name}` });
    const exits = this.unit.kind === "TCB" ? this.unit.estaes : this.unit.frrs;
    yield* this.#under({ ...exit, kind: "ESTAE", at: this.#here() }, exits, body, retry);
  }

  /** Runs under a functional recovery routine (SETFRR): no SVC, so for SRBs and locked programs too. */
  *frr(exit: Exit, body: () => Generator<Activity>, retry: () => Generator<Activity>): Generator<Activity> {
    yield* this.#step(supervisorStep(`SETFRR ${exit.name}`, RECOVERY));
    const { unit } = this;
    const eut = unit.kind === "TCB" && unit.locks.length === 0 && unit.psw.enabled ? 1 : 0;
    unit.eutFrrs += eut;
    try {
      yield* this.#under({ ...exit, kind: "FRR", at: this.#here() }, unit.frrs, body, retry);
    } finally {
      unit.eutFrrs = Math.max(0, unit.eutFrrs - eut);
    }
  }

  *#under(
    exit: RecoveryExit,
    exits: RecoveryExit[],
    body: () => Generator<Activity>,
    retry: () => Generator<Activity>,
  ): Generator<Activity> {
    exits.push(exit);
    try {
      yield* body();
      const at = exits.indexOf(exit);
      if (at >= 0) exits.splice(at, 1);
    } catch (error) {
      if (!(error instanceof Retry) || error.exit !== exit) throw error;
      yield* this.#step(supervisorStep(`${exit.kind} ${exit.name}: go on at the retry address`, RECOVERY));
      yield* retry();
    }
  }

  #here(): RecoveryExit["at"] {
    const { unit } = this;
    const rb = unit.kind === "TCB" ? unit.rb : undefined;
    return { rb, psw: unit.psw, registers: unit.registers, locks: unit.locks.length };
  }

  *#step(step: Step): Generator<Activity> {
    yield this.system.step(this.unit, this.stage, step);
  }

  #own(name: string): Step {
    return { state: this.unit.psw.problem ? "problem" : "supervisor", name, evidence: "verified", source: OWN };
  }

  /** An ABEND that somebody else has asked for comes between two steps, where the program can be interrupted. */
  *#takeAbterm(): Generator<Activity> {
    const { system, unit } = this;
    if (unit.kind !== "TCB" || unit.abterm === undefined || unit.ending) return;
    if (!unit.psw.enabled || unit.locks.length > 0) return;
    yield* abend(system, unit, unit.abterm.completion, unit.abterm.stage);
  }
}

/** @returns the whole life of a task: its program, SVC 3, or the ABEND that comes before. */
export function* taskLife(system: ZosSystem, tcb: Tcb, stage: string, body: ProgramBody): Generator<Activity> {
  const program = new ZosProgram(system, tcb, stage);
  try {
    if (tcb.abterm !== undefined) yield* abend(system, tcb, tcb.abterm.completion, tcb.abterm.stage);
    yield* body(program);
    yield* program.svc(SVC_TABLE.exit.number);
  } catch (error) {
    if (!(error instanceof UnitEnd)) throw error;
  }
}

/** Starts an SRB, which runs in supervisor state and key 0 until it returns. @returns the SRB */
export function startSrb(system: ZosSystem, options: SrbOptions, body: ProgramBody, stage: string): Srb {
  const srb = newSrb(options);
  srb.home.srbs.add(srb);
  system.hooks.start(srb, srbLife(system, srb, stage, body));
  return srb;
}

function* srbLife(system: ZosSystem, srb: Srb, stage: string, body: ProgramBody): Generator<Activity> {
  let completion = { code: "" };
  try {
    yield* body(new ZosProgram(system, srb, stage));
  } catch (error) {
    if (!(error instanceof UnitEnd)) throw error;
    completion = error.completion;
  }
  closeSrb(system, srb, completion);
}
