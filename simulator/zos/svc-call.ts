/** What goes into a supervisor call and what comes out: the request, the routine's view of it, and its outcome. */
import type { Activity } from "../machine/activity.ts";
import type { Ecb, Srb, Tcb } from "./control-blocks.ts";
import type { Found } from "./libraries.ts";
import type { Psw } from "./psw.ts";
import type { RecoveryExit } from "./recovery-exit.ts";
import type { Rb } from "./request-block.ts";
import type { Step } from "./step.ts";
import type { SvcRow } from "./svc-table.ts";
import type { ZosSystem } from "./system.ts";

/** What a routine is given beyond registers. */
export type SvcParameters =
  | { readonly kind: "ecb"; readonly ecb: Ecb; readonly code?: number }
  | { readonly kind: "psw"; readonly key?: number; readonly problem?: boolean }
  | { readonly kind: "attach"; readonly request: AttachRequest }
  | { readonly kind: "detach"; readonly tcb: Tcb }
  | { readonly kind: "task priority"; readonly tcb: Tcb; readonly priority: number }
  | { readonly kind: "module"; readonly name: string; readonly found?: (where: Found) => void }
  | { readonly kind: "do"; readonly body: () => Generator<Activity> };

/** The parameter list of ATTACH. */
export interface AttachRequest {
  readonly name: string;
  /** Below the mother's own, as CHAP would count; the same where it is left out. */
  readonly priority?: number;
  readonly jobStep?: boolean;
  /** KEY=ZERO and SM=SUPV. */
  readonly supervisor?: boolean;
  readonly authorized?: boolean;
  readonly estai?: { readonly name: string; readonly decide: RecoveryExit["decide"] };
  readonly screen?: ReadonlySet<number>;
  /** What the task does, once it is dispatched. */
  readonly life: (tcb: Tcb) => Generator<Activity>;
  /** Told the new task as soon as there is one. */
  readonly attached?: (tcb: Tcb) => void;
}

/** One supervisor call as a program issues it. */
export interface SvcRequest {
  readonly number: number;
  readonly stage: string;
  readonly r0?: number;
  readonly r1?: number;
  readonly r15?: number;
  readonly parameters?: SvcParameters;
  /** 2, or 4 and 6 where the SVC is the target of EX and EXRL. */
  readonly length?: 2 | 4 | 6;
  /** What it is for, where the name alone does not say it. */
  readonly purpose?: string;
  /** Where it is known from that the call is made at this point, if not from the call's own description. */
  readonly from?: Pick<Step, "evidence" | "source">;
}

export interface SvcResult {
  readonly r0: number;
  readonly r1: number;
  readonly r15: number;
}

/** What a routine comes back with: registers, and who runs next. */
export interface SvcOutcome {
  readonly r0?: number;
  readonly r1?: number;
  readonly r15?: number;
  /** Type 6: CALLER, DISPATCH, or this SRB at once. The other types return, wait as their request says, or end the task. */
  readonly next?: "return" | "dispatch" | "end of task";
  readonly srb?: Srb;
  /** A PSW other than the caller's own (MODESET). */
  readonly psw?: Partial<Psw>;
}

export interface SvcCall {
  readonly system: ZosSystem;
  readonly tcb: Tcb;
  readonly row: SvcRow;
  readonly request: SvcRequest;
  /** The SVRB; for types 1 and 6 the caller's own request block. */
  readonly rb: Rb;
  readonly caller: Psw;
}

/** What a routine does once it is entered: in no step of its own, or in some. */
export type SvcRoutine =
  | { readonly kind: "at once"; readonly run: (call: SvcCall) => SvcOutcome }
  | { readonly kind: "steps"; readonly run: (call: SvcCall) => Generator<Activity, SvcOutcome> };
