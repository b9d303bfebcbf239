/**
 * Where the parts of a program lie in its address space, and what is behind them (elf(5), proc_pid_maps(5)): text and data
 * are the program's file, heap and stack are pages of zeros. Sizes are generous and cost nothing: only what is touched has
 * a frame.
 */
import type { Region } from "../workload/workload.ts";
import { Inode, type Store } from "./files/inode.ts";
import type { AddressSpace, Area, Backing } from "./memory/address-space.ts";

interface RegionRow {
  readonly start: number;
  readonly pages: number;
  readonly write: boolean;
  readonly execute: boolean;
}

/** In pages. Address randomization is not modelled. */
const LAYOUT: Readonly<Record<Region, RegionRow>> = {
  text: { start: 0x400, pages: 0x1000, write: false, execute: true },
  data: { start: 0x2000, pages: 0x1000, write: true, execute: false },
  heap: { start: 0x10000, pages: 0x1000000, write: true, execute: false },
  file: { start: 0x20000000, pages: 0x100000, write: false, execute: false },
  shared: { start: 0x30000000, pages: 0x100000, write: true, execute: false },
  stack: { start: 0x7fff0000, pages: 0x800, write: true, execute: false },
};

const MEMORY: Store = { name: "shared memory", onDisk: false };
const BYTES_PER_PAGE = 4096;

/** What the programs of one kernel are backed by: their files, and one piece of shared memory for each name. */
export class ProgramFiles {
  readonly #store: Store;
  readonly #nextInode: () => number;
  readonly #files = new Map<string, Inode>();

  /** @param store where programs lie: a disk, or a layer of an image */
  constructor(store: Store, nextInode: () => number) {
    this.#store = store;
    this.#nextInode = nextInode;
  }

  /** @returns the file of that name, the same one for everybody who runs it. */
  file(name: string, store = this.#store): Inode {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const pages = LAYOUT.text.pages + LAYOUT.data.pages;
    const inode = new Inode(this.#nextInode(), name, store, pages * BYTES_PER_PAGE);
    this.#files.set(name, inode);
    return inode;
  }

  /** @returns the area of a region, which is made when it is first asked for. */
  area(space: AddressSpace, region: Region, program: string): Area {
    const known = space.area(region);
    if (known !== undefined) return known;
    return space.map({ name: region, ...LAYOUT[region], backing: this.#backing(region, program) });
  }

  #backing(region: Region, program: string): Backing {
    switch (region) {
      case "text":
        return { kind: "file", inode: this.file(program), firstPage: 0, shared: false };
      case "data":
        return { kind: "file", inode: this.file(program), firstPage: LAYOUT.text.pages, shared: false };
      case "file":
        return { kind: "file", inode: this.file(`${program}: mapped file`), firstPage: 0, shared: false };
      case "shared":
        return { kind: "file", inode: this.file("shared memory", MEMORY), firstPage: 0, shared: true };
      case "heap":
      case "stack":
        return { kind: "anonymous", shared: false };
      default:
        return region satisfies never;
    }
  }
}
