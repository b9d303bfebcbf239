/**
 * The host's physical memory with what is in it: frames (machine/frames.ts), and for each a word that stands for its
 * contents. Two frames with the same word are the same, byte for byte; 0 is a frame of zeros.
 */
import { FramePool } from "../machine/frames.ts";
import type { TableFrames } from "../machine/page-table.ts";

export const ZEROS = 0;

export class HostMemory {
  readonly pool: FramePool;
  readonly #contents: Uint32Array;
  readonly #freed: ((frame: number) => void)[] = [];

  /**
   * @param frames how many the machine has
   * @param frameBytes 4 KiB, or larger where a model counts in larger pieces
   */
  constructor(frames: number, frameBytes: number) {
    this.pool = new FramePool({ frames, frameBytes });
    this.#contents = new Uint32Array(frames);
  }

  /** Has somebody told of every frame that becomes free: what it was known by is no longer so. */
  onFree(told: (frame: number) => void): void {
    this.#freed.push(told);
  }

  /**
   * Takes a free frame, full of zeros.
   * @throws RangeError where there is none: whoever lets this happen has promised more memory than there is
   */
  allocate(owner: string): number {
    const frame = this.pool.allocate(owner);
    if (frame === undefined) throw new RangeError(`give a frame to ${owner}: the host has none left`);
    this.#contents[frame] = ZEROS;
    return frame;
  }

  release(frame: number, owner: string): void {
    if (!this.pool.release(frame, owner)) return;
    for (const told of this.#freed) told(frame);
  }

  read(frame: number): number {
    return this.#contents[frame] ?? ZEROS;
  }

  write(frame: number, contents: number): void {
    this.#contents[frame] = contents;
  }

  /** @returns where an owner's page tables come from and go to. */
  tables(owner: string): TableFrames {
    return { take: () => this.allocate(owner), give: (frame) => this.release(frame, owner) };
  }
}
