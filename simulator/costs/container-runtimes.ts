/**
 * What other container runtimes take for one container, from nothing to gone: published totals, split as far as the
 * sources split them. No daemon is in these figures.
 */
import type { Cost } from "./cost.ts";

const SCRIVANO = {
  unit: "ns",
  status: "derived",
  date: "2022-10-21",
  machine: "not stated (Linux 5.19.15)",
} as const;
const TEXT = "G. Scrivano, The journey to speed up running OCI containers (scrivano.org)";
const FULL = `${TEXT}: crun, 28.9 ± 5.9 ms elapsed, user 16.7, sys 4.5`;
const CACHED = `${TEXT}: crun with its BPF cache, 5.6 ± 3.0 ms elapsed, user 1.0, sys 4.5`;
const KNOWN = "network namespace 1.5, mqueue 0.7, IPC namespace 0.1";

const RUNC = {
  unit: "ns",
  status: "derived",
  date: "2024-10-16",
  machine: "Ryzen 7 7840U",
} as const;
const RUNC_TEXT = "runc commit 515f09f7b: runc run, sealed binary, 13.9 ± 0.9 ms (hyperfine)";

export const CONTAINER_RUNTIME_COSTS: readonly Cost[] = [
  {
    id: "crun.seccomp",
    value: 12_600_000,
    source: `${TEXT}: seccomp filter generation, new libseccomp`,
    ...SCRIVANO,
    status: "published",
  },
  {
    id: "crun.seccomp.old",
    value: 38_900_000,
    source: `${TEXT}: seccomp filter generation, old libseccomp`,
    ...SCRIVANO,
    status: "published",
  },
  { id: "crun.user", value: 4_100_000, source: `${FULL}; user time less the seccomp filter, 16.7 - 12.6`, ...SCRIVANO },
  {
    id: "crun.kernel",
    value: 2_200_000,
    source: `${FULL}; sys time less the steps told apart (${KNOWN})`,
    ...SCRIVANO,
  },
  { id: "crun.wait", value: 7_700_000, source: `${FULL}; 28.9 - 16.7 - 4.5, neither user nor sys`, ...SCRIVANO },
  { id: "crun-cached.user", value: 1_000_000, source: CACHED, ...SCRIVANO, status: "published" },
  { id: "crun-cached.kernel", value: 2_200_000, source: `${CACHED}; less ${KNOWN}`, ...SCRIVANO },
  { id: "crun-cached.wait", value: 100_000, source: `${CACHED}; 5.6 - 1.0 - 4.5`, ...SCRIVANO },
  {
    id: "runc.all",
    value: 11_600_000,
    source: `${RUNC_TEXT}; less the steps told apart by ${TEXT} (${KNOWN}); user and kernel mode are not told apart`,
    ...RUNC,
  },
  {
    id: "containerd.daemon",
    value: 175_100_000,
    unit: "ns",
    status: "derived",
    source: `idlab-discover/benchmark-containerd-runtimes: containerd create until the first HTTP request from inside, runc, median of 100, 189 ms; less what runc itself takes, 13.9 (${RUNC_TEXT}): two machines`,
    date: "2022",
    machine: "not recorded by idlab",
  },
  {
    id: "docker.daemon",
    value: 256_100_000,
    unit: "ns",
    status: "derived",
    source: `lxd issue 1434: docker run, 0.27 s; less what runc itself takes, 13.9 ms (${RUNC_TEXT}): two machines`,
    date: "2015",
    machine: "not stated",
  },
];
