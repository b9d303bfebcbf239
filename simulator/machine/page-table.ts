/**
 * x86-64's page tables: four levels of 512 entries (Intel SDM vol. 3, "4-Level Paging"; AMD APM vol. 2, "Long-Mode Page
 * Translation"). Level 4 is the root (PML4), level 1 the table whose entries name 4 KiB pages; an entry of level 2 or 3
 * may name a large page (2 MiB, 1 GiB) itself.
 *
 * Addresses are page numbers: a virtual page has 36 bits, and the upper half of them is where kernels live (a 64-bit
 * address would not fit into an exact JavaScript number). Tables are frames themselves and are taken from where their
 * owner says, so that a guest's tables lie in the guest's memory and walking them is walking the host's as well.
 *
 * The processor behaves as with CR0.WP = 1 and EFER.NXE = 1, which every present kernel sets: a kernel may not write to a
 * page that is read-only, and pages can be barred from execution.
 */

export const LEVELS = 4;
const ENTRIES = 512;
/** Pages that an entry of a level covers, by level; there is no level 0. */
const COVERED: readonly number[] = [1, 1, ENTRIES, ENTRIES ** 2, ENTRIES ** 3];
/** Virtual pages: 48 bits of address without the 12 within the page. */
export const VIRTUAL_PAGES = ENTRIES ** LEVELS;

/** The level at which a mapping ends: 4 KiB, 2 MiB or 1 GiB. */
export type PageLevel = 1 | 2 | 3;

/** @returns how many 4 KiB pages a mapping of a level covers: 1, 512 or 262,144. */
export function pagesOf(level: PageLevel): number {
  return COVERED[level] ?? 1;
}

/** What a mapping allows, and what the kernel has marked it with. */
export interface Rights {
  readonly write: boolean;
  /** Reachable in user mode (U/S). */
  readonly user: boolean;
  /** May instructions be fetched from it (not XD). */
  readonly execute: boolean;
  /** The kernel's own mark, in a bit that the processor ignores: a write is to make a copy. Such a page is not writable. */
  readonly copyOnWrite: boolean;
}

/** An ordinary page of a program. */
export const USER_PAGE: Rights = { write: true, user: true, execute: false, copyOnWrite: false };

export interface Access {
  readonly kind: "read" | "write" | "execute";
  /** Made in user mode (CPL 3). */
  readonly user: boolean;
}

/** What a page table has for a page. */
export interface Mapping extends Rights {
  /** The virtual page at which the mapping begins, and its level. */
  readonly page: number;
  readonly level: PageLevel;
  /** The first frame of it. */
  readonly frame: number;
  /** Set by the processor: it was used, it was written to. */
  readonly accessed: boolean;
  readonly dirty: boolean;
}

/** Why a translation ends in a page fault (vector 14). */
export type FaultKind = "not present" | "copy on write" | "read-only" | "supervisor only" | "no execute";

/** One entry read on the way: which table, where in memory, which of its entries. */
export interface WalkStep {
  readonly level: number;
  readonly tableFrame: number;
  readonly index: number;
}

export interface Hit {
  readonly kind: "hit";
  /** The frame of the very page that was asked for, within a large page too. */
  readonly frame: number;
  readonly mapping: Mapping;
  /** Memory references that the walk took: an entry a level. */
  readonly references: number;
}

export interface Fault {
  readonly kind: "fault";
  readonly fault: FaultKind;
  readonly page: number;
  readonly access: Access;
  /** As the processor pushes it: bit 0 protection, 1 write, 2 user, 4 instruction fetch (SDM vol. 3, "Page-Fault Exceptions"). */
  readonly errorCode: number;
  readonly references: number;
}

/** Where tables come from and go to: a FramePool under the name of its owner, or a guest's memory. */
export interface TableFrames {
  readonly take: () => number;
  readonly give: (frame: number) => void;
}

const PRESENT = 1;
const WRITE = 2;
const USER = 4;
const ACCESSED = 32;
const DIRTY = 64;
const LARGE = 128;
const COPY_ON_WRITE = 512;
/** Bit 63 of the entry; here the flags have 16 bits. */
const NO_EXECUTE = 0x8000;

/** As the hardware has it: 512 entries, each a frame and flags. The tables below are kept beside their frames' numbers. */
class Table {
  readonly frame: number;
  readonly frames = new Uint32Array(ENTRIES);
  readonly flags = new Uint16Array(ENTRIES);
  readonly below: (Table | undefined)[] = [];
  present = 0;

  constructor(frame: number) {
    this.frame = frame;
  }
}

/** The end of a walk that found something: the entry, in its table. */
interface Leaf {
  readonly table: Table;
  readonly index: number;
  readonly level: PageLevel;
}

export class PageTable {
  readonly #tables: TableFrames;
  readonly #root: Table;
  #tableCount = 1;
  #mappedPages = 0;

  /** @param tables where its tables are allocated; the root at once, the others as they are needed */
  constructor(tables: TableFrames) {
    this.#tables = tables;
    this.#root = new Table(tables.take());
  }

