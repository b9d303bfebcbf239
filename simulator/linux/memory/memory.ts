/**
 * A kernel's memory: frames, charged to control groups; the page cache; reclaim when a limit or the machine's end is
 * reached; and the kill of somebody when there is nothing to reclaim (Documentation/admin-guide/mm/concepts.rst,
 * cgroup-v2.rst "Memory", proc(5) oom_score). There is no swap: what is not a file's stays.
 */
import { FRAME_BYTES, type FramePool } from "../../machine/frames.ts";
import type { Inode } from "../files/inode.ts";
import { MemoryGroup, type MemoryGroupOptions } from "./memory-group.ts";
import { type CachedPage, PAGE_CACHE, PageCache } from "./page-cache.ts";

/** How many pages are looked for at a time when memory is short (SWAP_CLUSTER_MAX). */
const RECLAIM_BATCH = 32;
/** oom_score_adj of -1000: never killed for memory. */
export const NEVER_KILLED = -1000;

/** What the kernel must know of whoever can be killed when memory runs out. */
export interface OomCandidate {
  readonly name: string;
  readonly group: MemoryGroup;
  /** -1000 to 1000 (proc(5)). */
  readonly oomScoreAdjust: number;
  /** Its own pages and its page tables, in frames. */
  readonly residentFrames: number;
  /** Gives back everything it has, now. */
  readonly kill: (reason: "out of memory") => void;
}

/** What had to be done for a frame. Whoever asks pays for it in time. */
export interface Effort {
  scanned: number;
  dropped: number;
  /** Pages that a disk had to write. */
  written: number;
  killed: string[];
}

/** @returns nothing done yet. */
export function noEffort(): Effort {
  return { scanned: 0, dropped: 0, written: 0, killed: [] };
}

/** An address space, as reclaim has to know it. */
export interface Mapper {
  /** Takes a file's page out of the page table; the next touch brings it back by a fault. */
  readonly evict: (frame: number) => void;
}

export interface MemoryOptions {
  readonly pool: FramePool;
  /** Everybody who may be killed, in the order of their age. */
  readonly candidates: () => Iterable<OomCandidate>;
}

export class Memory {
  readonly pool: FramePool;
  readonly cache: PageCache;
  readonly root: MemoryGroup;
  readonly #candidates: () => Iterable<OomCandidate>;
  readonly #groupOf = new Map<number, MemoryGroup>();
  readonly #contents = new Map<number, number>();
  /** Address spaces by the name that they hold frames under: who is to be asked for a mapped page. */
  readonly #mappers = new Map<string, Mapper>();

  constructor({ pool, candidates }: MemoryOptions) {
    this.pool = pool;
    this.cache = new PageCache(pool);
    this.root = new MemoryGroup("/", undefined, {}, FRAME_BYTES);
    this.#candidates = candidates;
  }

  /** Makes a control group. */
  group(name: string, options: MemoryGroupOptions = {}, parent = this.root): MemoryGroup {
    return new MemoryGroup(name, parent, options, this.pool.frameBytes);
  }

