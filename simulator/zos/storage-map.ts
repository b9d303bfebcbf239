/**
 * What an address space looks like from address 0 up (z/OS Basic Skills; z/OS MVS Initialization and Tuning Guide, "Virtual
 * storage address space"): private areas of its own between common areas that every address space has alike. Each area
 * above the 16 MB line mirrors one below it, the PSA excepted.
 */
import type { Era } from "./era.ts";

export const AREA_NAMES = [
  "PSA",
  "system region",
  "user region",
  "LSQA",
  "CSA",
  "PLPA",
  "SQA",
  "nucleus",
  "extended nucleus",
  "extended SQA",
  "extended PLPA",
  "extended CSA",
  "extended LSQA",
  "extended user region",
  "low user region",
  "high shared",
  "high common",
] as const;
export type AreaName = (typeof AREA_NAMES)[number];

export interface Area {
  readonly name: AreaName;
  /** Common storage is one for all address spaces; private storage each has of its own. */
  readonly sharing: "common" | "private" | "shared by those that ask";
  readonly where: "below the line" | "below the bar" | "above the bar";
  readonly holds: string;
  /** The storage key of its pages, unless somebody gets them with another one. */
  readonly key: number;
  readonly fetchProtected: boolean;
  /** Read-only for key 0 too. */
  readonly pageProtected: boolean;
}

/** From address 0 upwards; keys as Diagnosis: Reference, "Storage protection" gives them. */
const AREAS: readonly Area[] = [
  area("PSA", "common", "below the line", "a page for each processor, at 0 in every address space", 0),
  area("system region", "private", "below the line", "16 KB for the region control task", 0),
  area("user region", "private", "below the line", "programs and their storage, upwards", 8),
  area("LSQA", "private", "below the line", "the space's own tables and control blocks: ASXB, TCBs, RBs", 0),
  area("CSA", "common", "below the line", "what subsystems share with everybody", 0),
  { ...area("PLPA", "common", "below the line", "the link pack area: reentrant modules", 0), pageProtected: true },
  area("SQA", "common", "below the line", "the system's control blocks: ASCBs, page tables' roots", 0),
  area("nucleus", "common", "below the line", "the supervisor itself, SVC types 1, 2 and 6", 0),
  area("extended nucleus", "common", "below the bar", "the supervisor, above the line", 0),
  area("extended SQA", "common", "below the bar", "SQA, above the line", 0),
  {
    ...area("extended PLPA", "common", "below the bar", "the link pack area, above the line", 0),
    pageProtected: true,
  },
  area("extended CSA", "common", "below the bar", "CSA, above the line", 0),
  area("extended LSQA", "private", "below the bar", "LSQA, above the line", 0),
  area("extended user region", "private", "below the bar", "programs and their storage, above the line", 8),
  area("low user region", "private", "above the bar", "data, no programs", 8),
  area("high shared", "shared by those that ask", "above the bar", "memory objects that spaces share by name", 8),
  area("high common", "common", "above the bar", "common storage, above the bar", 0),
];

/** @returns the areas of an address space in that era, from the lowest address up. */
export function storageMap(era: Era): readonly Area[] {
  return AREAS.filter(({ where }) => era.bar.holds || where !== "above the bar");
}

function area(name: AreaName, sharing: Area["sharing"], where: Area["where"], holds: string, key: number): Area {
  return { name, sharing, where, holds, key, fetchProtected: false, pageProtected: false };
}
