/** From any list of mounts a plan, or a refusal in words: nothing of the host is named once the root is attached. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePlan } from "../../native/plan/encode.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../../runtime/error.ts";
import { OCI_VERSION, type OciConfig, type OciMount, type OciProcess, PROPAGATIONS } from "../../runtime/oci/config.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { MOUNT_OPTIONS } from "../../runtime/plan/mount-options.ts";
import { Slots } from "../../runtime/plan/slots.ts";
import { type TreeContext, treePlan } from "../../runtime/plan/tree.ts";

const path = fc.stringMatching(/^\/?([a-z.]{1,5}\/?){0,5}$/);
const mappings = fc.array(
  fc.record({ containerID: fc.nat(10), hostID: fc.nat(100_000), size: fc.integer({ min: 1, max: 100 }) }),
  { maxLength: 2 },
);
const mount: fc.Arbitrary<OciMount> = fc.record(
  {
    destination: fc.oneof(path, fc.constantFrom("/", "/dev", "/dev/pts", "/proc", "/sys", "/proc/../..")),
    type: fc.constantFrom(
      "bind",
      "none",
      "",
      "tmpfs",
      "proc",
      "sysfs",
      "mqueue",
      "cgroup",
      "cgroup2",
      "devpts",
      "ext4",
    ),
    source: fc.oneof(path, fc.constantFrom("/", "", "volume")),
    options: fc.array(fc.oneof(fc.constantFrom(...MOUNT_OPTIONS), fc.constantFrom("size=1m", "mode=755", "x")), {
      maxLength: 5,
    }),
    uidMappings: mappings,
    gidMappings: mappings,
  },
  { requiredKeys: ["destination"] },
);
const config: fc.Arbitrary<OciConfig & { readonly process: OciProcess }> = fc
  .record({
    mounts: fc.array(mount, { maxLength: 6 }),
    readonly: fc.boolean(),
    terminal: fc.boolean(),
    namespaces: fc.subarray(["pid", "mount", "network", "user", "ipc"] as const),
    rootfsPropagation: fc.constantFrom(...PROPAGATIONS),
    maskedPaths: fc.array(path, { maxLength: 3 }),
    readonlyPaths: fc.array(path, { maxLength: 3 }),
  })
  .map(({ mounts, readonly, terminal, namespaces, ...linux }) => ({
    ociVersion: OCI_VERSION,
    root: { path: "/bundle/rootfs", readonly },
    mounts,
    process: { terminal, user: { uid: 0, gid: 0 }, args: ["/true"], cwd: "/" },
    linux: { ...linux, namespaces: namespaces.map((type) => ({ type })) },
  }));
const context: fc.Arbitrary<Omit<TreeContext, "slots">> = fc.record(
  {
    root: fc.constant({ kind: "directory" as const, path: "/bundle/rootfs" }),
    ephemeral: fc.boolean(),
    devicesGuarded: fc.boolean(),
    cgroupMount: fc.constant(() => []),
    bundle: fc.constant("/bundle"),
    consoleSocket: fc.constant("/run/socket"),
    noPivot: fc.boolean(),
    privilege: fc.constantFrom("root" as const, "namespaced" as const, "user" as const),
  },
  { requiredKeys: ["root", "ephemeral", "devicesGuarded", "cgroupMount", "bundle"] },
);

/** Operations that find a file by its path on the host. */
const NAMES_HOST_FILES = new Set([
  "cloneTree",
  "cloneDevice",
  "openPath",
  "connectSocket",
  "newOverlay",
  "makeDirectory",
]);

function planOf(
  config: OciConfig & { readonly process: OciProcess },
  context: Omit<TreeContext, "slots">,
): PlanStep[] | undefined {
  try {
    const { prepare, build, enter } = treePlan(config, { ...context, slots: new Slots(3) });
    return [...prepare, ...build, ...enter];
  } catch (error) {
    expect(error).toBeInstanceOf(RingsideError);
    return undefined;
  }
}

describe("the files of a container, as a plan", () => {
  test("are a plan that can be encoded, or are refused with a fix", () => {
    fc.assert(
      fc.property(config, context, (config, context) => {
        const plan = planOf(config, context);
        if (plan !== undefined) encodePlan([...plan, executeStep(["/true"], [])]);
      }),
      { numRuns: 500 },
    );
  });

  test("name nothing of the host once the root is attached", () => {
    fc.assert(
      fc.property(config, context, (config, context) => {
        const plan = planOf(config, context) ?? [];
        const attached = plan.findLastIndex(({ op }) => op === "attachRoot");
        const later = attached < 0 ? [] : plan.slice(attached + 1);
        expect(later.filter(({ op }) => NAMES_HOST_FILES.has(op))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("never stay shared with the host's, unless the configuration says so", () => {
    fc.assert(
      fc.property(config, context, (config, context) => {
        const plan = planOf(config, context) ?? [];
        if (config.linux?.rootfsPropagation?.endsWith("shared")) return;
        const clones = plan.flatMap((step) => (step.op === "cloneTree" ? [step.slot] : []));
        const made = plan.flatMap((step) =>
          step.op === "changeMount" && step.recursive === 1 && step.propagation !== 0 ? [step.slot] : [],
        );
        for (const slot of clones) expect(made).toContain(slot);
      }),
      { numRuns: 500 },
    );
  });

  test("hide and protect every path that the configuration names", () => {
    fc.assert(
      fc.property(config, context, (config, context) => {
        const plan = planOf(config, context);
        if (plan === undefined) return;
        const paths = (op: string) => plan.flatMap((step) => (step.op === op && "path" in step ? [step.path] : []));
        expect(paths("maskPath")).toEqual(config.linux?.maskedPaths);
        expect(paths("readonlyPath")).toEqual(config.linux?.readonlyPaths);
      }),
    );
  });
});
