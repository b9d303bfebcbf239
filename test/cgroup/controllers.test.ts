/** What each field of linux.resources comes to in the files of v1 and of v2, on made-up trees. */
import { describe, expect, test } from "vitest";
import { weightOf } from "../../runtime/cgroup/cpu.ts";
import { pageSizes } from "../../runtime/cgroup/hugetlb.ts";
import { ioWeightOf } from "../../runtime/cgroup/io.ts";
import { swapAlone } from "../../runtime/cgroup/memory.ts";
import { RingsideError } from "../../runtime/error.ts";
import type { OciResources } from "../../runtime/oci/config.ts";
import { layoutOf, planAt, writeList } from "../support/cgroup-plans.ts";
import { type FakeMount, V2_FILES, V2_MOUNTS } from "../support/cgroup-tree.ts";

const MIB = 1024 * 1024;
const NAMES = [
  "cpu",
  "cpuset",
  "memory",
  "devices",
  "pids",
  "blkio",
  "hugetlb",
  "net_cls",
  "net_prio",
  "rdma",
  "freezer",
];
const V1: FakeMount[] = NAMES.map((name) => ({ at: name, type: "cgroup", superOptions: `rw,${name}` }));
const V1_FILES = {
  "memory/memory.memsw.limit_in_bytes": "9223372036854771712\n",
  "blkio/blkio.bfq.io_service_bytes": "",
  "cpuset/cpuset.cpus": "0-3\n",
  "cpuset/cpuset.mems": "0\n",
  "hugetlb/hugetlb.2MB.rsvd.limit_in_bytes": "0\n",
};
const ALL_V2 = {
  ...V2_FILES,
  "cgroup.subtree_control": "cpuset cpu io memory hugetlb pids rdma misc\n",
  "system.slice/io.max": "",
  "system.slice/io.weight": "default 100\n",
  "system.slice/hugetlb.2MB.rsvd.max": "max\n",
};

/** What is written for these resources, without the devices; by file. */
function written(version: 1 | 2, resources: OciResources, without: readonly string[] = []): Record<string, string[]> {
  const files = version === 1 ? V1_FILES : ALL_V2;
  const present = Object.fromEntries(Object.entries(files).filter(([name]) => !without.includes(name)));
  const layout = layoutOf(version === 1 ? V1 : V2_MOUNTS, present);
  const list = writeList(planAt(layout, "/one", resources).host, layout.root);
  const byFile: Record<string, string[]> = {};
  for (const [path, value] of list) {
    const file = path.slice(path.lastIndexOf("/") + 1);
    if (/^devices\.|subtree_control$/.test(file)) continue;
    byFile[file] = [...(byFile[file] ?? []), value];
  }
  return byFile;
}

const CPUSET = { "cpuset.cpus": ["0-3"], "cpuset.mems": ["0"] };

