/**
 * Moving a running guest to another machine, page by page (Clark et al., "Live Migration of Virtual Machines", NSDI 2005;
 * QEMU docs/devel/migration). Pre-copy: all pages are sent while the guest runs, then those that it has written
 * meanwhile, and so on, until what is left can be sent within the standstill that is allowed; then the guest stops, the
 * rest follows, and it goes on over there. Where it writes faster than the network carries, this never comes to be, and
 * it is stopped all the same, or slowed down first. Post-copy: it goes over at once and fetches its pages as it needs them.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Random } from "../engine/random.ts";
import { ZEROS } from "./host-memory.ts";

export const MIGRATION_MODES = ["pre-copy", "post-copy"] as const;
export type MigrationMode = (typeof MIGRATION_MODES)[number];
/** What is done about a guest that writes too fast: `stop` it after the last round, or `throttle` it (auto-converge). */
export const LAST_RESORTS = ["stop", "throttle"] as const;
export type LastResort = (typeof LAST_RESORTS)[number];

export const PAGE_BYTES = 4096;
/** Pages that are sent before the guest is looked at again: so many, or an eighth of a round. */
const CHUNK = 8192;
const STEPS_OF_ROUND = 8;
/** Twice as many writes as pages leave out one page in eight; from there on all count as written. */
const ENOUGH_FOR_ALL = 2;
const PAGES_OF_GIB = 262_144;

export interface MigrationOptions {
  readonly costs: CostBook;
  readonly random: Random;
  readonly mode: MigrationMode;
  /** What is in the guest's memory, a word a page; it changes while the guest runs. */
  readonly memory: Uint32Array;
  /** Pages that the guest writes in a second, and among how many of its first pages it writes them. */
  readonly writesPerSecond: number;
  readonly workingSet: number;
  readonly bytesPerMicrosecond: number;
  readonly downtimeLimitNs: number;
  readonly maxRounds: number;
  readonly lastResort: LastResort;
  /** The clean-up of dirty logging after the guest runs again, and a faster check for zeros (QEMU from 2.5 on). */
  readonly tuned: boolean;
}

export interface MigrationRound {
  readonly name: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly pages: number;
  readonly zeroPages: number;
  readonly bytes: number;
  /** Pages that the guest has written meanwhile: the next round's. */
  readonly dirtied: number;
  readonly throttledPermille: number;
}

export interface Migration {
  readonly mode: MigrationMode;
  readonly rounds: readonly MigrationRound[];
  readonly converged: boolean;
  readonly totalNs: number;
  /** From the guest's last instruction here to its first one over there. */
  readonly downtimeNs: number;
  readonly bytes: number;
  /** Post-copy: pages that the guest had to wait for, and for how long. */
  readonly remoteFaults: number;
  readonly stalledNs: number;
  /** What the destination has, when the guest runs there. */
  readonly destination: Uint32Array;
  /** What the source had at that moment. */
  readonly source: Uint32Array;
}

/** @returns what became of it. */
export function migrate(options: MigrationOptions): Migration {
  return options.mode === "pre-copy" ? new PreCopy(options).run() : new PostCopy(options).run();
}

/** The guest goes on writing: where and what is drawn from the seed. */
class Writer {
  readonly #options: MigrationOptions;
  #owed = 0;
  #next = 0x80000000;

  constructor(options: MigrationOptions) {
    this.#options = options;
  }

