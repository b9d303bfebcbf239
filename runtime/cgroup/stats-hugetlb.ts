/** Huge pages of a container, by their size. cgroup-v1/hugetlb.rst; cgroup-v2.rst, "HugeTLB". */
import type { GroupFiles } from "./group-files.ts";
import { pageSizes } from "./hugetlb.ts";

export interface HugePageStats {
  readonly usageBytes: number;
  /** null: none. */
  readonly limitBytes: number | null;
  readonly peakBytes: number | null;
  /** How often the limit was met. */
  readonly limitHits: number | null;
}

/** @returns one entry for each size that the container's group counts */
export function hugePageStats(files: GroupFiles, sizes = pageSizes()): Record<string, HugePageStats> {
  const version = files.version("hugetlb");
  if (version === undefined) return {};
  const rows = sizes.flatMap((size): [string, HugePageStats][] => {
    const name = `hugetlb.${size}`;
    const usageBytes = files.number("hugetlb", `${name}.${version === 1 ? "usage_in_bytes" : "current"}`);
    if (usageBytes === null) return [];
    return [
      [
        size,
        {
          usageBytes,
          limitBytes: files.number("hugetlb", `${name}.${version === 1 ? "limit_in_bytes" : "max"}`),
          peakBytes: version === 1 ? files.number("hugetlb", `${name}.max_usage_in_bytes`) : null,
          limitHits:
            version === 1
              ? files.number("hugetlb", `${name}.failcnt`)
              : (files.table("hugetlb", `${name}.events`)?.max ?? null),
        },
      ],
    ];
  });
  return Object.fromEntries(rows);
}
