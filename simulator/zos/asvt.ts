/**
 * The address space vector table: one entry an ASID (z/OS MVS Initialization and Tuning Reference, MAXUSER, RSVSTRT and
 * RSVNONR). Entries of RSVSTRT are for START once the others are used up; entries of RSVNONR replace those that have
 * become non-reusable, because others may still have cross-memory connections to them.
 */
import type { Ascb } from "./control-blocks.ts";

export interface AsvtCounts {
  /** MAXUSER. */
  readonly ordinary: number;
  /** RSVSTRT. */
  readonly forStart: number;
  /** RSVNONR. */
  readonly replacements: number;
}

/** MAXUSER + RSVSTRT + RSVNONR (z/OS MVS Initialization and Tuning Reference). */
export const MOST_ASIDS = 32_767;

/** MAXUSER 255 and RSVSTRT 5 are recalled; RSVNONR 100 is verified. */
export const DEFAULT_ASVT: AsvtCounts = { ordinary: 255, forStart: 5, replacements: 100 };

export const MASTER_ASID = 1;

type Entry = { readonly kind: "free" | "reserved" | "lost" } | { readonly kind: "used"; readonly ascb: Ascb };

const FREE: Entry = { kind: "free" };

export class Asvt {
  readonly #entries: Entry[];
  #ordinaryLeft: number;
  #startLeft: number;
  #replacementsLeft: number;
  /** Which allowance each used ASID came out of. */
  readonly #fromStart = new Set<number>();

  /** @throws RangeError where there would be more ASIDs than a system can have */
  constructor(counts: AsvtCounts = DEFAULT_ASVT) {
    const all = counts.ordinary + counts.forStart + counts.replacements;
    if (all > MOST_ASIDS) throw new RangeError(`an ASVT of ${all} entries: more than ${MOST_ASIDS}`);
    this.#entries = Array.from({ length: all }, () => FREE);
    this.#ordinaryLeft = counts.ordinary;
    this.#startLeft = counts.forStart;
    this.#replacementsLeft = counts.replacements;
  }

  /**
   * Finds a free ASID: the lowest. (Which of the free ones is taken is this model's choice.)
   * @param forStart whether a START command asks, which may use what is kept for it
   * @returns undefined where MAXUSER would have been exceeded
   */
  reserve(forStart: boolean): number | undefined {
    const fromStart = this.#ordinaryLeft === 0;
    if (fromStart && (!forStart || this.#startLeft === 0)) return undefined;
    const index = this.#entries.findIndex(({ kind }) => kind === "free");
    if (index < 0) return undefined;
    if (fromStart) {
      this.#startLeft--;
      this.#fromStart.add(index + 1);
    } else this.#ordinaryLeft--;
    this.#entries[index] = { kind: "reserved" };
    return index + 1;
  }

  /** Puts the address space into the entry that was reserved for it. */
  put(ascb: Ascb): void {
    this.#entries[ascb.asid - 1] = { kind: "used", ascb };
  }

  /** Gives an entry back that was reserved, where nothing came of it. */
  cancel(asid: number): void {
    this.#giveBack(asid);
  }

  /**
   * The address space has ended.
   * @param reusable false where it owned a linkage index: its ASID is lost, and one of the replacements takes its place
   */
  free({ asid }: Ascb, reusable: boolean): void {
    if (reusable) {
      this.#giveBack(asid);
      return;
    }
    this.#entries[asid - 1] = { kind: "lost" };
    if (this.#replacementsLeft === 0) return;
    this.#replacementsLeft--;
    this.#allow(asid);
  }

  /** @returns the address space of an ASID; undefined where there is none. */
  at(asid: number): Ascb | undefined {
    const entry = this.#entries[asid - 1];
    return entry?.kind === "used" ? entry.ascb : undefined;
  }

  spaces(): Ascb[] {
    return this.#entries.flatMap((entry) => (entry.kind === "used" ? [entry.ascb] : []));
  }

  /** How many entries are in each state, and how many more address spaces there can be. */
  counts(): { readonly free: number; readonly used: number; readonly lost: number; readonly available: number } {
    const of = (kind: Entry["kind"]) => this.#entries.filter((entry) => entry.kind === kind).length;
    return { free: of("free"), used: of("used"), lost: of("lost"), available: this.#ordinaryLeft + this.#startLeft };
  }

  #giveBack(asid: number): void {
    this.#entries[asid - 1] = FREE;
    this.#allow(asid);
  }

  #allow(asid: number): void {
    if (this.#fromStart.delete(asid)) this.#startLeft++;
    else this.#ordinaryLeft++;
  }
}
