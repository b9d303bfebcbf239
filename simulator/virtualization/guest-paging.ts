/**
 * An address space in a guest: the guest's own page tables, which lie in the guest's memory, over the host's tables for
 * the guest (Intel SDM vol. 3, "The Extended Page Table Mechanism"). A page that the guest's kernel has not mapped is a
 * page fault of the guest: its kernel maps it, and its host does not notice. A page that the host has not given is an
 * exit: the host gives it, and the guest does not notice.
 */
import { type NestedHit, NestedPageTable } from "../machine/nested-walk.ts";
import { type Access, PageTable, USER_PAGE } from "../machine/page-table.ts";
import type { GuestMemory } from "./guest-memory.ts";

export interface PagingCounters {
  /** The guest's own page faults: its kernel's affair. */
  readonly guestFaults: number;
  /** Exits by EPT violation. */
  readonly exits: number;
  readonly accesses: number;
  /** Entries of tables read, of the guest's and of the host's, for all accesses together. */
  readonly references: number;
}

export class GuestPaging {
  readonly #memory: GuestMemory;
  readonly #tables: NestedPageTable;
  /** The guest kernel's free pages, the next one last. */
  readonly #free: number[];
  #counters = { guestFaults: 0, exits: 0, accesses: 0, references: 0 };

  /** @param free guest-physical pages that the guest's kernel may use for tables and for the program */
  constructor(memory: GuestMemory, free: Iterable<number>) {
    this.#memory = memory;
    this.#free = [...free].reverse();
    const guest = new PageTable({
      take: () => {
        const page = this.#take();
        // The guest's kernel clears a table before it is used: it touches the page.
        this.#violation(page, "write");
        return page;
      },
      give: (page) => void this.#free.push(page),
    });
    this.#tables = new NestedPageTable(guest, memory.tables);
  }

  get counters(): PagingCounters {
    return { ...this.#counters };
  }

  /** A program in the guest touches a page. @returns how it was found in the end, with the references of the last walk */
  access(page: number, access: Access): NestedHit {
    this.#counters.accesses++;
    for (;;) {
      const found = this.#tables.translate(page, access);
      this.#counters.references += found.references;
      if (found.kind === "hit") return found;
      if (found.kind === "fault") {
        this.#counters.guestFaults++;
        this.#tables.guest.map(page, this.#take(), USER_PAGE);
      } else
        this.#violation(found.guestFrame, found.during === "guest page" && access.kind === "write" ? "write" : "read");
    }
  }

  #violation(page: number, kind: "read" | "write"): void {
    const before = this.#memory.counters;
    this.#memory.touch(page, kind);
    const after = this.#memory.counters;
    this.#counters.exits += after.violations + after.copies - before.violations - before.copies;
  }

  #take(): number {
    const page = this.#free.pop();
    if (page === undefined) throw new RangeError(`${this.#memory.name}: the guest's kernel has no page left`);
    return page;
  }
}
