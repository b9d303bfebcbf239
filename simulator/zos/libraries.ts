/**
 * Where programs come from, and who shares them (z/OS Basic Skills, "z/OS system libraries"): the nucleus and the link pack
 * area are read from the system residence volume once, at IPL, and are common storage from then on; a module of LINKLIB
 * that is not in the LPA is loaded into the private storage of every address space that asks for it.
 */
import type { Ascb } from "./control-blocks.ts";
import type { Storage } from "./storage.ts";

export const DATA_SETS = ["SYS1.NUCLEUS", "SYS1.LPALIB", "SYS1.LINKLIB", "SYS1.PARMLIB", "SYS1.SVCLIB"] as const;
export type DataSet = (typeof DATA_SETS)[number];

/** What a data set of the residence volume is for today. SVCLIB's old role is recalled. */
export const ROLES: Readonly<Record<DataSet, string>> = {
  "SYS1.NUCLEUS": "the supervisor: SVC types 1, 2 and 6; read at IPL",
  "SYS1.LPALIB": "SVC types 3 and 4 and other reentrant modules; read at IPL into the link pack area",
  "SYS1.LINKLIB": "programs; loaded when somebody asks, each address space its own copy",
  "SYS1.PARMLIB": "the parameters of the system",
  "SYS1.SVCLIB": "I/O appendages; in OS/360 it held the SVCs of types 3 and 4",
};

/** The system residence volume. */
export interface Sysres {
  mounted: boolean;
  readonly members: Readonly<Record<DataSet, readonly string[]>>;
  /** Data sets that cannot be read. */
  readonly unreadable: ReadonlySet<DataSet>;
}

export const SYSRES_MEMBERS: Sysres["members"] = {
  "SYS1.NUCLEUS": ["IEANUC01", "IEAVESVC", "IEAVEDS0"],
  "SYS1.LPALIB": ["IEAVRT01", "IEAVM600", "IEAVTRT2", "IEFBR14"],
  "SYS1.LINKLIB": ["IEBGENER", "IEBCOPY", "IDCAMS", "IEFBR14"],
  "SYS1.PARMLIB": ["IEASYS00", "LOAD00"],
  "SYS1.SVCLIB": ["IGG019"],
};

/** @returns a residence volume as it comes from IBM. */
export function newSysres(unreadable: readonly DataSet[] = []): Sysres {
  return { mounted: true, members: SYSRES_MEMBERS, unreadable: new Set(unreadable) };
}

/** How a LOAD is answered. */
export type Found =
  | { readonly kind: "nucleus" | "LPA" }
  /** In private storage of the address space; `loaded` where it was not there before. */
  | { readonly kind: "private"; readonly page: number; readonly loaded: boolean }
  | { readonly kind: "not found" };

export class Libraries {
  readonly #storage: Storage;
  readonly #nucleus = new Set<string>();
  readonly #lpa = new Set<string>();
  /** The job pack area of each address space: what it has loaded of its own. */
  readonly #private = new Map<Ascb, Map<string, number>>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Reads the nucleus into common storage, one page a module. */
  loadNucleus(modules: readonly string[]): void {
    this.#common("nucleus", modules, this.#nucleus);
  }

  /** Reads the link pack area into common storage, one page a module. */
  loadLpa(modules: readonly string[]): void {
    this.#common("PLPA", modules, this.#lpa);
  }

  /**
   * Finds a module for an address space: what it has already, then nucleus and LPA, then LINKLIB on the volume.
   * @param sysres the volume as it is now; it is asked only for what is not in storage
   */
  find(ascb: Ascb, module: string, sysres: Sysres): Found {
    const own = this.#private.get(ascb) ?? new Map<string, number>();
    const page = own.get(module);
    if (page !== undefined) return { kind: "private", page, loaded: false };
    if (this.#nucleus.has(module)) return { kind: "nucleus" };
    if (this.#lpa.has(module)) return { kind: "LPA" };
    const readable = sysres.mounted && !sysres.unreadable.has("SYS1.LINKLIB");
    if (!readable || !sysres.members["SYS1.LINKLIB"].includes(module)) return { kind: "not found" };
    const fresh = 1 + own.size;
    this.#private.set(ascb, own.set(module, fresh));
    this.#storage.get(ascb.asid, { area: "user region", page: fresh });
    return { kind: "private", page: fresh, loaded: true };
  }

  /** How often each module is in storage: once in common storage, or once for each address space that has it. */
  copies(): ReadonlyMap<string, number> {
    const copies = new Map<string, number>();
    for (const module of [...this.#nucleus, ...this.#lpa]) copies.set(module, 1);
    for (const [ascb, own] of this.#private) {
      if (ascb.terminated) continue;
      for (const module of own.keys()) copies.set(module, (copies.get(module) ?? 0) + 1);
    }
    return copies;
  }

  #common(area: "nucleus" | "PLPA", modules: readonly string[], into: Set<string>): void {
    for (const module of modules) {
      into.add(module);
      this.#storage.get(0, { area, page: into.size });
    }
  }
}