/** One row: what is asked for, what v1 and v2 write; null: refused. */
const ROWS: readonly (readonly [
  string,
  OciResources,
  Record<string, string[]> | null,
  Record<string, string[]> | null,
])[] = [
  ["nothing", {}, {}, {}],
  [
    "what engines write when nobody asked for anything",
    {
      memory: { disableOOMKiller: false },
      cpu: { shares: 0, quota: 0, period: 0, burst: 0, idle: 0, cpus: "", mems: "" },
      pids: { limit: 0 },
      blockIO: { weight: 0, weightDevice: [], throttleReadBpsDevice: [] },
      hugepageLimits: [],
      network: { classID: 0, priorities: [] },
    },
    {},
    {},
  ],
  ["cpu.shares", { cpu: { shares: 512 } }, { "cpu.shares": ["512"] }, { "cpu.weight": ["59"] }],
  [
    "cpu.quota and period",
    { cpu: { quota: 20_000, period: 50_000 } },
    { "cpu.cfs_period_us": ["50000"], "cpu.cfs_quota_us": ["20000"] },
    { "cpu.max": ["20000 50000"] },
  ],
  ["cpu.quota alone", { cpu: { quota: 30_000 } }, { "cpu.cfs_quota_us": ["30000"] }, { "cpu.max": ["30000 100000"] }],
  ["cpu.quota -1", { cpu: { quota: -1 } }, { "cpu.cfs_quota_us": ["-1"] }, { "cpu.max": ["max 100000"] }],
  ["cpu.period alone", { cpu: { period: 50_000 } }, { "cpu.cfs_period_us": ["50000"] }, { "cpu.max": ["max 50000"] }],
  [
    "cpu.burst",
    { cpu: { quota: 50_000, burst: 10_000 } },
    { "cpu.cfs_quota_us": ["50000"], "cpu.cfs_burst_us": ["10000"] },
    { "cpu.max": ["50000 100000"], "cpu.max.burst": ["10000"] },
  ],
  ["a burst above the quota", { cpu: { quota: 5000, burst: 6000 } }, null, null],
  ["cpu.idle", { cpu: { idle: 1 } }, { "cpu.idle": ["1"] }, { "cpu.idle": ["1"] }],
  [
    "real-time",
    { cpu: { realtimePeriod: 1_000_000, realtimeRuntime: 5000 } },
    { "cpu.rt_period_us": ["1000000"], "cpu.rt_runtime_us": ["5000"] },
    null,
  ],
  [
    "cpu.cpus and mems",
    { cpu: { cpus: "0-1", mems: "0" } },
    { "cpuset.cpus": ["0-1"], "cpuset.mems": ["0"] },
    { "cpuset.cpus": ["0-1"], "cpuset.mems": ["0"] },
  ],
  ["a list of CPUs that is none", { cpu: { cpus: "0-1; reboot" } }, null, null],
  [
    "memory.limit",
    { memory: { limit: 64 * MIB } },
    { "memory.limit_in_bytes": ["67108864"] },
    { "memory.max": ["67108864"] },
  ],
  [
    "memory.limit and swap",
    { memory: { limit: 64 * MIB, swap: 96 * MIB } },
    { "memory.limit_in_bytes": ["67108864"], "memory.memsw.limit_in_bytes": ["100663296"] },
    { "memory.max": ["67108864"], "memory.swap.max": ["33554432"] },
  ],
  [
    "memory.limit and as much swap: none left for swap alone",
    { memory: { limit: 64 * MIB, swap: 64 * MIB } },
    { "memory.limit_in_bytes": ["67108864"], "memory.memsw.limit_in_bytes": ["67108864"] },
    { "memory.max": ["67108864"], "memory.swap.max": ["0"] },
  ],
  [
    "memory.limit with swap -1",
    { memory: { limit: 64 * MIB, swap: -1 } },
    { "memory.limit_in_bytes": ["67108864"], "memory.memsw.limit_in_bytes": ["-1"] },
    { "memory.max": ["67108864"], "memory.swap.max": ["max"] },
  ],
  [
    "memory.limit -1",
    { memory: { limit: -1 } },
    { "memory.limit_in_bytes": ["-1"], "memory.memsw.limit_in_bytes": ["-1"] },
    { "memory.max": ["max"], "memory.swap.max": ["max"] },
  ],
  ["swap below memory", { memory: { limit: 64 * MIB, swap: 32 * MIB } }, null, null],
  [
    "swap without memory, which only v1 can count",
    { memory: { swap: 64 * MIB } },
    { "memory.memsw.limit_in_bytes": ["67108864"] },
    null,
  ],
  [
    "memory.reservation",
    { memory: { reservation: 32 * MIB } },
    { "memory.soft_limit_in_bytes": ["33554432"] },
    { "memory.low": ["33554432"] },
  ],
  ["memory.kernel, which no kernel limits any more", { memory: { kernel: 32 * MIB } }, null, null],
  ["memory.kernel -1", { memory: { kernel: -1, kernelTCP: -1 } }, { "memory.kmem.tcp.limit_in_bytes": ["-1"] }, {}],
  ["memory.kernelTCP", { memory: { kernelTCP: MIB } }, { "memory.kmem.tcp.limit_in_bytes": ["1048576"] }, null],
  ["memory.swappiness 0", { memory: { swappiness: 0 } }, { "memory.swappiness": ["0"] }, null],
  ["memory.swappiness 101", { memory: { swappiness: 101 } }, null, null],
  ["memory.disableOOMKiller", { memory: { disableOOMKiller: true } }, { "memory.oom_control": ["1"] }, null],
  ["memory.useHierarchy true, which is so", { memory: { useHierarchy: true } }, {}, {}],
  ["memory.useHierarchy false", { memory: { useHierarchy: false } }, null, null],
  ["half a byte", { memory: { limit: 0.5 } }, null, null],
  ["pids.limit", { pids: { limit: 7 } }, { "pids.max": ["7"] }, { "pids.max": ["7"] }],
  ["pids.limit -1", { pids: { limit: -1 } }, { "pids.max": ["max"] }, { "pids.max": ["max"] }],
  ["blockIO.weight", { blockIO: { weight: 500 } }, { "blkio.bfq.weight": ["500"] }, { "io.weight": ["4950"] }],
  ["blockIO.weight out of range", { blockIO: { weight: 5 } }, null, null],
  [
    "blockIO.weightDevice",
    { blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 10 }] } },
    { "blkio.bfq.weight_device": ["8:0 10"] },
    { "io.weight": ["8:0 1"] },
  ],
  ["blockIO.leafWeight, whose scheduler has gone", { blockIO: { leafWeight: 300 } }, null, null],
  [
    "all four throttles",
    {
      blockIO: {
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
        throttleWriteBpsDevice: [{ major: 8, minor: 16, rate: 0 }],
        throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 30 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 40 }],
      },
    },
    {
      "blkio.throttle.read_bps_device": ["8:0 600"],
      "blkio.throttle.write_bps_device": ["8:16 0"],
      "blkio.throttle.read_iops_device": ["8:0 30"],
      "blkio.throttle.write_iops_device": ["8:0 40"],
    },
    { "io.max": ["8:0 rbps=600", "8:16 wbps=max", "8:0 riops=30", "8:0 wiops=40"] },
  ],
  ["a page size that is no page size", { hugepageLimits: [{ pageSize: "../2MB", limit: 0 }] }, null, null],
  ["network.classID", { network: { classID: 1_048_577 } }, { "net_cls.classid": ["1048577"] }, null],
  [
    "network.priorities",
    {
      network: {
        priorities: [
          { name: "eth0", priority: 5 },
          { name: "eth1", priority: 6 },
        ],
      },
    },
    { "net_prio.ifpriomap": ["eth0 5", "eth1 6"] },
    null,
  ],
  [
    "an interface whose name would be two words",
    { network: { priorities: [{ name: "a b", priority: 5 }] } },
    null,
    null,
  ],
  [
    "rdma",
    { rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10 } } },
    { "rdma.max": ["mlx5_1 hca_handle=3 hca_object=10"] },
    { "rdma.max": ["mlx5_1 hca_handle=3 hca_object=10"] },
  ],
  ["rdma without a limit", { rdma: { mlx5_1: {} } }, null, null],
  [
    "unified",
    { unified: { "memory.high": "1000000", "pids.max": "9" } },
    null,
    { "memory.high": ["1000000"], "pids.max": ["9"] },
  ],
  [
    "unified with a line for each device",
    { unified: { "io.max": "8:0 rbps=1\n8:16 rbps=2\n" } },
    null,
    { "io.max": ["8:0 rbps=1", "8:16 rbps=2"] },
  ],
  ["unified misc", { unified: { "misc.max": "res_a 4" } }, null, { "misc.max": ["res_a 4"] }],
  ["unified cgroup.procs", { unified: { "cgroup.procs": "1" } }, null, null],
  ["unified cgroup.freeze", { unified: { "cgroup.freeze": "1" } }, null, null],
  ["unified with a path", { unified: { "../memory.max": "1" } }, null, null],
  ["unified with a path behind a name", { unified: { "memory.x/../../y": "1" } }, null, null],
  ["unified of no controller", { unified: { "nothing.max": "1" } }, null, null],
];

