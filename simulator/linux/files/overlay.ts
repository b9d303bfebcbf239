/**
 * A union of directories (Documentation/filesystems/overlayfs.rst): lower layers that are only read and may be shared by
 * many, one upper layer that is written. The first write to a file of a lower layer copies the whole file up; removing one
 * leaves a whiteout. Directories are not modelled: a name is a whole path.
 */
import { FRAME_BYTES } from "../../machine/frames.ts";
import { type Effort, type Memory, noEffort } from "../memory/memory.ts";
import type { MemoryGroup } from "../memory/memory-group.ts";
import { Inode, type Store } from "./inode.ts";

/** A layer: files by path. A whiteout hides the file of that name in the layers below. */
export class Layer {
  readonly name: string;
  readonly store: Store;
  readonly #entries = new Map<string, Inode | "whiteout">();

  constructor(name: string, store: Store) {
    this.name = name;
    this.store = store;
  }

  entry(path: string): Inode | "whiteout" | undefined {
    return this.#entries.get(path);
  }

  set(path: string, entry: Inode | "whiteout"): void {
    this.#entries.set(path, entry);
  }

  delete(path: string): void {
    this.#entries.delete(path);
  }

  paths(): string[] {
    return [...this.#entries.keys()];
  }

  /** The bytes of its files. */
  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, entry) => sum + (entry === "whiteout" ? 0 : entry.bytes), 0);
  }
}

/** What opening a file for writing had to do first. */
export interface CopyUp {
  readonly inode: Inode;
  readonly copiedPages: number;
  /** Of those, the pages that a disk had to read. */
  readonly readPages: number;
  readonly effort: Effort;
}

export interface OverlayOptions {
  /** The topmost first, as in lowerdir=. */
  readonly lower: readonly Layer[];
  readonly upper: Layer;
  readonly nextInode: () => number;
}

export class Overlay {
  readonly lower: readonly Layer[];
  readonly upper: Layer;
  readonly #nextInode: () => number;

  constructor({ lower, upper, nextInode }: OverlayOptions) {
    this.lower = lower;
    this.upper = upper;
    this.#nextInode = nextInode;
  }

  /** @returns the file of that name as it is seen, and the layer that it lies in. */
  find(path: string): { readonly inode: Inode; readonly layer: Layer } | undefined {
    for (const layer of [this.upper, ...this.lower]) {
      const entry = layer.entry(path);
      if (entry === "whiteout") return undefined;
      if (entry !== undefined) return { inode: entry, layer };
    }
    return undefined;
  }

  /** @returns the names that are seen, sorted. */
  list(): string[] {
    const names = new Set([this.upper, ...this.lower].flatMap((layer) => layer.paths()));
    return [...names].filter((path) => this.find(path) !== undefined).sort();
  }

  /** Makes an empty file, in the upper layer. */
  create(path: string): Inode {
    const inode = new Inode(this.#nextInode(), path, this.upper.store, 0);
    this.upper.set(path, inode);
    return inode;
  }

  /** Removes a file: from the upper layer, and with a whiteout where a lower one has it. @returns whether there was one */
  remove(path: string, memory: Memory): boolean {
    const found = this.find(path);
    if (found === undefined) return false;
    if (found.layer === this.upper) memory.forget(found.inode);
    this.upper.delete(path);
    if (this.find(path) !== undefined) this.upper.set(path, "whiteout");
    return true;
  }

  /**
   * Makes a file writable: one that lies below is copied up, whole, however little is to be written.
   * @param group whom the copy's pages are charged to
   * @returns the file in the upper layer; undefined where there is no such file, or no memory for the copy
   */
  open(path: string, memory: Memory, group: MemoryGroup): CopyUp | undefined {
    const found = this.find(path);
    if (found === undefined) return undefined;
    const effort = noEffort();
    if (found.layer === this.upper) return { inode: found.inode, copiedPages: 0, readPages: 0, effort };
    const below = found.inode;
    const copy = new Inode(this.#nextInode(), path, this.upper.store, below.bytes);
    let readPages = 0;
    for (let page = 0; page < below.pages; page++) {
      const source = memory.load(below, page, group, effort);
      const content = source?.cached.content;
      const target = content === undefined ? undefined : memory.load(copy, page, group, effort);
      if (source === undefined || content === undefined || target === undefined) {
        memory.forget(copy);
        return undefined;
      }
      if (source.fromDisk) readPages++;
      target.cached.content = content;
      target.cached.dirty = true;
    }
    this.upper.set(path, copy);
    return { inode: copy, copiedPages: below.pages, readPages, effort };
  }
}

/** @returns the pages that bytes from an offset on lie in. */
export function pagesOfRange(offset: number, bytes: number): { readonly first: number; readonly count: number } {
  const first = Math.floor(offset / FRAME_BYTES);
  const last = Math.floor((offset + Math.max(1, bytes) - 1) / FRAME_BYTES);
  return { first, count: last - first + 1 };
}
