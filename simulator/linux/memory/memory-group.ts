/**
 * The memory controller of a control group (Documentation/admin-guide/cgroup-v2.rst, "Memory"): every frame is charged to
 * the group of whoever needed it first, and to all groups that this one is in; memory.max is what none may go over. A
 * shared page stays with the group that brought it in, until it is dropped.
 */

export interface MemoryGroupOptions {
  /** memory.max; no limit where it is left out. */
  readonly maxBytes?: number;
  /** memory.oom.group: an out-of-memory kill takes everybody in the group. */
  readonly killAll?: boolean;
}

/** memory.events. */
export interface MemoryEvents {
  /** How often the limit was about to be gone over, and something had to be reclaimed. */
  max: number;
  /** How often nothing could be reclaimed. */
  oom: number;
  /** Processes killed for it. */
  oom_kill: number;
  /** How often the whole group was killed. */
  oom_group_kill: number;
}

export class MemoryGroup {
  readonly name: string;
  readonly parent: MemoryGroup | undefined;
  maxFrames: number;
  readonly killAll: boolean;
  readonly events: MemoryEvents = { max: 0, oom: 0, oom_kill: 0, oom_group_kill: 0 };
  /** Frames charged here, those of the groups below included. */
  frames = 0;
  peakFrames = 0;

  constructor(name: string, parent: MemoryGroup | undefined, options: MemoryGroupOptions, frameBytes: number) {
    this.name = name;
    this.parent = parent;
    this.maxFrames =
      options.maxBytes === undefined ? Number.POSITIVE_INFINITY : Math.floor(options.maxBytes / frameBytes);
    this.killAll = options.killAll ?? false;
  }

  /** @returns the group and those that it is in, the innermost first. */
  path(): MemoryGroup[] {
    return this.parent === undefined ? [this] : [this, ...this.parent.path()];
  }

  /** @returns whether a group is this one or lies below it. */
  contains(group: MemoryGroup): boolean {
    return group.path().includes(this);
  }

  /** @returns the innermost group that has no room for another frame. */
  full(): MemoryGroup | undefined {
    return this.path().find(({ frames, maxFrames }) => frames + 1 > maxFrames);
  }

  /** Counts an event, here and in all groups above: memory.events is of the whole subtree. */
  count(event: keyof MemoryEvents): void {
    for (const group of this.path()) group.events[event]++;
  }

  charge(): void {
    for (const group of this.path()) {
      group.frames++;
      group.peakFrames = Math.max(group.peakFrames, group.frames);
    }
  }

  uncharge(): void {
    for (const group of this.path()) {
      if (group.frames === 0) throw new RangeError(`memory group ${group.name}: a frame is given back that it has not`);
      group.frames--;
    }
  }
}
