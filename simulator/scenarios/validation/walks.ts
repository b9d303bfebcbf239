/**
 * What address translation adds under a hypervisor, counted by walking: a program that reads one byte after the other
 * walks once a page, one that jumps at nearly every access (STREAM beside RandomAccess, Felter et al. 2014). How much time
 * that is depends on caches, which are not modelled: only that it is, and for whom.
 */
import { Random } from "../../engine/random.ts";
import { FramePool } from "../../machine/frames.ts";
import { Mmu, type Translator } from "../../machine/mmu.ts";
import { NestedPageTable } from "../../machine/nested-walk.ts";
import { PageTable, USER_PAGE } from "../../machine/page-table.ts";
import { HOST_TAG, Tlb } from "../../machine/tlb.ts";
import type { Check, FigureCheck } from "./check.ts";

const PAGES = 8192;
/** Room for the guest's tables behind its pages. */
const TABLE_PAGES = 64;
const ACCESSES = 20_000;
/** Of 8 bytes each. */
const ACCESSES_A_PAGE = 512;
/** A second-level TLB of 1536 entries. */
const TLB = { sets: 128, ways: 12 } as const;
const READ = { kind: "read", user: true } as const;

const BHARGAVA = "Bhargava et al., ASPLOS 2008, and Stojkovic et al., ASPLOS 2022: up to 24 references against 4";
const FELTER =
  "Felter et al. 2014, raw logs: KVM by native 0.99 in STREAM's triad, 0.86 in RandomAccess, on one socket";

/** Tables whose own frames are taken one after the other. */
function tablesFrom(first: number): PageTable {
  const pool = new FramePool({ frames: 2 * TABLE_PAGES });
  return new PageTable({
    take: () => first + (pool.allocate("tables") ?? 0),
    give: (frame) => void pool.release(frame - first, "tables"),
  });
}

function native(): PageTable {
  const table = tablesFrom(PAGES);
  for (let page = 0; page < PAGES; page++) table.map(page, page, USER_PAGE);
  return table;
}

/** The guest's tables lie in its memory, so that the host's lead to them too. */
function nested(): Translator {
  const guest = native();
  const host = tablesFrom(0);
  for (let page = 0; page < PAGES + 2 * TABLE_PAGES; page++) host.map(page, 100_000 + page, USER_PAGE);
  return new NestedPageTable(guest, host);
}

type Pattern = (access: number, random: Random) => number;
const PATTERNS = {
  stream: (access) => Math.floor(access / ACCESSES_A_PAGE) % PAGES,
  random: (_, random) => random.integer(0, PAGES - 1),
} as const satisfies Record<string, Pattern>;

/** @returns how many entries of tables are read for an access, in the mean. */
function referencesByAccess(tables: Translator, pattern: keyof typeof PATTERNS): number {
  const mmu = new Mmu(new Tlb(TLB));
  const random = new Random(1);
  for (let access = 0; access < ACCESSES; access++)
    mmu.translate(HOST_TAG, tables, PATTERNS[pattern](access, random), READ);
  return mmu.counters.references / ACCESSES;
}

/** What the second dimension adds. */
function added(pattern: keyof typeof PATTERNS): number {
  return referencesByAccess(nested(), pattern) - referencesByAccess(native(), pattern);
}

function oneWalk(id: string, published: number, tables: () => Translator): FigureCheck {
  const predict = (): number => {
    const mmu = new Mmu(new Tlb(TLB));
    mmu.translate(HOST_TAG, tables(), 0, READ);
    return mmu.counters.references;
  };
  return {
    kind: "figure",
    id,
    published,
    unit: "references",
    tolerance: 0,
    source: BHARGAVA,
    basis: "other figures",
    predict,
  };
}

export const WALK_CHECKS: readonly Check[] = [
  oneWalk("a walk of four levels", 4, native),
  oneWalk("a walk in two dimensions", 24, nested),
  {
    kind: "order",
    id: "what a hypervisor adds to an access",
    claim: "a program that jumps through memory pays for translation in two dimensions, one that streams hardly does",
    source: FELTER,
    least: 100,
    predict: () => [
      { name: "STREAM, references an access", value: added("stream") },
      { name: "RandomAccess", value: added("random") },
    ],
  },
];
