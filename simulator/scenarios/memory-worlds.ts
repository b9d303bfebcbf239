/**
 * Many instances of the same program in one host's memory, by world: what each of them owns, and what they share. Frames
 * are really taken and shared; machines are counted in pieces of 64 KiB, everything else in pages of 4 KiB.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { FramePool } from "../machine/frames.ts";
import { PageTable } from "../machine/page-table.ts";
import { Balloon } from "../virtualization/balloon.ts";
import { GuestMemory, tablesOf } from "../virtualization/guest-memory.ts";
import { GuestPaging } from "../virtualization/guest-paging.ts";
import { HostMemory } from "../virtualization/host-memory.ts";
import { Ksm, type KsmCounters } from "../virtualization/ksm.ts";
import { type MemoryVmm, reckonedKib, type VmMemory, vmMemory } from "../virtualization/vm-memory.ts";

export const PAGE_KIB = 4;
/** Pieces that a guest's memory is counted in. */
export const PIECE_KIB = 64;
const KIB = 1024;

export interface MemoryReport {
  /** Everything in use. */
  readonly usedBytes: number;
  /** What would be free if one instance ended. */
  readonly ownedBytes: number;
  /** In frames that several have a part in. */
  readonly sharedBytes: number;
  /** What there would be more if nobody shared. */
  readonly savedBytes: number;
  /** What one more instance takes. */
  readonly instanceBytes: number;
  readonly fits: number;
}

export interface InstanceStep {
  readonly name: string;
  /** Pages that were touched for the first time. */
  readonly pages: number;
  readonly usedBytes: number;
}

export interface MemoryWorld {
  readonly report: MemoryReport;
  readonly steps: readonly InstanceStep[];
}

export interface PlainOptions {
  readonly costs: CostBook;
  readonly hostBytes: number;
  readonly instances: number;
  /** The program's text and libraries: one copy in the page cache, for whoever runs it. */
  readonly programKib: number;
  /** What an instance has beside its program's own pages: a container's shim. */
  readonly besideKib: number;
}

/** Processes, or containers: one kernel, and one copy of the program for all of them. */
export function plainWorld({ costs, hostBytes, instances, programKib, besideKib }: PlainOptions): MemoryWorld {
  const ownPages = pagesOf(costs.count("memory.program.unique.kib"), PAGE_KIB);
  const besidePages = pagesOf(besideKib, PAGE_KIB);
  const programPages = pagesOf(programKib, PAGE_KIB);
  const needed = programPages + instances * (ownPages + besidePages);
  const host = new HostMemory(needed, PAGE_KIB * KIB);
  const program = Array.from({ length: programPages }, () => host.allocate("page cache"));
  const steps: InstanceStep[] = [];
  for (let index = 1; index <= instances; index++) {
    const name = instanceName(index);
    for (let page = 0; page < ownPages + besidePages; page++) host.allocate(name);
    for (const frame of program) host.pool.share(frame, name);
    steps.push({ name, pages: ownPages + besidePages + programPages, usedBytes: usedBytes(host.pool) });
  }
  // Everybody who runs it has it mapped now; the cache itself is nobody's instance.
  for (const frame of program) host.release(frame, "page cache");
  return { report: reportOf(host.pool, hostBytes, instances, programPages), steps };
}

export interface MachineOptions {
  readonly costs: CostBook;
  readonly vmm: MemoryVmm;
  readonly hostBytes: number;
  readonly instances: number;
  readonly guestKib: number;
  /** How much of what two guests of one image have touched is the same. */
  readonly identicalPermille: number;
  /** Pages that KSM looks at: as many as it has time for. */
  readonly ksmPages: number;
  readonly balloonKib: number;
}

export interface MachinesWorld extends MemoryWorld {
  readonly memory: VmMemory;
  readonly reckonedBytes: number;
  readonly ksm: KsmCounters;
  /** What the balloons have given back. */
  readonly balloonBytes: number;
}

