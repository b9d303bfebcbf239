/**
 * The way of one supervisor call, step by step: the instruction, the exchange of PSWs by the hardware, the SVC first
 * level interrupt handler, the routine, and the way back. The handler's steps follow IBM's own IEAVESVC of MVS 3.8; the
 * table entries and register conventions of today's z/OS are the same (z/OS MVS Diagnosis: Reference).
 */
import type { Step } from "./step.ts";
import type { SvcRow } from "./svc-table.ts";

const PRINCIPLES = "z/Architecture Principles of Operation, SA22-7832: supervisor-call interruption";
const HANDLER = "IEAVESVC, the SVC first-level interrupt handler of MVS 3.8";
const CONVENTIONS = "z/OS MVS Diagnosis: Reference, register conventions for SVC routines";

/** The state of the program that issues the call. From supervisor state the PSW exchange crosses no border. */
export type IssuerState = Step["state"];

/**
 * @param svc the call
 * @param issuer the state that it is issued in and returned to
 * @param returns false where the routine does not come back to its issuer: EXIT ends the task
 * @returns the steps from the instruction to the issuer's next one
 */
export function svcSteps(svc: SvcRow, issuer: IssuerState, returns = true): Step[] {
  const flih = (name: string): Step => ({ state: "supervisor", name, evidence: "verified", source: HANDLER });
  return [
    { state: issuer, name: `SVC ${svc.number} (${svc.macro})`, evidence: svc.evidence, source: CONVENTIONS },
    {
      state: "supervisor",
      name: "the hardware stores the SVC number at 88 and the old PSW at 140, and loads the new PSW from 1C0 (hex)",
      evidence: "verified",
      source: PRINCIPLES,
    },
    flih("switch to the handler's recovery stack"),
    flih("save registers 0 to 15 in the LCCA"),
    flih("refuse SRB mode, locks held, disabled issuers (S0F8)"),
    flih("load the addresses of TCB and RB"),
    flih("move the old PSW, the length code and the SVC number into the RB"),
    flih("screen the number (TCBSVCS)"),
    flih("find the entry in the SVC table, test authorisation (S047)"),
    ...typeSteps(svc).map((step) => ({ ...step, evidence: svc.evidence, source: HANDLER })),
    { state: "supervisor", name: routineName(svc), evidence: svc.evidence, source: CONVENTIONS },
    ...(returns ? [exitStep(svc)] : []),
  ];
}

/** What differs by type: where the registers go, whether there is an SVRB, and in which state the routine runs. */
function typeSteps(svc: SvcRow): Pick<Step, "state" | "name">[] {
  const locks = svc.locks.length === 0 ? "" : `, take ${svc.locks.join(" and ")}`;
  switch (svc.type) {
    case 1:
      return [
        { state: "supervisor", name: "save the registers in the TCB" },
        { state: "supervisor", name: "take the LOCAL lock or go back and issue the SVC again later" },
        { state: "supervisor", name: "enable interruptions" },
      ];
    case 6:
      return [{ state: "supervisor", name: "save the registers in the TCB, stay disabled" }];
    case 2:
    case 3:
    case 4:
      return [
        { state: "supervisor", name: "take an SVRB from the address space's pool" },
        { state: "supervisor", name: "chain the SVRB, save the registers in it" },
        { state: "supervisor", name: `enable interruptions${locks}` },
      ];
    default:
      return svc.type satisfies never;
  }
}

function routineName(svc: SvcRow): string {
  const where = svc.type === 3 || svc.type === 4 ? "in the link pack area" : "in the nucleus";
  return `${svc.module ?? `IGC routine of SVC ${svc.number}`}, ${where}: ${svc.does}`;
}

function exitStep(svc: SvcRow): Step {
  const releases = svc.locks.length === 0 ? "" : "release the locks, ";
  const name = `exit prologue: ${releases}give the registers back, load the issuer's PSW`;
  return { state: "supervisor", name, evidence: svc.evidence, source: CONVENTIONS };
}
