/**
 * A process's memory: areas of virtual pages (mmap(2), proc_pid_maps(5)) and the page table below them. Nothing has a
 * frame before it is touched; fork copies the table, not the pages, and whoever writes first gets a copy (fork(2)).
 */
import { type Mapping, PageTable, type Rights } from "../../machine/page-table.ts";
import type { Inode } from "../files/inode.ts";
import { type Effort, type Memory, noEffort } from "./memory.ts";
import type { MemoryGroup } from "./memory-group.ts";

/** What lies behind an area: nothing but zeros, or a file from some page of it on. */
export type Backing =
  | { readonly kind: "anonymous"; readonly shared: false }
  /** `shared`: writes go to the file, and all who have mapped it see them (MAP_SHARED). */
  | { readonly kind: "file"; readonly inode: Inode; readonly firstPage: number; readonly shared: boolean };

export interface Area {
  readonly name: string;
  readonly start: number;
  readonly pages: number;
  readonly write: boolean;
  readonly execute: boolean;
  readonly backing: Backing;
  /** Whether it ever had pages of its own: if not, fork has nothing to copy (its pages can be had from the file again). */
  ownPages: boolean;
}

/** What touching a page came to. Each of them but the first two is a page fault. */
export type Touch =
  | "mapped"
  /** No such area, or not that way: SIGSEGV. */
  | "segmentation fault"
  /** The kernel's one page of zeros was mapped, read-only. */
  | "zero page"
  | "new page"
  /** A file's page that was in memory: a minor fault. */
  | "page cache"
  /** A file's page that a disk had to read: a major fault. */
  | "disk"
  | "copy on write"
  /** It could be written after all: nobody else has the frame any more. */
  | "last owner"
  /** There was no memory, and the one who wanted it was killed for it. */
  | "out of memory";

export interface TouchResult {
  readonly touch: Touch;
  readonly effort: Effort;
}

export interface AddressSpaceOptions {
  readonly memory: Memory;
  /** The name that its frames are held under; no two address spaces have the same. */
  readonly owner: string;
  readonly group: MemoryGroup;
  readonly isGone?: () => boolean;
}

/** Where the kernel's page of zeros lies. It is not a frame of the pool: it belongs to the kernel's own image. */
const ZERO_FRAME = 0xffffffff;

/** There is no memory for a table: whoever needed it fails (ENOMEM), or has been killed for it. */
export class NoMemoryError extends Error {
  constructor(owner: string) {
    super(`map a page of ${owner}: there is no memory for the page table`);
    this.name = "NoMemoryError";
  }
}

export class AddressSpace {
  readonly owner: string;
  readonly group: MemoryGroup;
  readonly #memory: Memory;
  readonly #isGone: () => boolean;
  readonly #table: PageTable;
  #areas: Area[] = [];
  /** rss: frames mapped, the page of zeros left out. */
  #resident = 0;
  /** Where pages of files are mapped: what reclaim may take out again. */
  readonly #filePages = new Map<number, Set<number>>();
  readonly faults = { minor: 0, major: 0 };
  /** What the access that is being carried out has taken so far. */
  #effort = noEffort();

