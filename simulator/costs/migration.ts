/** What moving a running guest to another machine takes: QEMU's pre-copy, as OPNFV measured it. */
import type { Cost } from "./cost.ts";

const HASWELL = {
  date: "2016",
  machine: "2x Xeon E5-2699 v3 2.3 GHz, 10 GbE X540, Linux 4.2, QEMU 2.4",
} as const;
const DOC = "opnfv/kvmfornfv docs/userguide/live_migration.userguide.rst";

export const MIGRATION_COSTS: readonly Cost[] = [
  {
    id: "migration.bytesPerMicrosecond",
    value: 1250,
    unit: "count",
    status: "derived",
    source: `${DOC}: 10-gigabit Ethernet, no speed limit set: 10^10 / 8 bytes a second`,
    ...HASWELL,
  },
  {
    id: "migration.zeroPage",
    value: 965,
    unit: "ns",
    status: "derived",
    source: `${DOC}: the guest of 8 GiB that forwards packets, 2271 ms in all; less what has something in it (memory.guest.touched and 26 permille of 8 GiB: 95,952 pages, 314 ms), less 26 ms of standstill, spread over 2,001,200 pages of zeros, each read to see that it is`,
    ...HASWELL,
  },
  {
    id: "migration.stopLogging",
    value: 2_500_000,
    unit: "ns",
    status: "derived",
    source: `${DOC}: the guest of 8 GiB that forwards packets stands still for 26 ms, and for 5 to 7 ms once the clean-up of dirty logging is deferred: (26 - 6) / 8 ms for each GiB`,
    ...HASWELL,
  },
  {
    id: "migration.deviceState",
    value: 5_000_000,
    unit: "ns",
    status: "derived",
    source: `${DOC}: the least standstill once the clean-up is deferred, 5 to 7 ms: processors and devices are stopped, sent and started`,
    ...HASWELL,
  },
  {
    id: "migration.bitmap",
    value: 21,
    unit: "ns",
    status: "derived",
    source:
      "Linux commit ae5e9163: reading the dirty log of 262,144 pages takes 5.615 ms; 5,615,000 / 262,144 for each page that was written",
    date: "2017",
    machine: "not stated",
  },
  {
    id: "migration.avx2Speedup",
    value: 250,
    unit: "permille",
    status: "published",
    source: `${DOC}: AVX2 makes the check for zeros about 25 % faster`,
    ...HASWELL,
  },
  {
    id: "migration.throttle.initial",
    value: 200,
    unit: "permille",
    status: "published",
    source: "qemu migration/options.c: DEFAULT_MIGRATE_CPU_THROTTLE_INITIAL 20",
    date: "2023",
    machine: "any",
  },
  {
    id: "migration.throttle.increment",
    value: 100,
    unit: "permille",
    status: "published",
    source: "qemu migration/options.c: DEFAULT_MIGRATE_CPU_THROTTLE_INCREMENT 10; at most 99",
    date: "2023",
    machine: "any",
  },
  {
    id: "migration.downtimeLimit",
    value: 10_000_000,
    unit: "ns",
    status: "published",
    source: `${DOC}: the down time is set to 10 ms`,
    ...HASWELL,
  },
];
