/**
 * Physical memory: frames that are allocated to owners, counted by reference and shared between them. An owner is
 * whatever the model attributes memory to: a process, a container, a guest, the page cache, the kernel's own tables.
 * The words for what an owner has are those of proc_pid_smaps(5): resident, unique (private), shared, proportional.
 * Frames are numbers from 0; what is in them is not modelled here.
 */

/** The x86-64 and z/Architecture frame (Intel SDM vol. 3, "4-Level Paging"; SA22-7832, "Storage Key"): 4 KiB. */
export const FRAME_BYTES = 4096;

const FREE = -1;
/** The frame has several owners, which are in #sharers. */
const SHARED = -2;

export interface FramePoolOptions {
  /** How many frames the machine has, at most 2^31 - 1. */
  readonly frames: number;
  /** How large each is; FRAME_BYTES unless something else is said, as where a model counts in 2 MiB frames. */
  readonly frameBytes?: number;
}

/** What an owner has. */
export interface FrameUsage {
  /** Frames that it has a part in: the resident set. */
  readonly resident: number;
  /** Frames that nobody else has a part in: what would be free if it ended. */
  readonly unique: number;
  readonly shared: number;
  /** Mappings: a frame that it has mapped twice counts twice. */
  readonly references: number;
}

/** One frame in use, and who holds how many references to it. */
export interface HeldFrame {
  readonly frame: number;
  readonly references: ReadonlyMap<string, number>;
}

interface OwnerRow {
  readonly name: string;
  unique: number;
  /** Frames that it shares with others. */
  readonly shared: Set<number>;
  references: number;
  /** Between these lie the frames that were ever its own: where to look for them when it ends. */
  lowest: number;
  highest: number;
}

export class FramePool {
  readonly frames: number;
  readonly frameBytes: number;
  readonly #ownerIds = new Map<string, number>();
  readonly #owners: OwnerRow[] = [];
  /** By frame: the one owner's id, FREE or SHARED; and that one owner's references. They grow with the highest frame used. */
  #holder = new Int32Array(0);
  #references = new Uint32Array(0);
  readonly #sharers = new Map<number, Map<number, number>>();
  /** How many frames have so many owners, by that number. */
  readonly #bySharing: number[] = [];
  /** Frames that have been used and are free again, the last one on top; above #untouched none was ever used. */
  readonly #freed: number[] = [];
  #untouched = 0;

  constructor({ frames, frameBytes = FRAME_BYTES }: FramePoolOptions) {
    if (!Number.isInteger(frames) || frames < 0 || frames > 0x7fffffff) {
      throw new RangeError(`make a pool of ${frames} frames: not an integer from 0 to 2^31 - 1`);
    }
    this.frames = frames;
    this.frameBytes = frameBytes;
  }

  get free(): number {
    return this.#freed.length + this.frames - this.#untouched;
  }

  get used(): number {
    return this.frames - this.free;
  }

  /** Frames with more than one owner. */
  get shared(): number {
    return this.#sharers.size;
  }

  /** Frames that the sharing saves: as many as there would be more if every owner had its own. */
  get saved(): number {
    return this.#bySharing.reduce((sum, frames, owners) => sum + frames * Math.max(0, owners - 1), 0);
  }

  /**
   * Takes a free frame.
   * @param owner whose it is
   * @returns the frame, with one reference; undefined where none is free, and the caller has to reclaim some
   */
  allocate(owner: string): number | undefined {
    const frame = this.#freed.pop() ?? (this.#untouched < this.frames ? this.#untouched++ : undefined);
    if (frame !== undefined) this.#take(frame, this.#idOf(owner));
    return frame;
  }

