/**
 * A guest's memory as its host sees it (Intel SDM vol. 3, "The Extended Page Table Mechanism"): guest-physical pages,
 * mapped to frames by the host's tables for this guest. A page that was never touched has no frame; touching it is an exit
 * (EPT violation) and gives it one. A page that is shared is write-protected; writing to it is an exit, too, and gives
 * the guest a copy of its own.
 */
import { type Mapping, PageTable, type Rights } from "../machine/page-table.ts";
import { type HostMemory, ZEROS } from "./host-memory.ts";

const OWN: Rights = { write: true, user: true, execute: true, copyOnWrite: false };
const SHARED: Rights = { write: false, user: true, execute: true, copyOnWrite: true };

export interface GuestMemoryCounters {
  /** Exits by EPT violation: the page had no frame. */
  readonly violations: number;
  /** Exits by EPT violation: the page was shared, and had to be copied. */
  readonly copies: number;
}

export class GuestMemory {
  readonly name: string;
  readonly pages: number;
  readonly #host: HostMemory;
  readonly #ept: PageTable;
  #counters = { violations: 0, copies: 0 };
  #end = 0;

  /**
   * @param name whose frames they are
   * @param pages how much memory the guest believes to have
   */
  constructor(host: HostMemory, name: string, pages: number) {
    this.name = name;
    this.pages = pages;
    this.#host = host;
    this.#ept = new PageTable(host.tables(tablesOf(name)));
  }

  get counters(): GuestMemoryCounters {
    return { ...this.#counters };
  }

  /** The host's tables for this guest, for a walk in two dimensions. */
  get tables(): PageTable {
    return this.#ept;
  }

  /** No page from here on was ever touched. */
  get end(): number {
    return this.#end;
  }

  /** Pages that have a frame. */
  get resident(): number {
    return this.#ept.mappedPages;
  }

  /** The guest reads a page. @returns what is in it */
  read(page: number): number {
    return this.#host.read(this.#translate(page, "read"));
  }

  /** The guest writes a page. */
  write(page: number, contents: number): void {
    this.#host.write(this.#translate(page, "write"), contents);
  }

  /** The host makes an access possible: gives the page a frame, or a copy of its own. What is in it stays. */
  touch(page: number, kind: "read" | "write"): void {
    this.#translate(page, kind);
  }

  /** @returns what is in a page, without touching it; zeros where it has no frame. */
  peek(page: number): number {
    const frame = this.frameOf(page);
    return frame === undefined ? ZEROS : this.#host.read(frame);
  }

  frameOf(page: number): number | undefined {
    return this.mapping(page)?.frame;
  }

  mapping(page: number): Mapping | undefined {
    return this.#ept.lookup(page);
  }

  /** Write-protects a page, so that a write makes a copy. */
  protect(page: number): void {
    this.#ept.protect(page, SHARED);
  }

  /** Puts another frame with the same contents behind a page, shared and write-protected. The page's own frame goes back. */
  shareWith(page: number, frame: number): void {
    const before = this.#ept.unmap(page);
    if (before === undefined) throw new RangeError(`share page ${page} of ${this.name}: it has no frame`);
    if (this.#host.read(before.frame) !== this.#host.read(frame)) {
      throw new RangeError(`share page ${page} of ${this.name}: its contents are not those of frame ${frame}`);
    }
    this.#host.pool.share(frame, this.name);
    this.#ept.map(page, frame, SHARED);
    this.#host.release(before.frame, this.name);
  }

  /** Takes a page's frame back; the guest gets a new one of zeros when it touches it. @returns whether it had one */
  discard(page: number): boolean {
    const mapping = this.#ept.unmap(page);
    if (mapping === undefined) return false;
    this.#host.release(mapping.frame, this.name);
    return true;
  }

  /** Forgets which pages were written, and tells which were: KVM_GET_DIRTY_LOG, by the dirty bits. */
  *takeDirty(): Generator<number> {
    for (const { page, dirty } of [...this.#ept.mappings()]) {
      if (!dirty) continue;
      this.#ept.clear(page, "dirty");
      yield page;
    }
  }

  /** The guest has gone. */
  destroy(): void {
    for (const { frame } of [...this.#ept.mappings()]) this.#host.release(frame, this.name);
    this.#ept.destroy();
  }

  /** As the processor does it: on a violation the host makes it right, and the guest tries again. */
  #translate(page: number, kind: "read" | "write"): number {
    if (page < 0 || page >= this.pages) throw new RangeError(`${this.name} has no page ${page}`);
    for (;;) {
      const found = this.#ept.translate(page, { kind, user: true });
      if (found.kind === "hit") return found.frame;
      if (found.fault === "copy on write") this.#copy(page);
      else this.#give(page);
    }
  }

  #give(page: number): void {
    this.#counters.violations++;
    this.#end = Math.max(this.#end, page + 1);
    this.#ept.map(page, this.#host.allocate(this.name), OWN);
  }

  #copy(page: number): void {
    this.#counters.copies++;
    const own = this.#host.allocate(this.name);
    const shared = this.#ept.unmap(page);
    if (shared === undefined) throw new RangeError(`copy page ${page} of ${this.name}: it has no frame`);
    this.#host.write(own, this.#host.read(shared.frame));
    this.#ept.map(page, own, OWN);
    this.#host.release(shared.frame, this.name);
  }
}

/** @returns under which name the host's tables for a guest are accounted. */
export function tablesOf(guest: string): string {
  return `${guest}: tables of the host`;
}