  /** The frame of the root: what CR3 holds. */
  get root(): number {
    return this.#root.frame;
  }

  /** Frames that the tables themselves take. */
  get tables(): number {
    return this.#tableCount;
  }

  /** 4 KiB pages that are mapped. */
  get mappedPages(): number {
    return this.#mappedPages;
  }

  /**
   * Maps a page.
   * @param page the virtual page; for a large page a multiple of what it covers
   * @param frame its frame, aligned the same
   * @param level 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB
   * @throws RangeError where something is mapped there already, or page or frame do not lie where such a page has to
   */
  map(page: number, frame: number, rights: Rights = USER_PAGE, level: PageLevel = 1): void {
    const covers = pagesOf(level);
    checkPage(page);
    if (page % covers !== 0 || frame % covers !== 0 || !Number.isInteger(frame) || frame < 0 || frame > 0xffffffff) {
      throw new RangeError(
        `map page ${page} to frame ${frame}: a page of level ${level} lies at multiples of ${covers}`,
      );
    }
    if (rights.write && rights.copyOnWrite) {
      throw new RangeError(
        `map page ${page}: what is copied on write cannot be writable, or nobody would notice the write`,
      );
    }
    let table = this.#root;
    for (let at = LEVELS; at > level; at--) table = this.#tableBelow(table, indexAt(page, at), page);
    const index = indexAt(page, level);
    if (((table.flags[index] ?? 0) & PRESENT) !== 0) throw new RangeError(`map page ${page}: it is mapped already`);
    table.frames[index] = frame;
    table.flags[index] = PRESENT | flagsOf(rights) | (level > 1 ? LARGE : 0);
    table.present++;
    this.#mappedPages += covers;
  }

