/**
 * Costs that nobody has published, measured by us on the reference machine: what a start takes on the kernel that this
 * project is built and tested on.
 */
import type { Cost } from "./cost.ts";

const MACHINE = "reference machine: x86-64, 2 cores, 24 GiB, Linux 6.18";
const PROBE = {
  status: "measured",
  unit: "ns",
  date: "2026-11-23",
  machine: MACHINE,
} as const;
const PROBE_SOURCE = "static probe started with vfork and execve from a small C program, median of 2000 starts";

export const REFERENCE_COSTS: readonly Cost[] = [
  { id: "linux.fork", value: 11_700, source: `${PROBE_SOURCE}: vfork until the child runs`, ...PROBE },
  {
    id: "linux.execve",
    value: 79_800,
    source: `${PROBE_SOURCE}: from the child's execve to the byte read, 81.0 us, less a page fault (0.94 us) and the write (0.28 us)`,
    ...PROBE,
    status: "derived",
  },
  { id: "linux.exit", value: 19_300, source: `${PROBE_SOURCE}: from the byte read until wait returns`, ...PROBE },
  {
    id: "linux.write.pipe",
    value: 174,
    source: "write(2) of one byte into a pipe, 280 ns, less getpid(2), 106 ns; medians of 2000",
    ...PROBE,
    status: "derived",
  },
  {
    id: "linux.clock",
    value: 20,
    source: "clock_gettime(2) answered in user mode by the vDSO, mean of 100 in a row, median of 2000",
    ...PROBE,
  },
  {
    id: "cpu.instructionsPerNs",
    value: 1,
    unit: "count",
    status: "assumed",
    source: "a handful of instructions is far below what any clock here resolves; one a nanosecond is taken",
    date: "2026-11-23",
    machine: MACHINE,
  },
  {
    id: "container.call",
    value: 7_000,
    unit: "ns",
    status: "derived",
    source:
      "a C program that makes the same container and nothing else reaches exec in 0.7 ms without network namespace and cgroups; spread evenly over its about 100 calls",
    date: "2026-11-23",
    machine: MACHINE,
  },
];
