/**
 * Address translation in two dimensions: the guest's tables give guest-physical pages, and the host's tables give the
 * frames behind those (Intel SDM vol. 3, "The Extended Page Table Mechanism (EPT)"; AMD APM vol. 2, "Nested Paging"; on
 * z/Architecture the host's DAT below SIE does the same). The guest's tables lie in the guest's memory, so that every
 * entry of theirs that is read has to be translated first: with four levels on both sides up to 4 · (4 + 1) + 4 = 24
 * memory references, where the machine without a guest makes 4 (Bhargava et al., "Accelerating Two-Dimensional Page Walks
 * for Virtualized Systems", 2008). The number is counted by walking, not written down.
 *
 * As with AMD's nested paging, every access to a guest-physical page counts as one from user mode in the host's tables
 * (Intel's tables for EPT have no such bit). Setting accessed and dirty in the guest's tables is not checked as a write to
 * the pages that hold them.
 */
import type { Access, Fault, FaultKind, Hit, Mapping, PageTable } from "./page-table.ts";
import { pagesOf } from "./page-table.ts";

/** The host's tables refused: the guest stops and its hypervisor is asked (EPT violation, nested page fault). */
export interface NestedFault {
  readonly kind: "nested fault";
  /** What the host's tables said; `not present` for memory that the host has not given yet, or has taken back. */
  readonly fault: FaultKind;
  /** The guest-physical page that it is about. */
  readonly guestFrame: number;
  /** While reading an entry of the guest's tables, or for the page that the guest asked for. */
  readonly during: "guest table" | "guest page";
  readonly page: number;
  readonly access: Access;
  readonly references: number;
}

/** A hit in both dimensions, with the references told apart. */
export interface NestedHit extends Hit {
  /** The guest-physical frame on the way. */
  readonly guestFrame: number;
  readonly guestReferences: number;
  readonly hostReferences: number;
}

export class NestedPageTable {
  readonly guest: PageTable;
  readonly host: PageTable;

  /**
   * @param guest the guest's tables: virtual page to guest-physical frame
   * @param host the hypervisor's tables for this guest: guest-physical page to frame
   */
  constructor(guest: PageTable, host: PageTable) {
    this.guest = guest;
    this.host = host;
  }

  /**
   * Translates a guest's virtual page to a frame of the machine.
   * @returns the frame; a page fault, which is the guest's own affair; or a nested fault, which is its hypervisor's
   */
  translate(page: number, access: Access): NestedHit | Fault | NestedFault {
    let hostReferences = 0;
    for (const [index, { tableFrame }] of this.guest.walk(page).entries()) {
      const table = this.host.translate(tableFrame, { kind: "read", user: true });
      hostReferences += table.references;
      if (table.kind === "fault") {
        const references = hostReferences + index;
        const { fault } = table;
        return { kind: "nested fault", fault, guestFrame: tableFrame, during: "guest table", page, access, references };
      }
    }
    const inner = this.guest.translate(page, access);
    const guestReferences = inner.references;
    if (inner.kind === "fault") return { ...inner, references: guestReferences + hostReferences };
    const outer = this.host.translate(inner.frame, { kind: access.kind, user: true });
    hostReferences += outer.references;
    const references = guestReferences + hostReferences;
    const guestFrame = inner.frame;
    if (outer.kind === "fault") {
      return { kind: "nested fault", fault: outer.fault, guestFrame, during: "guest page", page, access, references };
    }
    const mapping = combined(page, outer.frame, inner.mapping, outer.mapping);
    return { kind: "hit", frame: outer.frame, mapping, references, guestFrame, guestReferences, hostReferences };
  }
}

/** What a TLB remembers of both: the smaller page, and only what both allow. */
function combined(page: number, frame: number, guest: Mapping, host: Mapping): Mapping {
  const level = guest.level < host.level ? guest.level : host.level;
  const offset = page % pagesOf(level);
  return {
    page: page - offset,
    level,
    frame: frame - offset,
    write: guest.write && host.write,
    user: guest.user,
    execute: guest.execute && host.execute,
    copyOnWrite: guest.copyOnWrite,
    accessed: true,
    dirty: guest.dirty && host.dirty,
  };
}
