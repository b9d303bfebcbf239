/**
 * Costs that others measured and published. Each row names the text or the raw data it was read in; `derived` rows spell
 * their arithmetic out. Nothing in here is from memory.
 */
import type { Cost } from "./cost.ts";

const GVISOR = {
  source: "gVisor site blog, 2 December 2021 (Ant Group): getpid native without and with KPTI",
  date: "2021-12-02",
  machine: "Xeon E5-2650 v2",
} as const;
const KONTAIN = {
  source: "kontainapp/km, docs/kkm-performance-stats.md",
  date: "2020",
  machine: "i5-6400, Linux 5.7.7",
} as const;
const SCRIVANO = {
  unit: "ns",
  status: "published",
  date: "2022-10-21",
  machine: "not stated",
} as const;
const SCRIVANO_TEXT = "G. Scrivano, The journey to speed up running OCI containers (scrivano.org)";

export const PUBLISHED_COSTS: readonly Cost[] = [
  { id: "linux.systemCall.entry", value: 62, unit: "ns", status: "published", ...GVISOR },
  { id: "linux.systemCall.entry.kpti", value: 236, unit: "ns", status: "published", ...GVISOR },
  { id: "linux.pageFault.read", value: 937, unit: "ns", status: "published", ...KONTAIN },
  { id: "linux.pageFault.write", value: 1544, unit: "ns", status: "published", ...KONTAIN },
  {
    id: "hypervisor.exit.monitor",
    value: 3183,
    unit: "ns",
    status: "published",
    source: "kontainapp/km documentation: hypercall to the user-space monitor and back",
    date: "2020",
    machine: "i5-6400",
  },
  {
    id: "hypervisor.exit.kernel",
    value: 556,
    unit: "ns",
    status: "derived",
    source: "Linux commit b7ffc44d5b2e: outl handled in the kernel takes 1391 cycles; at 2.5 GHz, 1391 / 2.5",
    date: "2017",
    machine: "not stated; the clock of AWS m5d.metal is taken",
  },
  {
    id: "linux.4.5.networkNamespace",
    value: 47_700_000,
    source: `${SCRIVANO_TEXT}: unshare -n, Linux 4.5.5, 47.7 ± 51.4 ms`,
    ...SCRIVANO,
  },
  {
    id: "linux.5.19.networkNamespace",
    value: 1_500_000,
    source: `${SCRIVANO_TEXT}: unshare -n, Linux 5.19.15, 1.5 ± 0.5 ms`,
    ...SCRIVANO,
  },
  {
    id: "linux.4.5.ipcNamespace",
    value: 10_900_000,
    source: `${SCRIVANO_TEXT}: unshare -i, Linux 4.5.5`,
    ...SCRIVANO,
  },
  {
    id: "linux.5.19.ipcNamespace",
    value: 100_000,
    source: `${SCRIVANO_TEXT}: unshare -i, Linux 5.19.15`,
    ...SCRIVANO,
  },
  { id: "linux.4.5.mqueue", value: 16_800_000, source: `${SCRIVANO_TEXT}: mqueue mount, Linux 4.5.5`, ...SCRIVANO },
  { id: "linux.5.19.mqueue", value: 700_000, source: `${SCRIVANO_TEXT}: mqueue mount, Linux 5.19.15`, ...SCRIVANO },
];
