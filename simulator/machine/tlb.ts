/**
 * A translation lookaside buffer: what a processor remembers of page tables, so that it need not walk them (Intel SDM
 * vol. 3, "Caching Translation Information"; AMD APM vol. 2, "Translation-Lookaside Buffer"). Entries carry the address
 * space that they belong to, so that changing it throws nothing away: PCID within a system, VPID (Intel) or ASID (AMD)
 * between a host and its guests.
 *
 * A TLB knows nothing of later changes to the tables. Whoever changes them has to flush, on every processor that may
 * remember; forgetting it is a mistake that this model lets one make, and see.
 */
import { type Access, type Mapping, type PageLevel, pagesOf, type Rights, refusal } from "./page-table.ts";

/** Whose translation it is. */
export interface Tag {
  /** The guest: VPID on Intel, ASID on AMD. 0 is the host itself, as it is there. */
  readonly guest: number;
  /** The address space within it: the PCID, 12 bits. */
  readonly space: number;
}

export const HOST_TAG: Tag = { guest: 0, space: 0 };

export interface TlbOptions {
  /** Sets times ways is the capacity. A page can be in one set only: the rest of its number divided by the sets. */
  readonly sets: number;
  readonly ways: number;
}

/** One translation, as it was when it was remembered. */
export interface TlbEntry extends Rights {
  readonly tag: Tag;
  /** The first page and frame of the mapping, and how large it is. */
  readonly page: number;
  readonly level: PageLevel;
  readonly frame: number;
  /** Of every address space of its guest: the kernel's own pages (G bit, CR4.PGE). */
  readonly global: boolean;
  /** Whether the table's dirty bit is known to be set; if not, a write has to walk to set it. */
  readonly dirty: boolean;
}

/** An entry in its place, and when it was used last, counted in uses. */
interface Way {
  readonly entry: TlbEntry;
  usedAt: number;
}

export interface TlbCounters {
  readonly hits: number;
  readonly misses: number;
  /** Entries that had to go for others, and entries that were flushed. */
  readonly evicted: number;
  readonly flushed: number;
  /** Flush operations, whatever they found. */
  readonly flushes: number;
}

const LARGEST_FIRST: readonly PageLevel[] = [3, 2, 1];

export class Tlb {
  readonly capacity: number;
  readonly #sets: Way[][];
  readonly #ways: number;
  #uses = 0;
  /** How many entries of each size there are: sizes without any need no search. */
  readonly #ofLevel: Record<PageLevel, number> = { 1: 0, 2: 0, 3: 0 };
  #counters = { hits: 0, misses: 0, evicted: 0, flushed: 0, flushes: 0 };

  constructor({ sets, ways }: TlbOptions) {
    if (!Number.isInteger(sets) || !Number.isInteger(ways) || sets < 1 || ways < 1) {
      throw new RangeError(`make a TLB of ${sets} sets and ${ways} ways: both are integers from 1`);
    }
    this.#sets = Array.from({ length: sets }, () => []);
    this.#ways = ways;
    this.capacity = sets * ways;
  }

