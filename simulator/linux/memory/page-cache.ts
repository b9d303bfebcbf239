/**
 * The page cache: pages of files in memory, one copy for everybody who reads or maps the file
 * (Documentation/mm/page_cache.rst). Two containers of one image have the same files below them, so the same frames.
 * Clean pages that nobody has mapped can be dropped at any time; dirty ones have to be written first.
 */
import type { FramePool } from "../../machine/frames.ts";
import type { Inode } from "../files/inode.ts";
import type { MemoryGroup } from "./memory-group.ts";

export const PAGE_CACHE = "page cache";

export interface CachedPage {
  readonly inode: Inode;
  readonly page: number;
  readonly frame: number;
  /** Whom it is charged to: the one who read it first. */
  readonly group: MemoryGroup;
  dirty: boolean;
  content: number;
}

export class PageCache {
  readonly #pool: FramePool;
  /** By inode and page; a Map keeps the order of use, the least recent first. */
  readonly #pages = new Map<string, CachedPage>();
  readonly #byFrame = new Map<number, CachedPage>();

  constructor(pool: FramePool) {
    this.#pool = pool;
  }

  get size(): number {
    return this.#pages.size;
  }

  /** @returns the page, which is now the one used last; undefined where it is not in memory. */
  find(inode: Inode, page: number): CachedPage | undefined {
    const key = keyOf(inode, page);
    const found = this.#pages.get(key);
    if (found === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, found);
    return found;
  }

  /** Puts a page in whose frame the page cache owns. */
  add(cached: CachedPage): void {
    this.#pages.set(keyOf(cached.inode, cached.page), cached);
    this.#byFrame.set(cached.frame, cached);
  }

  /** @returns the page that lies in a frame. */
  at(frame: number): CachedPage | undefined {
    return this.#byFrame.get(frame);
  }

  /** @returns every page, the one used least recently first. */
  pages(): IterableIterator<CachedPage> {
    return this.#pages.values();
  }

  /** Writes a page back to where its file lies. @returns whether a disk had to do something for it */
  writeBack(cached: CachedPage): boolean {
    if (!cached.dirty) return false;
    cached.inode.setBlock(cached.page, cached.content);
    cached.dirty = false;
    return cached.inode.store.onDisk;
  }

  /** @returns whether nobody but the page cache holds the frame. */
  isUnmapped({ frame }: CachedPage): boolean {
    return this.#pool.references(frame) === 1;
  }

  /** Forgets a page. The caller gives its frame back. */
  drop(cached: CachedPage): void {
    this.#pages.delete(keyOf(cached.inode, cached.page));
    this.#byFrame.delete(cached.frame);
  }
}

function keyOf(inode: Inode, page: number): string {
  return `${inode.id}:${page}`;
}