  /** Lets the guest run for so long. @param wrote called for each page that it writes */
  run(ns: number, throttledPermille: number, wrote: (page: number) => void): void {
    const { writesPerSecond, workingSet, random, memory } = this.#options;
    this.#owed += Math.floor((ns * writesPerSecond) / 1_000_000) * (1000 - throttledPermille);
    // Owed in millionths of a write; what is less than one write is kept for later.
    const unit = 1_000_000;
    const pages = Math.min(workingSet, memory.length);
    const writes = Math.floor(this.#owed / unit);
    this.#owed -= writes * unit;
    // Of so many writes hardly a page is left out: each is written once, and no more is drawn.
    const all = writes >= ENOUGH_FOR_ALL * pages;
    for (let index = 0; index < (all ? pages : writes); index++) {
      const page = all ? index : random.integer(0, pages - 1);
      memory[page] = this.#next;
      this.#next = this.#next === 0xffffffff ? 0x80000000 : this.#next + 1;
      wrote(page);
    }
  }
}

class PreCopy {
  readonly #options: MigrationOptions;
  readonly #writer: Writer;
  readonly #destination: Uint32Array;
  /** KVM's dirty log: pages written since it was read last. */
  readonly #log: Uint8Array;
  readonly #zeroNs: number;
  readonly #rounds: MigrationRound[] = [];
  #now = 0;
  #throttled = 0;

  constructor(options: MigrationOptions) {
    const { costs, memory, tuned } = options;
    this.#options = options;
    this.#writer = new Writer(options);
    this.#destination = new Uint32Array(memory.length);
    this.#log = new Uint8Array(memory.length);
    const zero = costs.ns("migration.zeroPage");
    // A check that is faster by a quarter takes four fifths of the time.
    this.#zeroNs = tuned ? Math.round((zero * 1000) / (1000 + costs.permille("migration.avx2Speedup"))) : zero;
  }

  run(): Migration {
    const { memory, costs, tuned, maxRounds, downtimeLimitNs } = this.#options;
    let pages = Array.from(memory.keys());
    let converged = false;
    for (let round = 1; round <= maxRounds && !converged; round++) {
      this.#send(`pre-copy round ${round}`, pages, true);
      pages = this.#readLog();
      converged = this.#copyNs(pages.length) <= downtimeLimitNs;
      if (!converged) this.#throttle(round);
    }
    const stoppedAt = this.#now;
    this.#send("stop and copy", pages, false);
    const cleanUp = Math.round((costs.ns("migration.stopLogging") * memory.length) / PAGES_OF_GIB);
    this.#now += costs.ns("migration.deviceState") + (tuned ? 0 : cleanUp);
    const downtimeNs = this.#now - stoppedAt;
    return {
      mode: "pre-copy",
      rounds: this.#rounds,
      converged,
      totalNs: this.#now + (tuned ? cleanUp : 0),
      downtimeNs,
      bytes: this.#rounds.reduce((sum, { bytes }) => sum + bytes, 0),
      remoteFaults: 0,
      stalledNs: 0,
      destination: this.#destination,
      source: memory,
    };
  }

  #copyNs(pages: number): number {
    return copyNs(pages * PAGE_BYTES, this.#options.bytesPerMicrosecond);
  }

  #send(name: string, pages: readonly number[], running: boolean): void {
    const startNs = this.#now;
    let zeroPages = 0;
    let dirtied = 0;
    const size = chunkOf(pages.length);
    for (let first = 0; first < pages.length; first += size) {
      const chunk = pages.slice(first, first + size);
      const zeros = this.#sendChunk(chunk);
      zeroPages += zeros;
      const ns = zeros * this.#zeroNs + this.#copyNs(chunk.length - zeros);
      this.#now += ns;
      if (!running) continue;
      this.#writer.run(ns, this.#throttled, (page) => {
        if (this.#log[page] === 0) dirtied++;
        this.#log[page] = 1;
      });
    }
    this.#rounds.push({
      name,
      startNs,
      endNs: this.#now,
      pages: pages.length,
      zeroPages,
      bytes: (pages.length - zeroPages) * PAGE_BYTES,
      dirtied,
      throttledPermille: this.#throttled,
    });
  }

  /** @returns how many of the pages were zeros, of which only the number goes over. */
  #sendChunk(pages: readonly number[]): number {
    const { memory } = this.#options;
    let zeros = 0;
    for (const page of pages) {
      const contents = memory[page] ?? ZEROS;
      this.#destination[page] = contents;
      if (contents === ZEROS) zeros++;
    }
    return zeros;
  }

  /** Reads the log and clears it; what the guest writes while it is read is in it the next time. */
  #readLog(): number[] {
    const dirty: number[] = [];
    for (const [page, written] of this.#log.entries()) if (written === 1) dirty.push(page);
    this.#log.fill(0);
    const ns = dirty.length * this.#options.costs.ns("migration.bitmap");
    this.#now += ns;
    const late: number[] = [];
    this.#writer.run(ns, this.#throttled, (page) => {
      this.#log[page] = 1;
      late.push(page);
    });
    // The guest may stop after this: what was written late has to go with the rest.
    return late.length === 0 ? dirty : [...new Set([...dirty, ...late])];
  }

  #throttle(round: number): void {
    const { lastResort, costs } = this.#options;
    // QEMU begins when two rounds in a row have left too much.
    if (lastResort !== "throttle" || round < 2) return;
    const more = costs.permille("migration.throttle.increment");
    this.#throttled =
      this.#throttled === 0 ? costs.permille("migration.throttle.initial") : Math.min(990, this.#throttled + more);
  }
}