  /** @throws NoMemoryError where there is no memory even for the first table */
  constructor({ memory, owner, group, isGone = () => false }: AddressSpaceOptions) {
    this.owner = owner;
    this.group = group;
    this.#memory = memory;
    this.#isGone = isGone;
    memory.register(owner, this);
    this.#table = new PageTable({
      take: () => this.#takeTable(),
      give: (frame) => memory.release(frame, this.#tables),
    });
  }

  get areas(): readonly Area[] {
    return this.#areas;
  }

  get residentFrames(): number {
    return this.#resident;
  }

  /** Frames of its page tables: they count for whom memory shortage kills. */
  get tableFrames(): number {
    return this.#table.tables;
  }

  /** Adds an area. @throws RangeError where there is one already */
  map(area: Omit<Area, "ownPages">): Area {
    const overlaps = this.#areas.find(
      ({ start, pages }) => area.start < start + pages && start < area.start + area.pages,
    );
    if (overlaps !== undefined) throw new RangeError(`map ${area.name}: ${overlaps.name} is there already`);
    const added = { ...area, ownPages: false };
    this.#areas.push(added);
    return added;
  }

  /** Takes an area away, and gives back what it held (munmap(2)). */
  unmap(area: Area): void {
    this.#areas = this.#areas.filter((one) => one !== area);
    for (let page = area.start; page < area.start + area.pages; page++) this.#giveBack(page);
  }

  area(name: string): Area | undefined {
    return this.#areas.find((one) => one.name === name);
  }

  /** Reads or writes a page, as the program's instruction does: through the page table, and by a fault where need be. */
  touch(page: number, access: "read" | "write", content = 0): TouchResult {
    this.#effort = noEffort();
    const translation = this.#table.translate(page, { kind: access, user: true });
    const touch = translation.kind === "hit" ? "mapped" : this.#fault(page, access);
    if (touch === "disk") this.faults.major++;
    else if (touch !== "mapped") this.faults.minor++;
    if (access === "write" && touch !== "segmentation fault" && touch !== "out of memory") this.#write(page, content);
    return { touch, effort: this.#effort };
  }

  /** @returns what is in a page; 0 where nothing was ever put there, undefined where it is not mapped now. */
  peek(page: number): number | undefined {
    const mapping = this.#table.lookup(page);
    if (mapping === undefined) return undefined;
    return mapping.frame === ZERO_FRAME ? 0 : this.#memory.content(mapping.frame);
  }

  frameOf(page: number): number | undefined {
    return this.#table.lookup(page)?.frame;
  }

  /**
   * Copies the address space for a child: areas, and those page table entries that cannot be had again from a file.
   * Private pages become read-only on both sides until one of them writes.
   * @returns the child's, and how many entries were copied
   * @throws NoMemoryError where there is no memory for the child's tables (fork(2), ENOMEM); nothing is left of it then
   */
  fork(owner: string, group: MemoryGroup, isGone = () => false): { child: AddressSpace; copied: number } {
    let forking = true;
    // Until the child is there it is the parent that asks for memory, and that may be killed for it.
    const isGoneNow = () => (forking ? this.#isGone() : isGone());
    const child = new AddressSpace({ memory: this.#memory, owner, group, isGone: isGoneNow });
    child.#areas = this.#areas.map((area) => ({ ...area }));
    let copied = 0;
    try {
      for (const area of this.#areas) {
        if (!area.ownPages) continue;
        for (const mapping of this.#mappingsIn(area)) {
          this.#share(mapping, child, area);
          copied++;
        }
      }
    } catch (error) {
      if (error instanceof NoMemoryError) child.destroy();
      throw error;
    }
    forking = false;
    return { child, copied };
  }

  /** Gives back everything: exit(2), and execve(2) for what was there before. */
  destroy(): void {
    for (const mapping of [...this.#table.mappings()]) this.#giveBack(mapping.page);
    this.#table.destroy();
    this.#areas = [];
    this.#memory.unregister(this.owner);
  }

  /** Takes a file's page out of the page table: memory is short. */
  readonly evict = (frame: number): void => {
    for (const page of [...(this.#filePages.get(frame) ?? [])]) this.#giveBack(page);
  };

  get #tables(): string {
    return `${this.owner}: page tables`;
  }

  #takeTable(): number {
    const frame = this.#memory.allocate(this.#tables, this.group, this.#effort, this.#isGone);
    if (frame === undefined) throw new NoMemoryError(this.owner);
    return frame;
  }

  #areaOf(page: number): Area | undefined {
    return this.#areas.find(({ start, pages }) => page >= start && page < start + pages);
  }

  *#mappingsIn({ start, pages }: Area): Generator<Mapping> {
    for (let page = start; page < start + pages; page++) {
      const mapping = this.#table.lookup(page);
      if (mapping !== undefined) yield mapping;
    }
  }

  #fault(page: number, access: "read" | "write"): Touch {
    const area = this.#areaOf(page);
    if (area === undefined || (access === "write" && !area.write)) return "segmentation fault";
    try {
      const mapping = this.#table.lookup(page);
      if (mapping !== undefined) return this.#unshare(area, mapping);
      return area.backing.kind === "anonymous"
        ? this.#anonymous(area, page, access)
        : this.#fromFile(area, area.backing, page, access);
    } catch (error) {
      if (error instanceof NoMemoryError) return "out of memory";
      throw error;
    }
  }

  #anonymous(area: Area, page: number, access: "read" | "write"): Touch {
    if (access === "read") {
      this.#table.map(page, ZERO_FRAME, rightsOf(area, { write: false, copyOnWrite: area.write }));
      area.ownPages = true;
      return "zero page";
    }
    return this.#newPage(area, page, 0) ? "new page" : "out of memory";
  }

  #fromFile(area: Area, backing: Backing & { kind: "file" }, page: number, access: "read" | "write"): Touch {
    const filePage = backing.firstPage + page - area.start;
    const loaded = this.#memory.load(backing.inode, filePage, this.group, this.#effort, this.#isGone);
    if (loaded === undefined) return "out of memory";
    const { cached, fromDisk } = loaded;
    if (access === "write" && !backing.shared) {
      // Its own copy at once: the file's page is read, but not mapped.
      if (!this.#newPage(area, page, cached.content)) return "out of memory";
      return fromDisk ? "disk" : "copy on write";
    }
    const own = backing.shared ? { write: area.write, copyOnWrite: false } : { write: false, copyOnWrite: area.write };
    this.#memory.pool.share(cached.frame, this.owner);
    this.#mapFrame(page, cached.frame, rightsOf(area, own));
    this.#noteFile(page, cached.frame);
    return fromDisk ? "disk" : "page cache";
  }

  /** A write to a page that is mapped read-only because somebody else may have it, too. */
  #unshare(area: Area, mapping: Mapping): Touch {
    if (!mapping.copyOnWrite) return "segmentation fault";
    const { frame, page } = mapping;
    const isShared = frame === ZERO_FRAME || this.#memory.pool.references(frame) > 1;
    if (!isShared) {
      this.#table.protect(page, { copyOnWrite: false, write: true });
      return "last owner";
    }
    const content = frame === ZERO_FRAME ? 0 : this.#memory.content(frame);
    const copy = this.#memory.allocate(this.owner, this.group, this.#effort, this.#isGone);
    if (copy === undefined) return "out of memory";
    this.#giveBack(page);
    this.#mapFrame(page, copy, rightsOf(area, { write: true, copyOnWrite: false }));
    this.#memory.store(copy, content);
    area.ownPages = true;
    return "copy on write";
  }

  /** @returns whether there was memory for it. */
  #noteFile(page: number, frame: number): void {
    const pages = this.#filePages.get(frame) ?? new Set<number>();
    this.#filePages.set(frame, pages);
    pages.add(page);
  }

  #newPage(area: Area, page: number, content: number): boolean {
    const frame = this.#memory.allocate(this.owner, this.group, this.#effort, this.#isGone);
    if (frame === undefined) return false;
    this.#mapFrame(page, frame, rightsOf(area, { write: area.write, copyOnWrite: false }));
    this.#memory.store(frame, content);
    area.ownPages = true;
    return true;
  }

  /** Maps a frame that is held for this address space already. Where there is no table for it, it is given back. */
  #mapFrame(page: number, frame: number, rights: Rights): void {
    try {
      this.#table.map(page, frame, rights);
      this.#resident++;
    } catch (error) {
      this.#memory.release(frame, this.owner);
      throw error;
    }
  }

  #write(page: number, content: number): void {
    const frame = this.frameOf(page);
    if (frame !== undefined) this.#memory.store(frame, content);
  }

  #share({ page, frame, write, copyOnWrite }: Mapping, child: AddressSpace, area: Area): void {
    if (write) this.#table.protect(page, { write: false, copyOnWrite: true });
    const rights = rightsOf(area, { write: false, copyOnWrite: write || copyOnWrite });
    if (frame === ZERO_FRAME) {
      child.#table.map(page, frame, rights);
      return;
    }
    this.#memory.pool.share(frame, child.owner);
    child.#mapFrame(page, frame, rights);
    if (this.#filePages.get(frame)?.has(page) === true) child.#noteFile(page, frame);
  }

  #giveBack(page: number): void {
    const mapping = this.#table.unmap(page);
    if (mapping === undefined || mapping.frame === ZERO_FRAME) return;
    this.#resident--;
    const pages = this.#filePages.get(mapping.frame);
    pages?.delete(page);
    if (pages?.size === 0) this.#filePages.delete(mapping.frame);
    this.#memory.release(mapping.frame, this.owner);
  }
}

function rightsOf(area: Area, { write, copyOnWrite }: Pick<Rights, "write" | "copyOnWrite">): Rights {
  return { write, copyOnWrite, user: true, execute: area.execute };
}
