/**
 * A file as the kernel keeps it, whatever its names are (inode(7)). What is in a page is one number: enough to see who
 * reads whose bytes. Layers, volumes and disks are what files lie on, and what becomes of them with it.
 */
import { FRAME_BYTES } from "../../machine/frames.ts";

/** Where a file's blocks lie. */
export interface Store {
  readonly name: string;
  /** Whether its blocks are on a disk and have to be fetched; a tmpfs has them in memory alone. */
  readonly onDisk: boolean;
}

export class Inode {
  readonly id: number;
  readonly name: string;
  readonly store: Store;
  #bytes: number;
  readonly #blocks = new Map<number, number>();
  readonly #firstContent: number;

  /** @param content what every page of it is to begin with */
  constructor(id: number, name: string, store: Store, bytes: number, content = 0) {
    this.id = id;
    this.name = name;
    this.store = store;
    this.#bytes = bytes;
    this.#firstContent = content;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get pages(): number {
    return Math.ceil(this.#bytes / FRAME_BYTES);
  }

  /** Writing beyond the end makes it longer. */
  extendTo(bytes: number): void {
    this.#bytes = Math.max(this.#bytes, bytes);
  }

  /** What lies in a page on the store. */
  block(page: number): number {
    return this.#blocks.get(page) ?? (page < this.pages ? this.#firstContent : 0);
  }

  setBlock(page: number, content: number): void {
    this.#blocks.set(page, content);
  }
}