  /**
   * Takes frames that lie one after the other, out of memory that was never used: a large page, a device's buffers.
   * @param alignment the first frame is a multiple of it: 512 for a 2 MiB page of 4 KiB frames
   * @returns the first of them; undefined where there is no such run
   */
  allocateRun(owner: string, count: number, alignment = 1): number | undefined {
    const first = Math.ceil(this.#untouched / alignment) * alignment;
    if (first + count > this.frames) return undefined;
    // What is skipped is not lost: it is taken singly later on, the lowest first.
    for (let frame = first - 1; frame >= this.#untouched; frame--) this.#freed.push(frame);
    this.#cover(first + count);
    this.#untouched = first + count;
    const id = this.#idOf(owner);
    for (let frame = first; frame < first + count; frame++) this.#take(frame, id);
    return first;
  }

  /**
   * Adds a reference: another mapping of the frame, by the same owner or by another.
   * @throws RangeError where the frame is free
   */
  share(frame: number, owner: string): void {
    const holder = this.#holderOf(frame);
    if (holder === FREE) throw new RangeError(`share frame ${frame} with ${owner}: it is free`);
    const id = this.#idOf(owner);
    this.#row(id).references++;
    if (holder === id) this.#references[frame] = (this.#references[frame] ?? 0) + 1;
    else if (holder === SHARED) this.#addSharer(frame, id);
    else this.#becomeShared(frame, holder, id);
  }

  /**
   * Gives a reference back; the frame is free when it was the last.
   * @returns whether it is free now
   * @throws RangeError where the owner has no reference to it
   */
  release(frame: number, owner: string): boolean {
    const id = this.#ownerIds.get(owner);
    if (id === undefined || this.#referencesOf(frame, id) === 0) {
      throw new RangeError(`release frame ${frame}: ${owner} has no reference to it`);
    }
    this.#drop(frame, id, 1);
    return this.#holderOf(frame) === FREE;
  }

  /**
   * Gives back everything that an owner has: it has ended.
   * @returns how many frames became free
   */
  releaseAll(owner: string): number {
    const id = this.#ownerIds.get(owner);
    if (id === undefined) return 0;
    const before = this.free;
    const row = this.#row(id);
    for (const frame of row.shared) this.#drop(frame, id, this.#referencesOf(frame, id));
    for (let frame = row.lowest; row.unique > 0 && frame <= row.highest; frame++) {
      if (this.#holder[frame] === id) this.#drop(frame, id, this.#references[frame] ?? 0);
    }
    return this.free - before;
  }

  /** @returns how many references there are to a frame, by all owners or by one. */
  references(frame: number, owner?: string): number {
    if (owner === undefined) return [...this.#held(frame).values()].reduce((sum, count) => sum + count, 0);
    const id = this.#ownerIds.get(owner);
    return id === undefined ? 0 : this.#referencesOf(frame, id);
  }

  /** @returns who has a part in a frame, in the order in which they came to it. */
  owners(frame: number): string[] {
    return [...this.#held(frame).keys()].map((id) => this.#row(id).name);
  }

  /** @returns what an owner has; nothing where nobody of that name was ever given a frame. */
  usage(owner: string): FrameUsage {
    const id = this.#ownerIds.get(owner);
    if (id === undefined) return { resident: 0, unique: 0, shared: 0, references: 0 };
    const { unique, shared, references } = this.#row(id);
    return { resident: unique + shared.size, unique, shared: shared.size, references };
  }

  /** @returns an owner's proportional share in bytes: a frame of n owners counts as an nth of one (`Pss` of smaps). */
  proportionalBytes(owner: string): number {
    const id = this.#ownerIds.get(owner);
    if (id === undefined) return 0;
    const framesBySharers: number[] = [];
    for (const frame of this.#row(id).shared) {
      const owners = this.#held(frame).size;
      framesBySharers[owners] = (framesBySharers[owners] ?? 0) + 1;
    }
    return framesBySharers.reduce(
      (sum, frames, owners) => sum + Math.floor((frames * this.frameBytes) / owners),
      this.#row(id).unique * this.frameBytes,
    );
  }

  /** @returns how many frames have so many owners: 1 is private, more is shared. */
  bySharing(): ReadonlyMap<number, number> {
    return new Map(this.#bySharing.flatMap((frames, owners) => (frames > 0 ? [[owners, frames]] : [])));
  }

  /** @returns everybody who has a frame, in the order in which they got their first. */
  holders(): string[] {
    return this.#owners.filter((row) => row.references > 0).map(({ name }) => name);
  }

  /** @returns every frame in use with its owners, by number: for checks and for drawing. */
  *held(): Generator<HeldFrame> {
    for (let frame = 0; frame < this.#untouched; frame++) {
      if (this.#holderOf(frame) === FREE) continue;
      const references = new Map(Array.from(this.#held(frame), ([id, count]) => [this.#row(id).name, count] as const));
      yield { frame, references };
    }
  }

  #idOf(owner: string): number {
    const known = this.#ownerIds.get(owner);
    if (known !== undefined) return known;
    const row = { name: owner, unique: 0, shared: new Set<number>(), references: 0 };
    const id = this.#owners.push({ ...row, lowest: this.frames, highest: -1 }) - 1;
    this.#ownerIds.set(owner, id);
    return id;
  }

  #row(id: number): OwnerRow {
    const row = this.#owners[id];
    if (row === undefined) throw new RangeError(`there is no owner ${id}`);
    return row;
  }

  #holderOf(frame: number): number {
    if (!Number.isInteger(frame) || frame < 0 || frame >= this.frames) {
      throw new RangeError(`there is no frame ${frame} of ${this.frames}`);
    }
    return frame < this.#untouched ? (this.#holder[frame] ?? FREE) : FREE;
  }

  /** Owner ids and their references. */
  #held(frame: number): ReadonlyMap<number, number> {
    const holder = this.#holderOf(frame);
    if (holder === FREE) return new Map();
    return this.#sharers.get(frame) ?? new Map([[holder, this.#references[frame] ?? 0]]);
  }

  #referencesOf(frame: number, id: number): number {
    const holder = this.#holderOf(frame);
    if (holder === SHARED) return this.#sharers.get(frame)?.get(id) ?? 0;
    return holder === id ? (this.#references[frame] ?? 0) : 0;
  }

  #cover(frames: number): void {
    const size = this.#holder.length;
    if (frames <= size) return;
    const larger = Math.min(this.frames, Math.max(frames, 2 * size, 1024));
    const holder = new Int32Array(larger).fill(FREE, size);
    const references = new Uint32Array(larger);
    holder.set(this.#holder);
    references.set(this.#references);
    this.#holder = holder;
    this.#references = references;
  }

  #take(frame: number, id: number): void {
    this.#cover(frame + 1);
    this.#references[frame] = 1;
    this.#row(id).references++;
    this.#own(frame, id);
    this.#count(1, 1);
  }

  /** The frame is this owner's alone. */
  #own(frame: number, id: number): void {
    const row = this.#row(id);
    this.#holder[frame] = id;
    row.unique++;
    row.lowest = Math.min(row.lowest, frame);
    row.highest = Math.max(row.highest, frame);
  }

  #becomeShared(frame: number, first: number, second: number): void {
    this.#sharers.set(
      frame,
      new Map([
        [first, this.#references[frame] ?? 0],
        [second, 1],
      ]),
    );
    this.#holder[frame] = SHARED;
    this.#row(first).unique--;
    this.#row(first).shared.add(frame);
    this.#row(second).shared.add(frame);
    this.#count(1, -1);
    this.#count(2, 1);
  }

  #addSharer(frame: number, id: number): void {
    const sharers = this.#sharers.get(frame);
    if (sharers === undefined) throw new RangeError(`frame ${frame} is shared by nobody`);
    const references = sharers.get(id);
    sharers.set(id, (references ?? 0) + 1);
    if (references !== undefined) return;
    this.#row(id).shared.add(frame);
    this.#count(sharers.size - 1, -1);
    this.#count(sharers.size, 1);
  }

  /** Takes `count` of an owner's references to a frame away. */
  #drop(frame: number, id: number, count: number): void {
    this.#row(id).references -= count;
    const left = this.#referencesOf(frame, id) - count;
    const sharers = this.#sharers.get(frame);
    if (sharers !== undefined) {
      if (left > 0) sharers.set(id, left);
      else this.#leaveSharers(frame, sharers, id);
      return;
    }
    this.#references[frame] = left;
    if (left > 0) return;
    this.#holder[frame] = FREE;
    this.#row(id).unique--;
    this.#count(1, -1);
    this.#freed.push(frame);
  }

  #leaveSharers(frame: number, sharers: Map<number, number>, id: number): void {
    this.#count(sharers.size, -1);
    sharers.delete(id);
    this.#count(sharers.size, 1);
    this.#row(id).shared.delete(frame);
    const [last] = sharers;
    if (sharers.size > 1 || last === undefined) return;
    // One is left: the frame is its own again, and may be written without a copy.
    const [holder, references] = last;
    this.#sharers.delete(frame);
    this.#references[frame] = references;
    this.#row(holder).shared.delete(frame);
    this.#own(frame, holder);
  }