describe.each([1, 2] as const)("on v%i", (version) => {
  test.each(ROWS)("%s", (_, resources, v1, v2) => {
    const expected = version === 1 ? v1 : v2;
    if (expected === null) {
      expect(() => written(version, resources)).toThrow(RingsideError);
      return;
    }
    const cpuset = version === 1 ? { ...CPUSET, ...expected } : expected;
    const actual = written(version, resources);
    // A new group of v1's cpuset is given its parent's values first: only the last counts.
    const last = { ...actual, ...(version === 1 && lastOf(actual, ["cpuset.cpus", "cpuset.mems"])) };
    expect(last).toEqual(cpuset);
  });

  test("each refusal names the field and what to do", () => {
    for (const [, resources, v1, v2] of ROWS) {
      if ((version === 1 ? v1 : v2) !== null) continue;
      const error = failureOf(() => written(version, resources));
      expect(error?.message).toMatch(/linux\.resources\.[a-zA-Z]+/);
      expect(error?.fix).toBeTruthy();
    }
  });
});

function lastOf(all: Record<string, string[]>, files: readonly string[]): Record<string, string[]> {
  return Object.fromEntries(files.map((file) => [file, (all[file] ?? []).slice(-1)]));
}

function failureOf(attempt: () => unknown): RingsideError | undefined {
  try {
    attempt();
  } catch (error) {
    if (error instanceof RingsideError) return error;
  }
  return undefined;
}

