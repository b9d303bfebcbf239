/**
 * One running z/OS: the control blocks that there is one of (CVT and what it points to), the processors' PSAs, the address
 * spaces in the ASVT, the SVC table and the locks. What runs on it are generators of steps; who carries these out is said
 * by hooks: a Zos machine with processors and a dispatcher, or one lane alone.
 */
import type { Activity, Burst } from "../machine/activity.ts";
import { Asvt, type AsvtCounts } from "./asvt.ts";
import { type Ascb, type Lock, type LockName, newLock, type Psa, type WorkUnit } from "./control-blocks.ts";
import { type Era, type EraName, eraOf } from "./era.ts";
import { Libraries, newSysres, type Sysres } from "./libraries.ts";
import { disabledWait, encodePsw, INTERRUPTION_PSW } from "./psw.ts";
import type { Completion } from "./recovery-exit.ts";
import { type Step, stepActivity } from "./step.ts";
import { Storage } from "./storage.ts";
import { newSvcTable, type SvcRow } from "./svc-table.ts";

/** What the system tells whoever listens: a trace, a test. */
export type SystemEvent =
  | {
      readonly kind: "svc";
      readonly what: "issued" | "backed up" | "entered" | "completed" | "refused" | "screened";
      readonly unit: WorkUnit;
      readonly row: SvcRow;
      /** The same for every time that one SVC is executed again. */
      readonly id: number;
    }
  | { readonly kind: "abend"; readonly unit: WorkUnit; readonly completion: Completion }
  | { readonly kind: "ended"; readonly unit: WorkUnit; readonly completion: Completion }
  | { readonly kind: "space"; readonly what: "created" | "ended"; readonly ascb: Ascb }
  | { readonly kind: "message"; readonly id: string; readonly text: string }
  | { readonly kind: "wait state"; readonly state: WaitState };

/** The end of a whole system: a disabled wait PSW with a code in it. */
export interface WaitState {
  readonly code: number;
  readonly reason: number;
  readonly text: string;
  readonly psw: string;
}

/** What the system needs of whoever carries its steps out. */
export interface SystemHooks {
  /** A work unit that was blocked can go on. */
  readonly wake: (unit: WorkUnit) => void;
  /** A new work unit begins. */
  readonly start: (unit: WorkUnit, life: Iterable<Activity>) => void;
  /** A work unit is over, in the middle of whatever it does (MEMTERM). */
  readonly kill: (unit: WorkUnit) => void;
  /** Something that the dispatcher decides by has changed. */
  readonly recheck: () => void;
  /** No processor runs any more. */
  readonly stop: () => void;
}

/** Nobody else is there: one lane of steps. */
export const ALONE: SystemHooks = {
  wake: () => {},
  start: () => {},
  kill: () => {},
  recheck: () => {},
  stop: () => {},
};

export interface SystemOptions {
  readonly era?: EraName;
  readonly cpus?: number;
  readonly asvt?: AsvtCounts;
  /** How many SVRBs subpool 255 of one address space has room for. */
  readonly svrbStorage?: number;
  readonly sysres?: Sysres;
  readonly observe?: (event: SystemEvent) => void;
}

const DEFAULT_SVRB_STORAGE = 900;

export class ZosSystem {
  readonly era: Era;
  readonly asvt: Asvt;
  readonly psas: readonly Psa[];
  /** SVCTABLE, by CVTABEND -> SCVT -> SCVTSVCT. */
  readonly svcTable: SvcRow[] = newSvcTable();
  readonly locks: Readonly<Record<Exclude<LockName, "LOCAL">, Lock>>;
  readonly storage: Storage;
  readonly libraries: Libraries;
  readonly sysres: Sysres;
  readonly svrbStorage: number;
  readonly observe: (event: SystemEvent) => void;
  hooks: SystemHooks = ALONE;
  /** The address space with ASID 1, and ASID 1 only, once there is one. */
  master: Ascb | undefined;
  waitState: WaitState | undefined;
  #svcIds = 0;

  constructor(options: SystemOptions = {}) {
    const { era = "z/OS", cpus = 1, asvt, svrbStorage = DEFAULT_SVRB_STORAGE, observe = () => {} } = options;
    const { sysres = newSysres() } = options;
    this.era = eraOf(era);
    this.asvt = new Asvt(asvt);
    this.psas = Array.from({ length: cpus }, (_, cpu) => newPsa(cpu));
    this.locks = { CMS: newLock("CMS"), SRM: newLock("SRM"), SALLOC: newLock("SALLOC"), DISP: newLock("DISP") };
    this.storage = new Storage(this.era);
    this.libraries = new Libraries(this.storage);
    this.sysres = sysres;
    this.svrbStorage = svrbStorage;
    this.observe = observe;
  }

  /** @returns the prefixed save area of the processor that the work unit has. */
  psaOf(unit: WorkUnit): Psa {
    const psa = this.psas[unit.cpu];
    if (psa === undefined) throw new RangeError(`${unit.name} is on processor ${unit.cpu} of ${this.psas.length}`);
    return psa;
  }

  /** @returns a number for one SVC, however often it has to be executed. */
  nextSvcId(): number {
    return this.#svcIds++;
  }

  /** @returns the step as it is carried out by a work unit: in its state, and not interrupted where it is disabled. */
  step(unit: WorkUnit, stage: string, step: Step): Burst {
    const args = {
      unit: unit.name,
      ...(step.state === "problem" ? {} : { interruptions: unit.psw.enabled ? "enabled" : "disabled" }),
      ...(unit.locks.length === 0 ? {} : { locks: unit.locks.map((lock) => lock.name).join(" ") }),
    };
    const burst = stepActivity(step, stage, args);
    return unit.psw.enabled ? burst : { ...burst, preemptible: false, interruptible: false };
  }

  /**
   * Ends the system: every processor loads a disabled wait PSW. The first request stands; one that comes beside it is
   * rejected with a temporary 5C7, reason 0201, on its processor (z/OS MVS System Codes, 5C7).
   */
  enterWaitState(code: number, reason: number, text: string): void {
    if (this.waitState !== undefined) {
      const rejected = "two concurrent wait state requests were in progress";
      this.observe({ kind: "wait state", state: this.#waitState(0x5c7, 0x0201, rejected) });
      return;
    }
    this.waitState = this.#waitState(code, reason, text);
    this.observe({ kind: "wait state", state: this.waitState });
    this.hooks.stop();
  }

  #waitState(code: number, reason: number, text: string): WaitState {
    const psw = encodePsw(
      { ...disabledWait(reason * 0x1000 + code), addressingMode: 31 },
      { ...this.era, addressingModes: [31] },
    );
    return { code, reason, text, psw };
  }

  /** @returns every address space there is, in the order of their ASIDs. */
  spaces(): Ascb[] {
    return this.asvt.spaces();
  }
}

function newPsa(cpu: number): Psa {
  return {
    cpu,
    currentTcb: undefined,
    currentAscb: undefined,
    srbMode: false,
    supervisor: { svc: false, type6: false, dispatcher: false },
    recoveryStack: "normal",
    svcNewPsw: INTERRUPTION_PSW,
    svcOldPsw: undefined,
    programOldPsw: undefined,
    svcNumber: undefined,
    svcLength: 0,
    programCode: undefined,
    svcRegisters: undefined,
  };
}
