/**
 * A processor's memory management unit: asks the TLB, walks the tables where it does not know, and remembers what it
 * found (Intel SDM vol. 3, "Paging"). One per processor; it counts what memory costs: hits, walks, and the memory
 * references that walks make.
 */
import type { NestedFault } from "./nested-walk.ts";
import type { Access, Fault, Hit } from "./page-table.ts";
import type { Tag, Tlb } from "./tlb.ts";

/** Tables of one dimension or of two. */
export interface Translator<Refusal extends Fault | NestedFault = Fault | NestedFault> {
  readonly translate: (page: number, access: Access) => Hit | Refusal;
}

export interface MmuCounters {
  readonly translations: number;
  readonly walks: number;
  /** Entries of tables that walks have read. */
  readonly references: number;
  readonly faults: number;
}

/** What became of an access: the frame, from the TLB or after a walk, or why there is none. */
export type Translation<Refusal> =
  | { readonly kind: "hit"; readonly frame: number; readonly from: "TLB" | "walk"; readonly references: number }
  | Refusal;

export class Mmu {
  readonly tlb: Tlb;
  #counters = { translations: 0, walks: 0, references: 0, faults: 0 };

  constructor(tlb: Tlb) {
    this.tlb = tlb;
  }

  get counters(): MmuCounters {
    return { ...this.#counters };
  }

  /**
   * Translates one access.
   * @param tag whose address space it is; the TLB believes it, so that a tag used for two spaces at once mixes them up
   * @param tables the tables of that address space
   * @param global whether what is found is in every address space of the guest: the kernel's own pages
   */
  translate<Refusal extends Fault | NestedFault>(
    tag: Tag,
    tables: Translator<Refusal>,
    page: number,
    access: Access,
    global = false,
  ): Translation<Refusal> {
    this.#counters.translations++;
    const known = this.tlb.lookup(tag, page, access);
    if (known !== undefined) return { kind: "hit", frame: known, from: "TLB", references: 0 };
    const found = tables.translate(page, access);
    this.#counters.walks++;
    this.#counters.references += found.references;
    if (found.kind !== "hit") {
      this.#counters.faults++;
      return found;
    }
    this.tlb.fill(tag, found.mapping, global);
    return { kind: "hit", frame: found.frame, from: "walk", references: found.references };
  }
}