  /** Writes memory.max. What is over it is reclaimed, and killed for, at once. @returns what that took */
  setMax(group: MemoryGroup, maxBytes: number | undefined): Effort {
    const effort = noEffort();
    group.maxFrames = maxBytes === undefined ? Number.POSITIVE_INFINITY : Math.floor(maxBytes / this.pool.frameBytes);
    while (group.frames > group.maxFrames) {
      if (this.reclaim(group, group.frames - group.maxFrames, effort) === 0 && !this.#outOfMemory(group, effort)) break;
    }
    return effort;
  }

  /**
   * Takes a frame and charges it.
   * @param owner under whose name the frame is held
   * @param effort to which is added what it takes: pages dropped and written, processes killed
   * @param isGone whether the one who asks has been killed for it itself: then there is no frame
   * @returns the frame; undefined where there is none to be had
   */
  allocate(owner: string, group: MemoryGroup, effort: Effort, isGone: () => boolean = () => false): number | undefined {
    for (let full = group.full(); full !== undefined; full = group.full()) {
      full.count("max");
      if (this.reclaim(full, 1, effort) > 0) continue;
      if (!this.#outOfMemory(full, effort) || isGone()) return undefined;
    }
    for (;;) {
      const frame = this.pool.allocate(owner);
      if (frame !== undefined) {
        this.#groupOf.set(frame, group);
        group.charge();
        return frame;
      }
      if (this.reclaim(this.root, 1, effort) > 0) continue;
      if (!this.#outOfMemory(this.root, effort) || isGone()) return undefined;
    }
  }

  /** Gives a reference to a frame back; with the last one the frame is free and no longer charged. */
  release(frame: number, owner: string): void {
    if (!this.pool.release(frame, owner)) return;
    this.#groupOf.get(frame)?.uncharge();
    this.#groupOf.delete(frame);
    this.#contents.delete(frame);
  }

  /** @returns what is in a frame: the number written last, 0 in a new one; a file's page has the file's. */
  content(frame: number): number {
    return this.cache.at(frame)?.content ?? this.#contents.get(frame) ?? 0;
  }

  /** Writes into a frame. In the page cache that makes the page dirty. */
  store(frame: number, content: number): void {
    const cached = this.cache.at(frame);
    if (cached === undefined) {
      this.#contents.set(frame, content);
      return;
    }
    cached.content = content;
    cached.dirty = true;
  }

  /**
   * Brings a page of a file into memory, unless it is there.
   * @returns the page, and whether a disk had to be read; undefined where there is no memory for it
   */
  load(inode: Inode, page: number, group: MemoryGroup, effort: Effort, isGone?: () => boolean): LoadedPage | undefined {
    const found = this.cache.find(inode, page);
    if (found !== undefined) return { cached: found, fromDisk: false };
    const frame = this.allocate(PAGE_CACHE, group, effort, isGone);
    if (frame === undefined) return undefined;
    const cached: CachedPage = { inode, page, frame, group, dirty: false, content: inode.block(page) };
    this.cache.add(cached);
    return { cached, fromDisk: inode.store.onDisk };
  }

  /** Says who has mapped what is held under a name. */
  register(owner: string, mapper: Mapper): void {
    this.#mappers.set(owner, mapper);
  }

  unregister(owner: string): void {
    this.#mappers.delete(owner);
  }

  /**
   * Frees what can be had again from a file: pages that nobody has mapped first, the least recently used before others,
   * then mapped ones; dirty pages after they have been written. Pages of a tmpfs have nowhere to go.
   * @param group only what is charged to it or below it
   * @returns how many frames became free
   */
  reclaim(group: MemoryGroup, wanted: number, effort: Effort): number {
    const goal = Math.max(wanted, RECLAIM_BATCH);
    const freed = this.#reclaim(group, goal, effort, (cached) => this.cache.isUnmapped(cached));
    return freed > 0 ? freed : this.#reclaim(group, goal, effort, (cached) => this.#unmap(cached));
  }

  #reclaim(group: MemoryGroup, goal: number, effort: Effort, isFree: (cached: CachedPage) => boolean): number {
    let freed = 0;
    for (const cached of this.cache.pages()) {
      if (freed >= goal) break;
      if (!group.contains(cached.group)) continue;
      effort.scanned++;
      if (!cached.inode.store.onDisk || !isFree(cached)) continue;
      if (this.cache.writeBack(cached)) effort.written++;
      this.cache.drop(cached);
      this.release(cached.frame, PAGE_CACHE);
      effort.dropped++;
      freed++;
    }
    return freed;
  }

  /** Takes a page out of every page table (rmap). @returns whether nobody holds it any more */
  #unmap(cached: CachedPage): boolean {
    for (const owner of this.pool.owners(cached.frame)) this.#mappers.get(owner)?.evict(cached.frame);
    return this.cache.isUnmapped(cached);
  }

  /** Drops a file's pages: it is gone. Nothing is written. */
  forget(inode: Inode): void {
    for (const cached of this.cache.pages()) {
      if (cached.inode !== inode) continue;
      this.cache.drop(cached);
      // Whoever has it mapped still reads what was in it.
      if (!this.cache.isUnmapped(cached)) this.#contents.set(cached.frame, cached.content);
      this.release(cached.frame, PAGE_CACHE);
    }
  }

  /** Writes everything back (sync(2)). @returns how many pages a disk had to write */
  sync(inode?: Inode): number {
    let written = 0;
    for (const cached of this.cache.pages()) {
      if ((inode === undefined || cached.inode === inode) && this.cache.writeBack(cached)) written++;
    }
    return written;
  }

  /** Whom a group's limit, or the end of the machine's memory, would kill: the highest score, the oldest of equals. */
  victim(group: MemoryGroup): OomCandidate | undefined {
    const total = Math.min(group.maxFrames, this.pool.frames);
    let worst: OomCandidate | undefined;
    for (const candidate of this.#candidates()) {
      if (candidate.oomScoreAdjust === NEVER_KILLED || !group.contains(candidate.group)) continue;
      if (worst === undefined || oomPoints(candidate, total) > oomPoints(worst, total)) worst = candidate;
    }
    return worst;
  }

  /**
   * Counts the charges again: every charged frame is in use, and each group has what was charged to it and below it.
   * @returns what is wrong, one sentence each
   */
  check(groups: readonly MemoryGroup[]): string[] {
    const problems: string[] = [];
    const counted = new Map<MemoryGroup, number>();
    for (const [frame, group] of this.#groupOf) {
      if (this.pool.references(frame) === 0) problems.push(`frame ${frame} is charged to ${group.name} and free`);
      for (const above of group.path()) counted.set(above, (counted.get(above) ?? 0) + 1);
    }
    for (const group of groups) {
      const count = counted.get(group) ?? 0;
      if (count !== group.frames)
        problems.push(`group ${group.name}: ${count} frames by counting, ${group.frames} as kept`);
      if (group.frames > group.maxFrames) problems.push(`group ${group.name}: over its limit`);
    }
    for (const cached of this.cache.pages()) {
      if (this.pool.references(cached.frame, PAGE_CACHE) !== 1)
        problems.push(`a page of ${cached.inode.name} is not the cache's`);
    }
    return problems;
  }

  /** Kills somebody in a group for its memory. @returns whether there was anybody */
  #outOfMemory(group: MemoryGroup, effort: Effort): boolean {
    group.count("oom");
    const victim = this.victim(group);
    if (victim === undefined) return false;
    // memory.oom.group of the victim's own group, or of one above it up to the one that is out of memory, takes all.
    const whole = victim.group
      .path()
      .filter((one) => group.contains(one) && one.killAll)
      .at(-1);
    if (whole !== undefined) whole.count("oom_group_kill");
    const victims = whole === undefined ? [victim] : [...this.#candidates()].filter((one) => whole.contains(one.group));
    for (const one of victims) {
      if (one.oomScoreAdjust === NEVER_KILLED) continue;
      one.group.count("oom_kill");
      effort.killed.push(one.name);
      one.kill("out of memory");
    }
    return true;
  }
}

export interface LoadedPage {
  readonly cached: CachedPage;
  readonly fromDisk: boolean;
}

/** @returns the points that oom_badness gives: the frames it has, and a thousandth of all for each of oom_score_adj. */
export function oomPoints({ residentFrames, oomScoreAdjust }: OomCandidate, totalFrames: number): number {
  return residentFrames + Math.trunc((oomScoreAdjust * totalFrames) / 1000);
}

/** @returns what oom_score of proc(5) shows: 0 to 2000, where 1000 is all the memory there is and nothing adjusted. */
export function oomScore(candidate: OomCandidate, totalFrames: number): number {
  if (candidate.oomScoreAdjust === NEVER_KILLED) return 0;
  const points = oomPoints(candidate, totalFrames);
  return Math.max(0, Math.floor(((1000 + Math.trunc((points * 1000) / totalFrames)) * 2) / 3));
}