  #count(owners: number, by: number): void {
    this.#bySharing[owners] = (this.#bySharing[owners] ?? 0) + by;
  }
}

/**
 * Counts everything again from the frames alone. No frame is lost or made: free and used sum up to the machine's memory,
 * and what every owner has sums up to what is in use.
 * @returns what is wrong, one sentence each; empty for a sound pool
 */
export function checkFrames(pool: FramePool): string[] {
  const problems: string[] = [];
  const expect = (what: string, counted: number, kept: number) => {
    if (counted !== kept) problems.push(`${what}: ${counted} by counting, ${kept} as kept`);
  };
  const held = [...pool.held()];
  const tallies = new Map<string, { unique: number; shared: number; references: number }>();
  const bySharing = new Map<number, number>();
  for (const { frame, references } of held) {
    if (references.size === 0) problems.push(`frame ${frame} is in use and nobody's`);
    bySharing.set(references.size, (bySharing.get(references.size) ?? 0) + 1);
    for (const [owner, count] of references) {
      if (count < 1) problems.push(`frame ${frame}: ${owner} has ${count} references to it`);
      const tally = tallies.get(owner) ?? { unique: 0, shared: 0, references: 0 };
      tallies.set(owner, tally);
      tally.references += count;
      if (references.size === 1) tally.unique++;
      else tally.shared++;
    }
  }
  expect("frames in use", held.length, pool.used);
  expect("frames", pool.used + pool.free, pool.frames);
  expect("shared frames", held.filter(({ references }) => references.size > 1).length, pool.shared);
  for (const owner of new Set([...tallies.keys(), ...pool.holders()])) {
    const tally = tallies.get(owner) ?? { unique: 0, shared: 0, references: 0 };
    const usage = pool.usage(owner);
    expect(`${owner}'s unique frames`, tally.unique, usage.unique);
    expect(`${owner}'s shared frames`, tally.shared, usage.shared);
    expect(`${owner}'s references`, tally.references, usage.references);
  }
  for (const owners of new Set([...bySharing.keys(), ...pool.bySharing().keys()])) {
    expect(`frames of ${owners} owners`, bySharing.get(owners) ?? 0, pool.bySharing().get(owners) ?? 0);
  }
  return problems;
}
