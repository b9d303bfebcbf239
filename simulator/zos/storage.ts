/**
 * Virtual storage, page by page: common pages that all address spaces have alike, private pages of one ASID, each with a
 * storage key. An access is checked as the hardware does: translation first, then protection.
 */
import type { Era } from "./era.ts";
import { fetchProtected, type StorageKey, storeProtected, Z_OS_PROTECTION } from "./protection.ts";
import type { Psw } from "./psw.ts";
import { type Area, type AreaName, storageMap } from "./storage-map.ts";

/** Which page, as a program names it: an area's page of its own address space, and a place in it. */
export interface PageRef {
  readonly area: AreaName;
  readonly page: number;
  /** 0 to 4095; matters in the PSA only, whose first bytes are closed to everybody. */
  readonly offset?: number;
}

/** What an access comes to: a value, or a program interruption. */
export type Access =
  | { readonly kind: "done"; readonly value: number }
  | { readonly kind: "out"; readonly page: Page }
  | { readonly kind: "interruption"; readonly code: number };

export interface Page {
  readonly area: Area;
  readonly number: number;
  /** Undefined for a common page. */
  readonly asid: number | undefined;
  storageKey: StorageKey;
  /** Whether it has a frame: a valid page without one is a page fault that nobody notices. */
  resident: boolean;
  /** Values by offset. */
  readonly contents: Map<number, number>;
}

/** Program interruption codes of the Principles of Operation. */
export const PROTECTION = 0x04;
export const SEGMENT_TRANSLATION = 0x10;
export const PAGE_TRANSLATION = 0x11;

export class Storage {
  readonly #areas: ReadonlyMap<AreaName, Area>;
  readonly #pages = new Map<string, Page>();
  readonly #twoLowAreas: boolean;

  constructor(era: Era) {
    this.#areas = new Map(storageMap(era).map((area) => [area.name, area]));
    this.#twoLowAreas = era.lowcore.bytes > 4096;
  }

  /** @returns the area. @throws RangeError where this era's address spaces have none of that name */
  area(name: AreaName): Area {
    const area = this.#areas.get(name);
    if (area === undefined) throw new RangeError(`there is no ${name} in the address spaces of this era`);
    return area;
  }

  /**
   * Gives a page to an address space (GETMAIN), or to all where the area is common.
   * @param key the storage key; the area's own where it is left out
   */
  get(asid: number, { area: name, page: number }: PageRef, key?: StorageKey): Page {
    const area = this.area(name);
    const owner = area.sharing === "common" ? undefined : asid;
    const storageKey = key ?? { access: area.key, fetchProtected: area.fetchProtected };
    const page: Page = { area, number, asid: owner, storageKey, resident: true, contents: new Map() };
    this.#pages.set(keyOf(owner, name, number), page);
    return page;
  }

  /** @returns the page as an address space sees it; undefined where nobody got one there. */
  find(asid: number, { area, page }: PageRef): Page | undefined {
    const owner = this.area(area).sharing === "common" ? undefined : asid;
    return this.#pages.get(keyOf(owner, area, page));
  }

  /** Reads with the rights of a PSW. */
  load(asid: number, psw: Psw, ref: PageRef): Access {
    const page = this.find(asid, ref);
    if (page === undefined) return { kind: "interruption", code: PAGE_TRANSLATION };
    if (!page.resident) return { kind: "out", page };
    const { offset = 0 } = ref;
    if (fetchProtected(addressIn(page, offset), page.storageKey, psw.key, Z_OS_PROTECTION)) {
      return { kind: "interruption", code: PROTECTION };
    }
    return { kind: "done", value: page.contents.get(offset) ?? 0 };
  }

  /** Writes with the rights of a PSW. */
  store(asid: number, psw: Psw, ref: PageRef, value: number): Access {
    const page = this.find(asid, ref);
    if (page === undefined) return { kind: "interruption", code: PAGE_TRANSLATION };
    if (!page.resident) return { kind: "out", page };
    const { offset = 0 } = ref;
    const target = {
      address: addressIn(page, offset),
      storage: page.storageKey,
      pageProtected: page.area.pageProtected,
      twoLowAreas: this.#twoLowAreas,
    };
    if (storeProtected(target, psw.key, Z_OS_PROTECTION)) return { kind: "interruption", code: PROTECTION };
    page.contents.set(offset, value);
    return { kind: "done", value };
  }

  /** Takes everything from an address space that is its own. */
  freeSpace(asid: number): void {
    for (const [key, page] of this.#pages) if (page.asid === asid) this.#pages.delete(key);
  }

  /** @returns the pages of an address space's own, or the common ones for undefined, by area and number. */
  pagesOf(asid: number | undefined): Page[] {
    return [...this.#pages.values()].filter((page) => page.asid === asid);
  }

  /** @returns a number that changes with anything in an address space's own pages, or in the common ones. */
  hash(asid: number | undefined): number {
    const texts = this.pagesOf(asid).map((page) => {
      const contents = [...page.contents].sort(([left], [right]) => left - right).map((entry) => entry.join("="));
      return `${page.area.name}/${page.number}/${page.storageKey.access}:${contents.join(",")}`;
    });
    return fnv1a(texts.sort().join(";"));
  }
}

/** Only the PSA's pages lie where low-address protection looks. */
function addressIn(page: Page, offset: number): number {
  return page.area.name === "PSA" ? page.number * 4096 + offset : 0x10000 + offset;
}

function keyOf(owner: number | undefined, area: AreaName, page: number): string {
  return `${owner ?? "common"}/${area}/${page}`;
}

/** FNV-1a: only to see that something changed. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}
