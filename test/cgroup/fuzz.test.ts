/**
 * Whatever text stands as resources: what the parser refuses never comes near a file, and what it accepts becomes
 * either an error with a name and a way out, or writes into the container's own groups that mean what was said.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CgroupLayout } from "../../runtime/cgroup/layout.ts";
import { resourceProperties } from "../../runtime/cgroup/systemd-properties.ts";
import { RingsideError } from "../../runtime/error.ts";
import type { OciResources } from "../../runtime/oci/config.ts";
import { parseResources } from "../../runtime/oci/parse.ts";
import { layoutOf, planAt, writeList } from "../support/cgroup-plans.ts";
import { type FakeMount, V2_FILES, V2_MOUNTS } from "../support/cgroup-tree.ts";

const CONTROLLERS = ["cpu", "cpuset", "memory", "devices", "pids", "blkio", "hugetlb", "net_cls", "net_prio", "rdma"];
const V1_MOUNTS: FakeMount[] = CONTROLLERS.map((name) => ({ at: name, type: "cgroup", superOptions: `rw,${name}` }));
const V1_FILES = {
  "memory/memory.memsw.limit_in_bytes": "9223372036854771712\n",
  "blkio/blkio.bfq.io_service_bytes": "",
};

/** Numbers that engines and attackers write. */
const number = fc.oneof(
  fc.integer({ min: -2, max: 2000 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, 0.5, 1e21, -1e21, 2 ** 63, 2 ** 64, 2 ** 63 - 4096),
);
const word = fc.oneof(
  fc.constantFrom(
    "0-3",
    "0,2",
    "max",
    "../x",
    "a b",
    "1\n2",
    "8:0",
    "2MB",
    "1GB",
    "memory.max",
    "cgroup.procs",
    "eth0",
    "/",
    "\0",
  ),
  fc.string({ maxLength: 10 }),
);
/** Mostly missing: one strange field is enough for the parser to refuse all of them. */
const optional = <Value>(value: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const device = { major: number, minor: number };

const resources = fc.record({
  memory: optional(
    fc.record({
      limit: optional(number),
      reservation: optional(number),
      swap: optional(number),
      kernel: optional(number),
      kernelTCP: optional(number),
      swappiness: optional(number),
      disableOOMKiller: optional(fc.boolean()),
      useHierarchy: optional(fc.boolean()),
    }),
  ),
  cpu: optional(
    fc.record({
      shares: optional(number),
      quota: optional(number),
      period: optional(number),
      burst: optional(number),
      realtimeRuntime: optional(number),
      realtimePeriod: optional(number),
      cpus: optional(word),
      mems: optional(word),
      idle: optional(number),
    }),
  ),
  pids: optional(fc.record({ limit: number })),
  blockIO: optional(
    fc.record({
      weight: optional(number),
      weightDevice: optional(fc.array(fc.record({ ...device, weight: number }), { maxLength: 2 })),
      throttleReadBpsDevice: optional(fc.array(fc.record({ ...device, rate: number }), { maxLength: 2 })),
      throttleWriteIOPSDevice: optional(fc.array(fc.record({ ...device, rate: number }), { maxLength: 2 })),
    }),
  ),
  hugepageLimits: optional(fc.array(fc.record({ pageSize: word, limit: number }), { maxLength: 2 })),
  network: optional(
    fc.record({
      classID: optional(number),
      priorities: optional(fc.array(fc.record({ name: word, priority: number }), { maxLength: 2 })),
    }),
  ),
  rdma: optional(fc.dictionary(word, fc.record({ hcaHandles: number }), { maxKeys: 2 })),
  unified: optional(fc.dictionary(word, word, { maxKeys: 2 })),
  devices: optional(
    fc.array(fc.record({ allow: fc.boolean(), type: fc.constantFrom("a", "b", "c", "x"), ...device, access: word }), {
      maxLength: 3,
    }),
  ),
});

function parsed(wanted: unknown): OciResources | undefined {
  try {
    return parseResources(JSON.stringify(wanted)).value;
  } catch (error) {
    if (error instanceof RingsideError) return undefined;
    throw error;
  }
}

/** What v1 and v2 take: digits and words, blanks between them, one line. */
const VALUE = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/;
const FILE = /^[a-z][a-z_]*\.[A-Za-z0-9_.]+$/;

function checkWrites(layout: CgroupLayout & { root: string }, wanted: OciResources): void {
  const { host, directories } = planAt(layout, "/engine/one", wanted);
  for (const [path, value] of writeList(host, layout.root)) {
    const at = `${layout.root}/${path}`;
    const file = at.slice(at.lastIndexOf("/") + 1);
    const directory = at.slice(0, at.lastIndexOf("/"));
    if (file === "cgroup.subtree_control") continue;
    expect(file).toMatch(FILE);
    expect(directories.some((own) => own === directory || own.startsWith(`${directory}/`))).toBe(true);
    const isRaw = wanted.unified !== undefined && file in wanted.unified;
    if (!isRaw) expect(value).toMatch(VALUE);
    expect(value).not.toMatch(/[\0\n]/);
  }
}

describe("any resources at all", () => {
  test.each<[string, readonly FakeMount[], Readonly<Record<string, string>>]>([
    ["v1", V1_MOUNTS, V1_FILES],
    ["v2", V2_MOUNTS, V2_FILES],
  ])("on %s are refused by name or written as plain words into the container's own groups", (_, mounts, files) => {
    const layout = layoutOf(mounts, files);
    let accepts = 0;
    fc.assert(
      fc.property(resources, (wanted) => {
        const accepted = parsed(wanted);
        if (accepted === undefined) return;
        accepts += Object.keys(accepted).length > 0 ? 1 : 0;
        try {
          checkWrites(layout, accepted);
        } catch (error) {
          if (!(error instanceof RingsideError)) throw error;
          expect(error.message).toMatch(/linux\.resources/);
          expect(error.fix).toBeTruthy();
        }
      }),
      { numRuns: 400 },
    );
    // The parser must not refuse nearly everything, or nothing was tried. Of 400, about a hundred are let through.
    expect(accepts).toBeGreaterThan(40);
  });

  test("as properties of systemd's are words without blanks, each list as long as it says", () => {
    fc.assert(
      fc.property(resources, fc.constantFrom(1 as const, 2 as const), (wanted, version) => {
        const accepted = parsed(wanted);
        if (accepted === undefined) return;
        try {
          for (const [name, type, ...values] of resourceProperties(accepted, version)) {
            for (const value of [name, type, ...values]) expect(value).toMatch(/^\S+$/);
            if (type === "ay") expect(values).toHaveLength(Number(values[0]) + 1);
            if (type === "t") expect(values[0]).toMatch(/^\d+$/);
          }
        } catch (error) {
          if (!(error instanceof RingsideError)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});