class PostCopy {
  readonly #options: MigrationOptions;

  constructor(options: MigrationOptions) {
    this.#options = options;
  }

  run(): Migration {
    const { memory, costs, bytesPerMicrosecond } = this.#options;
    const source = memory.slice();
    const destination = new Uint32Array(memory.length);
    const here = new Uint8Array(memory.length);
    const downtimeNs = costs.ns("migration.deviceState");
    const fetchNs = costs.ns("device.network.roundTrip") + copyNs(PAGE_BYTES, bytesPerMicrosecond);
    const writer = new Writer(this.#options);
    const zeroNs = costs.ns("migration.zeroPage");
    let [now, remoteFaults, stalledNs, bytes] = [downtimeNs, 0, 0, 0];
    const arrive = (page: number) => {
      destination[page] = source[page] ?? ZEROS;
      here[page] = 1;
    };
    const size = chunkOf(source.length);
    for (let first = 0; first < source.length; first += size) {
      let ns = 0;
      for (let page = first; page < Math.min(first + size, source.length); page++) {
        if (here[page] === 1) continue;
        arrive(page);
        const zero = source[page] === ZEROS;
        ns += zero ? zeroNs : copyNs(PAGE_BYTES, bytesPerMicrosecond);
        bytes += zero ? 0 : PAGE_BYTES;
      }
      now += ns;
      writer.run(ns, 0, (page) => {
        if (here[page] === 1) return;
        arrive(page);
        remoteFaults++;
        stalledNs += fetchNs;
        bytes += PAGE_BYTES;
      });
    }
    const pages = source.length;
    const round = {
      name: "post-copy",
      startNs: downtimeNs,
      endNs: now,
      pages,
      bytes,
      dirtied: 0,
      throttledPermille: 0,
    };
    const zeroPages = pages - bytes / PAGE_BYTES;
    const rounds = [{ ...round, zeroPages }];
    const totalNs = now + stalledNs;
    const mode = "post-copy";
    return { mode, rounds, converged: true, totalNs, downtimeNs, bytes, remoteFaults, stalledNs, destination, source };
  }
}

function chunkOf(pages: number): number {
  return Math.max(CHUNK, Math.ceil(pages / STEPS_OF_ROUND));
}

function copyNs(bytes: number, bytesPerMicrosecond: number): number {
  return Math.ceil((bytes * 1000) / bytesPerMicrosecond);
}

/** @returns the memory of an idle guest of so many pages, of which some have something in them, spread evenly. */
export function idleMemory(pages: number, touched: number): Uint32Array {
  const memory = new Uint32Array(pages);
  for (let index = 0; index < Math.min(touched, pages); index++) {
    memory[Math.floor((index * pages) / Math.min(touched, pages))] = index + 1;
  }
  return memory;
}

/** @returns how many pages of a guest of that size are touched when it is idle (nsdi2020-data). */
export function touchedPages(costs: CostBook, pages: number): number {
  const kib = pages * 4;
  const touched = costs.count("memory.guest.touched.kib") + (kib * costs.permille("memory.guest.growth")) / 1000;
  return Math.min(pages, Math.ceil(touched / 4));
}