  get counters(): TlbCounters {
    return { ...this.#counters };
  }

  /** Entries that it has now. */
  get size(): number {
    return this.#ofLevel[1] + this.#ofLevel[2] + this.#ofLevel[3];
  }

  /**
   * Looks a translation up. One that does not allow the access, or that would have to set the dirty bit, is dropped and
   * counts as a miss: the processor walks again, and the fault, if there is one, is that of the tables (SDM vol. 3,
   * "Invalidation of TLBs and Paging-Structure Caches": a page fault drops the entries of its address).
   * @returns the frame of the page; undefined for a miss
   */
  lookup(tag: Tag, page: number, access: Access): number | undefined {
    const way = this.#find(tag, page);
    const entry = way?.entry;
    if (entry !== undefined && refusal(entry, access) === undefined && (access.kind !== "write" || entry.dirty)) {
      this.#counters.hits++;
      return entry.frame + (page - entry.page);
    }
    if (way !== undefined) this.#remove(way);
    this.#counters.misses++;
    return undefined;
  }

  /** Remembers a translation that a walk has found; the one used least recently in its set makes room (true LRU). */
  fill(tag: Tag, mapping: Mapping, global = false): void {
    const { page, level, frame, write, user, execute, copyOnWrite, dirty } = mapping;
    const known = this.#find(tag, page);
    if (known !== undefined) this.#remove(known);
    const set = this.#setOf(page, level);
    if (set.length >= this.#ways) {
      this.#remove(set.reduce((oldest, way) => (way.usedAt < oldest.usedAt ? way : oldest)));
      this.#counters.evicted++;
    }
    const entry = { tag, page, level, frame, write, user, execute, copyOnWrite, dirty, global };
    set.push({ entry, usedAt: ++this.#uses });
    this.#ofLevel[level]++;
  }

  /** Forgets one address in one address space, and what is global at it: INVLPG. */
  flushAddress(tag: Tag, page: number): void {
    this.#flush((entry) => belongsTo(entry, tag) && covers(entry, page));
  }

  /** Forgets one address space but for what is global: a load of CR3 with its bit 63 clear, INVPCID type 1. */
  flushSpace(tag: Tag): void {
    this.#flush((entry) => !entry.global && belongsTo(entry, tag));
  }

  /** Forgets everything of a guest (INVVPID type 1, AMD's TLB_CONTROL 3), or of the host as guest 0 (INVPCID type 2). */
  flushGuest(guest: number): void {
    this.#flush((entry) => entry.tag.guest === guest);
  }

  /** Forgets everything, of the host and of all guests: AMD's TLB_CONTROL 1; on Intel INVPCID and INVVPID, each of type 2. */
  flushAll(): void {
    this.#flush(() => true);
  }

  /** @returns what it remembers: for checks and for drawing. */
  entries(): TlbEntry[] {
    return this.#sets.flat().map(({ entry }) => entry);
  }

  #setOf(page: number, level: PageLevel): Way[] {
    const set = this.#sets[Math.floor(page / pagesOf(level)) % this.#sets.length];
    if (set === undefined) throw new RangeError(`there is no virtual page ${page}`);
    return set;
  }

  /** The entry for a page, which becomes the one used last. */
  #find(tag: Tag, page: number): Way | undefined {
    for (const level of LARGEST_FIRST) {
      if (this.#ofLevel[level] === 0) continue;
      for (const way of this.#setOf(page, level)) {
        const { entry } = way;
        if (entry.level !== level || !covers(entry, page) || !belongsTo(entry, tag)) continue;
        way.usedAt = ++this.#uses;
        return way;
      }
    }
    return undefined;
  }

  #remove(way: Way): void {
    const set = this.#setOf(way.entry.page, way.entry.level);
    // The order in a set means nothing: the last one takes the place.
    const at = set.indexOf(way);
    const last = set.pop();
    if (last !== undefined && last !== way) set[at] = last;
    this.#ofLevel[way.entry.level]--;
  }

  #flush(concerns: (entry: TlbEntry) => boolean): void {
    this.#counters.flushes++;
    for (const way of this.#sets.flat()) {
      if (!concerns(way.entry)) continue;
      this.#remove(way);
      this.#counters.flushed++;
    }
  }
}

/** Whether an address space sees an entry: its own, and what is global within its guest. */
function belongsTo(entry: TlbEntry, tag: Tag): boolean {
  return entry.tag.guest === tag.guest && (entry.global || entry.tag.space === tag.space);
}

function covers(entry: TlbEntry, page: number): boolean {
  return page >= entry.page && page < entry.page + pagesOf(entry.level);
}

/**
 * Checks a TLB against itself: within its capacity, every entry in the set where it is looked for, no page twice.
 * @returns what is wrong, one sentence each; empty for a sound one
 */
export function checkTlb(tlb: Tlb): string[] {
  const entries = tlb.entries();
  const problems = entries.length > tlb.capacity ? [`${entries.length} entries in a TLB of ${tlb.capacity}`] : [];
  if (entries.length !== tlb.size) problems.push(`${entries.length} entries by counting, ${tlb.size} as kept`);
  for (const [index, entry] of entries.entries()) {
    const twin = entries.slice(0, index).find((other) => belongsTo(other, entry.tag) && covers(other, entry.page));
    if (twin !== undefined) problems.push(`page ${entry.page} of ${entry.tag.guest}:${entry.tag.space} is there twice`);
  }
  return problems;
}