/** Machines: each with a kernel and a copy of everything of its own, until KSM finds what is the same. */
export function machinesWorld(options: MachineOptions): MachinesWorld {
  const { costs, vmm, hostBytes, instances, guestKib, ksmPages, balloonKib } = options;
  const memory = vmMemory(costs, vmm, guestKib);
  const pages = pagesOf(memory.guestKib, PIECE_KIB);
  const touched = pagesOf(memory.touchedKib, PIECE_KIB);
  const besideKib = reckonedKib(vmm, memory) - memory.touchedKib;
  // Tables of the host for a guest: one of 512 entries for every 512 pieces, and three above.
  const tables = Math.ceil(pages / 512) + 4;
  const beside = pagesOf(besideKib, PIECE_KIB);
  const host = new HostMemory(instances * (touched + beside + tables) + 1, PIECE_KIB * KIB);
  const steps: InstanceStep[] = [];
  const guests: GuestMemory[] = [];
  for (let index = 0; index < instances; index++) {
    const guest = new GuestMemory(host, instanceName(index + 1), pages);
    guests.push(guest);
    fill(guest, index, touched, options.identicalPermille);
    for (let piece = 0; piece < beside; piece++) host.allocate(guest.name);
    const used = host.pool.used - tablesUsed(host.pool, guests);
    steps.push({ name: guest.name, pages: (touched * PIECE_KIB) / PAGE_KIB, usedBytes: used * host.pool.frameBytes });
  }
  const pieces = balloonKib === 0 ? 0 : inflate(guests, memory, touched, balloonKib);
  const ksm = new Ksm(host, guests, { pagesToScan: 1 });
  scan(ksm, Math.floor((ksmPages * PAGE_KIB) / PIECE_KIB));
  return {
    report: reportOf(host.pool, hostBytes, instances, 0, tablesUsed(host.pool, guests)),
    steps,
    memory,
    reckonedBytes: reckonedKib(vmm, memory) * KIB,
    ksm: ksm.counters,
    balloonBytes: pieces * PIECE_KIB * KIB,
  };
}

/** What is in a guest: the same as in the others of its image, or its own. */
function fill(guest: GuestMemory, index: number, touched: number, identicalPermille: number): void {
  const identical = Math.floor((touched * identicalPermille) / 1000);
  const own = (index + 1) * 0x100000;
  for (let piece = 0; piece < touched; piece++) guest.write(piece, piece < identical ? 1 + piece : own + piece);
}

/** The guest's kernel gives what it freed last first: that has frames. @returns pieces that the host got back */
function inflate(guests: readonly GuestMemory[], memory: VmMemory, touched: number, balloonKib: number): number {
  const freed = Math.floor(memory.touchedFreeKib / PIECE_KIB);
  return guests.reduce((sum, guest) => {
    const untouched = Array.from({ length: guest.pages - touched }, (_, at) => touched + at);
    const free = [...untouched, ...Array.from({ length: freed }, (_, at) => touched - 1 - at)];
    return sum + new Balloon(guest, free).resize(Math.floor(balloonKib / PIECE_KIB));
  }, 0);
}

/** Stops when two rounds through everything have changed nothing: from then on nothing would. */
function scan(ksm: Ksm, pieces: number): void {
  let [left, rounds, sharing] = [pieces, 0, -1];
  const step = 256;
  while (left > 0) {
    left -= Math.max(1, ksm.scan(Math.min(step, left)));
    if (ksm.fullScans < rounds + 2) continue;
    const now = ksm.counters.sharing;
    if (now === sharing) return;
    rounds = ksm.fullScans;
    sharing = now;
  }
}

function reportOf(pool: FramePool, hostBytes: number, instances: number, sharedBase: number, tables = 0): MemoryReport {
  const first = pool.usage(instanceName(1));
  const used = pool.used - tables;
  const instanceBytes = Math.round(((used - sharedBase) * pool.frameBytes) / instances);
  const room = hostBytes - sharedBase * pool.frameBytes;
  return {
    usedBytes: used * pool.frameBytes,
    ownedBytes: first.unique * pool.frameBytes,
    sharedBytes: pool.shared * pool.frameBytes,
    savedBytes: pool.saved * pool.frameBytes,
    instanceBytes,
    fits: Math.max(0, Math.floor(room / instanceBytes)),
  };
}

/** A piece of 64 KiB is too large for a table of the host: tables are left out of the sums. */
function tablesUsed(pool: FramePool, guests: readonly GuestMemory[]): number {
  return guests.reduce((sum, { name }) => sum + pool.usage(tablesOf(name)).resident, 0);
}

/** @returns memory references for one access that no TLB knows, found by walking: in a guest, and without one */
export function walkReferences(): { readonly native: number; readonly guest: number } {
  const host = new HostMemory(64, PAGE_KIB * KIB);
  const own = new PageTable(host.tables("a process"));
  own.map(0, host.allocate("a process"));
  const access = { kind: "read", user: true } as const;
  const guest = new GuestPaging(
    new GuestMemory(host, "a guest", 32),
    Array.from({ length: 32 }, (_, page) => page),
  );
  guest.access(0, access);
  return { native: own.translate(0, access).references, guest: guest.access(0, access).references };
}

function usedBytes(pool: FramePool): number {
  return pool.used * pool.frameBytes;
}

function instanceName(index: number): string {
  return `instance ${index}`;
}

function pagesOf(kib: number, pageKib: number): number {
  return Math.ceil(kib / pageKib);
}
