/**
 * Initial program load (z/OS Basic Skills, "IPL process"; z/OS MVS System Codes for what can go wrong): from LOAD at the
 * console to the master address space. Nothing of an operating system is there before it; each step makes what the next
 * one stands on.
 */
import type { Activity } from "../machine/activity.ts";
import type { Tcb } from "./control-blocks.ts";
import type { DataSet, Sysres } from "./libraries.ts";
import { buildCommonStorage, buildMasterSpace } from "./master.ts";
import { type Evidence, stepActivity, supervisorStep } from "./step.ts";
import type { ZosSystem } from "./system.ts";

const IPL = "z/OS Basic Skills, the IPL process";
const CODES = "z/OS MVS System Codes, wait states 03A and 064";

export interface IplOptions {
  /** A program check while NIP runs: the recovery termination manager is not there yet. */
  readonly programCheckInNip?: boolean;
}

/**
 * Starts a system.
 * @returns the master scheduler's task; undefined where the system ended in a wait state
 */
export function* ipl(system: ZosSystem, options: IplOptions = {}): Generator<Activity, Tcb | undefined> {
  const { sysres } = system;
  const step = (stage: string, name: string, evidence: Evidence = "verified") =>
    stepActivity(supervisorStep(name, IPL, evidence), stage);
  yield step("IPL text", "LOAD: the bootstrap record of cylinder 0 track 0 of SYSRES to real address 0");
  yield step("IPL text", "IEAIPL00: clears storage, finds SYS1.NUCLEUS on SYSRES");
  yield step("resource initialization", "IRIMs read LOADxx and the I/O definition file");
  if (!canRead(sysres, "SYS1.NUCLEUS")) return yield* failed(system, 0x00e, 0, "SYS1.NUCLEUS cannot be read");
  buildCommonStorage(system);
  system.libraries.loadNucleus(sysres.members["SYS1.NUCLEUS"]);
  yield step("resource initialization", "the nucleus is read into common storage");
  yield step("resource initialization", "SQA, and the segment tables of the master address space");
  const master = buildMasterSpace(system);
  yield step("NIP", "nucleus initialization: CVT, ASVT and PSAs; RIMs of the components one after the other");
  if (options.programCheckInNip === true) {
    return yield* failed(system, 0x064, 0x009, "a program check occurred while NIP was running");
  }
  yield step("NIP", "SYS1.PARMLIB: IEASYSxx says how large everything is");
  if (!canRead(sysres, "SYS1.LPALIB")) return yield* failed(system, 0x03a, 0, "SYS1.LPALIB cannot be used");
  system.libraries.loadLpa(sysres.members["SYS1.LPALIB"]);
  yield step("LPA", "SYS1.LPALIB into the link pack area: common storage, for every address space to come");
  yield step("master scheduler", "the master scheduler begins in ASID 1, *MASTER*");
  yield step("master scheduler", "the job entry subsystem is started in an address space of its own");
  return master;
}

function canRead({ mounted, unreadable }: Sysres, dataSet: DataSet): boolean {
  return mounted && !unreadable.has(dataSet);
}

function* failed(system: ZosSystem, code: number, reason: number, text: string): Generator<Activity, undefined> {
  const known = code === 0x00e ? "recalled" : "verified";
  const name = `${text}: disabled wait ${code.toString(16).toUpperCase().padStart(3, "0")}`;
  yield stepActivity(supervisorStep(name, CODES, known), "wait state");
  system.enterWaitState(code, reason, text);
  return undefined;
}
