/**
 * What a hundred sites take of one machine's memory, frame by frame: what is each one's own, what is one for all, and how
 * many fit before there is no frame left. Sizes of kernels, monitors and shims are costs; a frame is 64 KiB here.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { FramePool } from "../machine/frames.ts";
import type { World } from "../trace/timeline.ts";
import type { SitesSettings } from "./hundred-sites-knobs.ts";

const FRAME_KIB = 64;
/** More are not tried: sharing has been seen by then. */
const MOST_SITES = 1000;
const KERNEL = "the host's kernel";

export type LinuxWorld = Exclude<World, "address-space">;

export interface SitesMemory {
  /** Of the sites that were asked for, those that there is memory for. */
  readonly started: number;
  /** How many there would be memory for, up to a thousand. */
  readonly fit: number;
  /** What the started ones take, in bytes; the host's kernel not counted. */
  readonly bytes: number;
  readonly programCopies: number;
  readonly kernels: number;
}

/** What one site has to itself, and what all have of one. */
interface SiteParts {
  readonly ownKib: number;
  readonly sharedKib: number;
}

/** @returns what one more site of that world needs. */
export function partsOf(world: LinuxWorld, costs: CostBook, settings: SitesSettings): SiteParts {
  const { databaseKib, programKib } = settings;
  const own = databaseKib + costs.count("memory.program.unique.kib");
  const program = (shared: boolean): SiteParts =>
    shared ? { ownKib: 0, sharedKib: programKib } : { ownKib: programKib, sharedKib: 0 };
  switch (world) {
    case "process":
      return { ...program(settings.oneImage), ownKib: own + program(settings.oneImage).ownKib };
    case "container": {
      const parts = program(settings.sharesProgram);
      return { ...parts, ownKib: own + costs.count("memory.container.shim.kib") + parts.ownKib };
    }
    case "vm": {
      // A guest's page cache is in the guest: the same file is in each.
      const guest = costs.count(settings.guestCost) + own + programKib;
      const tables = Math.ceil((guest * costs.permille("memory.guest.growth")) / 1000);
      return { ownKib: guest + tables + costs.count(`memory.${settings.monitor}.resident.kib`), sharedKib: 0 };
    }
    default:
      return world satisfies never;
  }
}

/** Puts one site after the other into the machine's memory. */
export function fillMemory(world: LinuxWorld, costs: CostBook, settings: SitesSettings): SitesMemory {
  const pool = new FramePool({ frames: framesOf(settings.memoryKib), frameBytes: FRAME_KIB * 1024 });
  const parts = partsOf(world, costs, settings);
  if (!take(pool, KERNEL, framesOf(costs.count("memory.guest.kernel.kib"))))
    throw new RangeError("no room for a kernel");
  const kernelFrames = pool.used;
  const program: number[] = [];
  let started = 0;
  while (started < settings.sites && addSite(pool, `site ${started + 1}`, parts, program)) started++;
  const bytes = (pool.used - kernelFrames) * pool.frameBytes;
  // Whoever comes after these shares what they share, and needs frames for the rest alone.
  const more = started < settings.sites ? 0 : Math.floor(pool.free / framesOf(parts.ownKib));
  const fit = Math.min(MOST_SITES, started + more);
  return {
    started,
    fit,
    bytes,
    programCopies: parts.sharedKib > 0 ? Math.min(1, started) : started,
    kernels: world === "vm" ? 1 + started : 1,
  };
}

function framesOf(kib: number): number {
  return Math.ceil(kib / FRAME_KIB);
}

/** @returns false where there is no room for the whole of it; then nothing of it is left. */
function addSite(pool: FramePool, name: string, { ownKib, sharedKib }: SiteParts, program: number[]): boolean {
  const wanted = framesOf(sharedKib);
  if (program.length === 0 && wanted > 0) {
    if (!take(pool, name, wanted, program)) return false;
  } else for (const frame of program) pool.share(frame, name);
  if (take(pool, name, framesOf(ownKib))) return true;
  pool.releaseAll(name);
  return false;
}

function take(pool: FramePool, owner: string, frames: number, into: number[] = []): boolean {
  if (pool.free < frames) return false;
  for (let taken = 0; taken < frames; taken++) {
    const frame = pool.allocate(owner);
    if (frame !== undefined) into.push(frame);
  }
  return true;
}
