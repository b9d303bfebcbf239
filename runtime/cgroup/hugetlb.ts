/**
 * The hugetlb controller: how much memory in huge pages a container may reserve and use, by the size of the page.
 * Kernel: admin-guide/cgroup-v1/hugetlb.rst; admin-guide/cgroup-v2.rst, "HugeTLB". config-linux.md, Huge page limits.
 */
import { existsSync, readdirSync } from "node:fs";
import { type Controller, given, type Setting } from "./controller.ts";
import { digits, refused } from "./values.ts";

const FIELD = "linux.resources.hugepageLimits";
const SIZES = "/sys/kernel/mm/hugepages";

export const hugetlb: Controller = {
  name: "hugetlb",
  why: "Its huge pages are counted against limits of their own.",
  asked: ({ hugepageLimits }) => given("linux.resources", { hugepageLimits }),
  joinedOnV1: false,

  settings({ hugepageLimits = [] }, { version, has }) {
    return hugepageLimits.flatMap(({ pageSize, limit }, index): Setting[] => {
      const field = `${FIELD}[${index}]`;
      checkPageSize(`${field}.pageSize`, pageSize);
      const value = digits(`${field}.limit`, limit, 0);
      const suffix = version === 1 ? "limit_in_bytes" : "max";
      const file = `hugetlb.${pageSize}.${suffix}`;
      const reservation = `hugetlb.${pageSize}.rsvd.${suffix}`;
      return [
        { file, value, why: `So much memory in pages of ${pageSize} it may use.` },
        // Kernels before 5.7 count use alone; the specification wants reservations where they can be had.
        ...(has(reservation) === false
          ? []
          : [
              {
                file: reservation,
                value,
                why: "The same at the moment of mmap, so that a full pool is no SIGBUS later.",
              },
            ]),
      ];
    });
  },

  reports: () => [],
};

/** The name becomes part of a file's name: only a size that this machine has will do. */
function checkPageSize(field: string, pageSize: string): void {
  const sizes = pageSizes();
  if (sizes.includes(pageSize)) return;
  const offer = sizes.length === 0 ? "this machine has no huge pages: leave it out" : `use one of ${sizes.join(", ")}`;
  throw refused(field, pageSize, "this machine has no pages of that size", offer);
}

/**
 * The sizes of huge pages here, as the control files name them: `2MB`, `1GB`.
 * @param directory one entry for each: `hugepages-2048kB`
 */
export function pageSizes(directory = SIZES): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .flatMap((entry) => /^hugepages-(\d+)kB$/.exec(entry)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b)
    .map((kib) => {
      if (kib >= 1024 * 1024) return `${kib / 1024 / 1024}GB`;
      return kib >= 1024 ? `${kib / 1024}MB` : `${kib}KB`;
    });
}
