/**
 * PROGRAM CALL, the other door to a service (SDL-Hercules control.c; z/OS MVS Extended Addressability): a call that the
 * hardware authorizes, not an interruption. No PSW of the prefix area takes part, no handler runs, and it works where an
 * SVC ends in S0F8: in SRBs, under locks, with primary and home address space apart.
 */
import type { Activity } from "../machine/activity.ts";
import type { Ascb, WorkUnit } from "./control-blocks.ts";
import { PRIVILEGED_OPERATION, programInterruption } from "./program-check.ts";
import type { Psw } from "./psw.ts";
import type { Registers } from "./request-block.ts";
import { type Step, supervisorStep } from "./step.ts";
import type { ZosSystem } from "./system.ts";

const PROGRAM_CALL = "SDL-Hercules control.c, PROGRAM CALL; z/Architecture Principles of Operation";

/** An entry of an entry table, as ETDEF defines it. */
export interface EntryTableEntry {
  readonly name: string;
  /** AKM: the keys, of which a caller in problem state must have one in its PSW-key mask. */
  readonly authorizedKeys: ReadonlySet<number>;
  /** The state that the routine runs in. */
  readonly supervisor: boolean;
  readonly key?: number;
  /** The address space that the call switches to; the caller's where it is left out. */
  readonly space?: Ascb;
  readonly routine: (unit: WorkUnit) => Generator<Activity>;
}

/** What the linkage stack keeps of the caller. */
interface LinkageEntry {
  readonly psw: Psw;
  readonly registers: Registers;
  readonly primary: Ascb;
}

export interface ProgramCallRequest {
  readonly entry: EntryTableEntry;
  readonly stage: string;
  /** The keys of the caller's PSW-key mask; its own key alone where it is left out. */
  readonly keyMask?: ReadonlySet<number>;
}

/**
 * Calls a routine and comes back.
 * @throws RangeError where the era has no PROGRAM CALL
 */
export function* programCall(
  system: ZosSystem,
  unit: WorkUnit,
  { entry, stage, keyMask = new Set([unit.psw.key]) }: ProgramCallRequest,
): Generator<Activity> {
  if (!system.era.programCall.holds) throw new RangeError(`${system.era.name} has no PROGRAM CALL`);
  const caller: LinkageEntry = { psw: unit.psw, registers: unit.registers, primary: unit.primary };
  const issuer = caller.psw.problem ? "problem" : "supervisor";
  yield system.step(unit, stage, { ...hardware(`PC (${entry.name})`), state: issuer });
  yield system.step(unit, stage, {
    ...hardware("linkage table, entry table: the entry of the PC number"),
    state: issuer,
  });
  const allowed = !caller.psw.problem || [...keyMask].some((key) => entry.authorizedKeys.has(key));
  const mask = "in problem state the key mask must meet the entry's authorization mask";
  yield system.step(unit, stage, { ...hardware(mask), state: issuer });
  if (!allowed) return yield* programInterruption(system, unit, PRIVILEGED_OPERATION, stage);
  yield* enter(system, unit, entry, stage);
  yield* entry.routine(unit);
  yield system.step(unit, stage, hardware(back(system)));
  unit.psw = caller.psw;
  unit.registers = caller.registers;
  unit.primary = caller.primary;
}

function* enter(system: ZosSystem, unit: WorkUnit, entry: EntryTableEntry, stage: string): Generator<Activity> {
  const { psw } = unit;
  unit.psw = { ...psw, problem: psw.problem && !entry.supervisor, key: entry.key ?? psw.key };
  const state = unit.psw.problem ? "problem" : "supervisor";
  yield system.step(unit, stage, { ...hardware(saved(system)), state });
  if (entry.space !== undefined && entry.space !== unit.primary) {
    unit.primary = entry.space;
    const name = `space switch: the primary address space is ${entry.space.jobName}, home stays`;
    yield system.step(unit, stage, { ...hardware(name), state });
  }
  const name = `load state, key and address of the entry: ${entry.name}`;
  yield system.step(unit, stage, { ...hardware(name), state });
}

function saved({ era }: ZosSystem): string {
  return era.stackingProgramCall.holds
    ? "save registers, PSW and key mask in the linkage stack"
    : "no linkage stack: the routine saves registers itself (PCLINK)";
}

function back({ era }: ZosSystem): string {
  return era.stackingProgramCall.holds ? "PR: everything comes back from the linkage stack" : "PT: back to the caller";
}

function hardware(name: string): Step {
  return supervisorStep(name, PROGRAM_CALL);
}
