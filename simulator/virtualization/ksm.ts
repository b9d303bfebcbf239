/**
 * Kernel samepage merging (Linux Documentation/admin-guide/mm/ksm.rst, mm/ksm.c): a thread of the host that reads guests'
 * pages, a hundred every twenty milliseconds, and puts one write-protected frame behind those that are the same. A page
 * is looked at twice before it is a candidate, so that what changes all the time is left alone; the tree of candidates is
 * unstable, since they can still be written, and is thrown away after every full scan; the tree of merged frames is stable.
 */
import type { GuestMemory } from "./guest-memory.ts";
import type { HostMemory } from "./host-memory.ts";

export interface KsmOptions {
  /** pages_to_scan: pages looked at before the thread sleeps. */
  readonly pagesToScan: number;
}

/** As in /sys/kernel/mm/ksm. */
export interface KsmCounters {
  /** Pages looked at, all together. */
  readonly scanned: number;
  readonly fullScans: number;
  /** pages_shared: merged frames in use. */
  readonly shared: number;
  /** pages_sharing: how many more pages are behind them, which is how many frames are saved. */
  readonly sharing: number;
}

interface Place {
  readonly guest: GuestMemory;
  readonly page: number;
}

export class Ksm {
  readonly #host: HostMemory;
  readonly #guests: readonly GuestMemory[];
  readonly #pagesToScan: number;
  readonly #stable = new Map<number, number>();
  readonly #stableFrames = new Set<number>();
  readonly #unstable = new Map<number, Place>();
  /** What was in a page when it was looked at last: its checksum. */
  readonly #seen = new Map<GuestMemory, Map<number, number>>();
  #at = { guest: 0, page: 0 };
  #scanned = 0;
  #fullScans = 0;

  /** @param guests whose memory is madvised MADV_MERGEABLE */
  constructor(host: HostMemory, guests: readonly GuestMemory[], { pagesToScan }: KsmOptions) {
    this.#host = host;
    this.#guests = guests;
    this.#pagesToScan = pagesToScan;
    host.onFree((frame) => this.#forget(frame));
  }

  /** How often it has been through everything. */
  get fullScans(): number {
    return this.#fullScans;
  }

  get counters(): KsmCounters {
    let sharing = 0;
    for (const frame of this.#stableFrames) sharing += this.#host.pool.references(frame) - 1;
    return { scanned: this.#scanned, fullScans: this.#fullScans, shared: this.#stableFrames.size, sharing };
  }

  /** The thread wakes up once. @returns how many pages it has looked at */
  wake(): number {
    return this.scan(this.#pagesToScan);
  }

  /** Looks at so many pages. @returns how many there were to look at */
  scan(pages: number): number {
    let looked = 0;
    while (looked < pages) {
      const place = this.#next();
      if (place === undefined) break;
      this.#look(place);
      looked++;
    }
    this.#scanned += looked;
    return looked;
  }

  /** The next page that has a frame, round and round; undefined where no guest has any. */
  #next(): Place | undefined {
    for (let rounds = 0; rounds < 2; ) {
      const guest = this.#guests[this.#at.guest];
      if (guest === undefined) {
        this.#at = { guest: 0, page: 0 };
        this.#unstable.clear();
        this.#fullScans++;
        rounds++;
        continue;
      }
      const { page } = this.#at;
      if (page >= guest.end) this.#at = { guest: this.#at.guest + 1, page: 0 };
      else {
        this.#at.page++;
        if (guest.frameOf(page) !== undefined) return { guest, page };
      }
    }
    return undefined;
  }

  #look({ guest, page }: Place): void {
    const frame = guest.frameOf(page);
    if (frame === undefined || this.#stableFrames.has(frame)) return;
    const contents = this.#host.read(frame);
    const merged = this.#stable.get(contents);
    if (merged !== undefined) {
      guest.shareWith(page, merged);
      return;
    }
    if (!this.#isQuiet(guest, page, contents)) return;
    const twin = this.#unstable.get(contents);
    // The candidate may have been written since, or may have gone.
    if (twin === undefined || !this.#stillThere(twin, contents)) this.#unstable.set(contents, { guest, page });
    else if (twin.guest !== guest || twin.page !== page) this.#merge(twin, { guest, page }, contents);
  }

  #isQuiet(guest: GuestMemory, page: number, contents: number): boolean {
    const seen = this.#seen.get(guest) ?? new Map<number, number>();
    this.#seen.set(guest, seen);
    const before = seen.get(page);
    seen.set(page, contents);
    return before === contents;
  }

  #stillThere({ guest, page }: Place, contents: number): boolean {
    const frame = guest.frameOf(page);
    return frame !== undefined && !this.#stableFrames.has(frame) && this.#host.read(frame) === contents;
  }

  #merge(first: Place, second: Place, contents: number): void {
    const frame = first.guest.frameOf(first.page);
    if (frame === undefined) return;
    first.guest.protect(first.page);
    this.#stable.set(contents, frame);
    this.#stableFrames.add(frame);
    this.#unstable.delete(contents);
    second.guest.shareWith(second.page, frame);
  }

  #forget(frame: number): void {
    if (!this.#stableFrames.delete(frame)) return;
    const contents = this.#host.read(frame);
    if (this.#stable.get(contents) === frame) this.#stable.delete(contents);
  }
}

/**
 * Checks that nobody can write what others see: a frame behind more than one page is write-protected at every one.
 * @returns what is wrong, one sentence each; empty where sharing is safe
 */
export function checkSharing(host: HostMemory, guests: readonly GuestMemory[]): string[] {
  return guests.flatMap((guest) =>
    [...guest.tables.mappings()]
      .filter(({ frame, write }) => write && host.pool.references(frame) > 1)
      .map(({ page, frame }) => `${guest.name} can write page ${page}, and frame ${frame} is not its own`),
  );
}