describe("conversions between v1 and v2", () => {
  test("shares become a weight: least, usual and most are where v2 has them, and order is kept", () => {
    expect([2, 1024, 262_144].map(weightOf)).toEqual([1, 100, 10_000]);
    expect([0, 1].map(weightOf)).toEqual([1, 1]);
    const weights = Array.from({ length: 18 }, (_, index) => weightOf(2 ** (index + 1)));
    expect(weights).toEqual(weights.toSorted((a, b) => a - b));
    expect(new Set(weights).size).toBe(weights.length);
  });

  test("a weight of blkio becomes one of io, from least to most", () => {
    expect([10, 1000].map(ioWeightOf)).toEqual([1, 10_000]);
  });

  test("swap alone is what is left of memory and swap together", () => {
    expect(swapAlone({ limit: 100, swap: 250 })).toBe(150);
    expect(swapAlone({ limit: 100, swap: -1 })).toBe(-1);
    expect(swapAlone({ limit: 100 })).toBeUndefined();
    expect(swapAlone({ limit: -1 })).toBe(-1);
    expect(() => swapAlone({ swap: 100 })).toThrow(/memory has no limit/);
    expect(() => swapAlone({ limit: 100, swap: 99 })).toThrow(/at least the memory limit|may be 100/);
  });
});

describe("what only the kernel at hand can tell", () => {
  const [size] = pageSizes();

  test("huge pages are limited in use and in reservation, where the kernel knows reservations", ({ skip }) => {
    skip(size === undefined, "this machine has no huge pages");
    if (size === undefined) return;
    const resources = { hugepageLimits: [{ pageSize: size, limit: 4 * MIB }] };
    expect(written(1, resources)).toMatchObject({ [`hugetlb.${size}.limit_in_bytes`]: ["4194304"] });
    expect(written(2, resources, ["system.slice/hugetlb.2MB.rsvd.max"])).toEqual({
      [`hugetlb.${size}.max`]: ["4194304"],
    });
  });

  test("a kernel that does not count swap refuses a limit on it, and takes no limit on it", () => {
    const swap = { memory: { limit: 64 * MIB, swap: 64 * MIB } };
    expect(() => written(1, swap, ["memory/memory.memsw.limit_in_bytes"])).toThrow(/does not count swap/);
    expect(() => written(2, swap, ["system.slice/memory.swap.max"])).toThrow(/does not count swap/);
    const unlimited = { memory: { limit: 64 * MIB, swap: -1 } };
    expect(written(2, unlimited, ["system.slice/memory.swap.max"])).toEqual({ "memory.max": ["67108864"] });
  });

  test("a kernel without a scheduler that keeps weights refuses them", () => {
    const weight = { blockIO: { weight: 500 } };
    expect(() => written(1, weight, ["blkio/blkio.bfq.io_service_bytes"])).toThrow(
      /no disk scheduler here keeps weights/,
    );
    expect(() => written(2, weight, ["system.slice/io.weight"])).toThrow(/no disk scheduler here keeps weights/);
  });
});