  /**
   * Takes a mapping away, and every table that has nothing left in it. What TLBs remember of it is not touched.
   * @returns the mapping that was there; undefined where there was none
   */
  unmap(page: number): Mapping | undefined {
    const path = this.#path(page);
    const leaf = leafOf(path);
    if (leaf === undefined) return undefined;
    const mapping = mappingAt(leaf, page);
    for (const { table, index } of path.toReversed()) {
      table.flags[index] = 0;
      table.present--;
      table.below[index] = undefined;
      if (table.present > 0 || table === this.#root) break;
      this.#tables.give(table.frame);
      this.#tableCount--;
    }
    this.#mappedPages -= pagesOf(leaf.level);
    return mapping;
  }

  /**
   * Changes what a mapping allows. What TLBs remember of it is not touched: whoever takes rights away has to flush.
   * @returns the mapping as it was
   * @throws RangeError where nothing is mapped
   */
  protect(page: number, rights: Partial<Rights>): Mapping {
    const leaf = this.#mapped(page, "protect");
    const before = mappingAt(leaf, page);
    const wanted = { ...before, ...rights };
    if (wanted.write && wanted.copyOnWrite) {
      throw new RangeError(`protect page ${page}: what is copied on write cannot be writable`);
    }
    const kept = (leaf.table.flags[leaf.index] ?? 0) & (PRESENT | ACCESSED | DIRTY | LARGE);
    leaf.table.flags[leaf.index] = kept | flagsOf(wanted);
    return before;
  }

  /** Forgets that a mapping was used, or written to: how a kernel finds out what is used, and a migration what is written. */
  clear(page: number, bit: "accessed" | "dirty"): void {
    const { table, index } = this.#mapped(page, `clear ${bit} of`);
    table.flags[index] = (table.flags[index] ?? 0) & ~(bit === "accessed" ? ACCESSED : DIRTY);
  }

  /** @returns what is mapped at a page, without using it: no bit is set, and no reference counted. */
  lookup(page: number): Mapping | undefined {
    const leaf = leafOf(this.#path(page));
    return leaf && mappingAt(leaf, page);
  }

  /** @returns the entries that a walk for the page reads, down to where it ends, mapped or not. */
  walk(page: number): WalkStep[] {
    return this.#path(page).map(({ table, index, level }) => ({ level, tableFrame: table.frame, index }));
  }

  /**
   * Translates as the processor does: reads an entry a level, checks the rights, and sets accessed and dirty.
   * @returns the frame, or the page fault; with the memory references that it took
   */
  translate(page: number, access: Access): Hit | Fault {
    const path = this.#path(page);
    const references = path.length;
    const leaf = leafOf(path);
    const mapping = leaf && mappingAt(leaf, page);
    const fault = mapping === undefined ? "not present" : refusal(mapping, access);
    if (fault !== undefined || mapping === undefined || leaf === undefined) {
      const kind = fault ?? "not present";
      return { kind: "fault", fault: kind, page, access, errorCode: errorCode(kind, access), references };
    }
    for (const { table, index } of path) table.flags[index] = (table.flags[index] ?? 0) | ACCESSED;
    if (access.kind === "write") leaf.table.flags[leaf.index] = (leaf.table.flags[leaf.index] ?? 0) | DIRTY;
    return { kind: "hit", frame: mapping.frame + (page - mapping.page), mapping: mappingAt(leaf, page), references };
  }

  /** @returns every mapping, by page: what fork copies, and what an address space gives back at its end. */
  *mappings(): Generator<Mapping> {
    yield* mappingsOf(this.#root, LEVELS, 0);
  }

  /** Gives every table back, the root too. The page table must not be used again. */
  destroy(): void {
    giveAll(this.#root, this.#tables);
    this.#tableCount = 0;
    this.#mappedPages = 0;
  }

  #tableBelow(table: Table, index: number, page: number): Table {
    const below = table.below[index];
    if (below !== undefined) return below;
    if (((table.flags[index] ?? 0) & PRESENT) !== 0) {
      throw new RangeError(`map page ${page}: a large page is mapped there already`);
    }
    const made = new Table(this.#tables.take());
    this.#tableCount++;
    table.below[index] = made;
    table.frames[index] = made.frame;
    // Rights are checked at the last entry; those above allow everything, as Linux and others have them.
    table.flags[index] = PRESENT | WRITE | USER;
    table.present++;
    return made;
  }

  /** The entries on the way to a page, as far as the way goes. The last one is not present where nothing is mapped. */
  #path(page: number): { table: Table; index: number; level: number }[] {
    checkPage(page);
    const path: { table: Table; index: number; level: number }[] = [];
    let table: Table | undefined = this.#root;
    for (let level = LEVELS; table !== undefined; level--) {
      const index = indexAt(page, level);
      path.push({ table, index, level });
      table = table.below[index];
    }
    return path;
  }

  #mapped(page: number, what: string): Leaf {
    const leaf = leafOf(this.#path(page));
    if (leaf === undefined) throw new RangeError(`${what} page ${page}: it is not mapped`);
    return leaf;
  }
}

/**
 * Whether an access is refused by a mapping that is there.
 * @returns the kind of the fault; undefined where it is allowed
 */
export function refusal(rights: Rights, access: Access): Exclude<FaultKind, "not present"> | undefined {
  if (access.user && !rights.user) return "supervisor only";
  if (access.kind === "execute" && !rights.execute) return "no execute";
  if (access.kind !== "write" || rights.write) return undefined;
  return rights.copyOnWrite ? "copy on write" : "read-only";
}

function errorCode(fault: FaultKind, access: Access): number {
  return (
    (fault === "not present" ? 0 : 1) +
    (access.kind === "write" ? 2 : 0) +
    (access.user ? 4 : 0) +
    (access.kind === "execute" ? 16 : 0)
  );
}

function checkPage(page: number): void {
  if (!Number.isInteger(page) || page < 0 || page >= VIRTUAL_PAGES) {
    throw new RangeError(`there is no virtual page ${page}: they have 36 bits`);
  }
}

/** The nine bits of a page number that choose the entry at a level. Not by shifts: those have 32 bits in JavaScript. */
function indexAt(page: number, level: number): number {
  return Math.floor(page / (COVERED[level] ?? 1)) % ENTRIES;
}

function flagsOf({ write, user, execute, copyOnWrite }: Rights): number {
  return (write ? WRITE : 0) + (user ? USER : 0) + (execute ? 0 : NO_EXECUTE) + (copyOnWrite ? COPY_ON_WRITE : 0);
}

function leafOf(path: readonly { table: Table; index: number; level: number }[]): Leaf | undefined {
  const last = path.at(-1);
  if (last === undefined || ((last.table.flags[last.index] ?? 0) & PRESENT) === 0) return undefined;
  const { table, index, level } = last;
  return level === 1 || level === 2 || level === 3 ? { table, index, level } : undefined;
}

function mappingAt({ table, index, level }: Leaf, page: number): Mapping {
  const flags = table.flags[index] ?? 0;
  return {
    page: page - (page % pagesOf(level)),
    level,
    frame: table.frames[index] ?? 0,
    write: (flags & WRITE) !== 0,
    user: (flags & USER) !== 0,
    execute: (flags & NO_EXECUTE) === 0,
    copyOnWrite: (flags & COPY_ON_WRITE) !== 0,
    accessed: (flags & ACCESSED) !== 0,
    dirty: (flags & DIRTY) !== 0,
  };
}

function* mappingsOf(table: Table, level: number, first: number): Generator<Mapping> {
  const covers = COVERED[level] ?? 1;
  for (let index = 0, left = table.present; left > 0 && index < ENTRIES; index++) {
    if (((table.flags[index] ?? 0) & PRESENT) === 0) continue;
    left--;
    const page = first + index * covers;
    const below = table.below[index];
    if (below !== undefined) yield* mappingsOf(below, level - 1, page);
    else if (level === 1 || level === 2 || level === 3) yield mappingAt({ table, index, level }, page);
  }
}

function giveAll(table: Table, tables: TableFrames): void {
  for (const below of table.below) if (below !== undefined) giveAll(below, tables);
  tables.give(table.frame);
}
