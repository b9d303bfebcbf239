/**
 * Any configuration that the specification allows becomes a plan in a safe order, with everything in it that was asked
 * for; or it is refused in words. Checked on the list, without privilege and without a kernel.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePlan } from "../../native/plan/encode.ts";
import { OPERATIONS } from "../../native/plan/operations.ts";
import type { Plan, PlanStep } from "../../native/plan/plan.ts";
import type { CgroupLayout } from "../../runtime/cgroup/layout.ts";
import { RingsideError } from "../../runtime/error.ts";
import type { OciConfig, OciProcess } from "../../runtime/oci/config.ts";
import { sysctlPath } from "../../runtime/oci/sysctl.ts";
import { containerPlan } from "../../runtime/plan/container.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { arbitraryConfig, arbitraryProcess } from "../support/arbitrary-config.ts";

const RECEIVED = 3;
const NO_GROUPS: CgroupLayout = { mode: "none", controllers: {} };

type Runnable = OciConfig & { readonly process: OciProcess };

/** Without what hangs on this machine: labels, groups and classes of service have tests of their own. */
const runnable: fc.Arbitrary<Runnable> = fc.tuple(arbitraryConfig, arbitraryProcess).map(([config, process]) => {
  const { apparmorProfile: _, selinuxLabel: __, ...unlabelled } = process;
  if (config.linux === undefined) return { ...config, process: unlabelled };
  const { intelRdt: _rdt, mountLabel: _label, resources: _resources, ...linux } = config.linux;
  return { ...config, process: unlabelled, linux };
});

function planOf(config: Runnable): Plan {
  const seccomp = config.linux?.seccomp;
  return containerPlan(config, {
    id: "box",
    root: { kind: "directory", path: "/bundle/rootfs" },
    layout: NO_GROUPS,
    filter: seccomp && compileSeccomp(seccomp, { arch: "x64" }),
    ephemeral: false,
    ownership: "engine",
    bundle: "/bundle",
    startFifo: "/run/box/start",
  }).plan;
}

/** Runs a check on the plans of random configurations; those that are refused have to be refused in words. */
function everyPlan(check: (plan: Plan, config: Runnable) => void): void {
  let plans = 0;
  let refusals = 0;
  fc.assert(
    fc.property(runnable, (config) => {
      let plan: Plan;
      try {
        plan = planOf(config);
      } catch (error) {
        expect(error).toBeInstanceOf(RingsideError);
        refusals++;
        return;
      }
      plans++;
      check(plan, config);
    }),
    { numRuns: 150 },
  );
  expect(plans).toBeGreaterThan(refusals);
}

/** The slots that an operation fills; all its others it uses. */
const FILLED: Readonly<Record<string, readonly string[]>> = {
  openPath: ["slot"],
  newOverlay: ["slot"],
  openPidfd: ["slot"],
  openNamespace: ["slot"],
  cloneTree: ["slot"],
  cloneDevice: ["slot"],
  makeUserNamespace: ["slot"],
  connectSocket: ["slot"],
  newFilesystem: ["slot"],
  openIn: ["slot"],
};

/** These take a path of the host's: once the child stands in its own root there is no such thing. */
const ON_THE_HOST: ReadonlySet<string> = new Set([
  "openPath",
  "openNamespace",
  "cloneTree",
  "cloneDevice",
  "connectSocket",
  "attachRoot",
  "newOverlay",
  "writeFile",
  "makeDirectory",
]);

const NO_SLOT = 0xffff;

/** The slots of a step by direction. */
function slotsOf(step: PlanStep): { fills: number[]; uses: number[] } {
  const values: Readonly<Record<string, unknown>> = { ...step };
  const named = Object.entries(OPERATIONS[step.op].arguments).filter(([, type]) => type === "slot");
  const numbers = (names: string[]) => {
    return names
      .map((name) => values[name])
      .filter((slot): slot is number => typeof slot === "number" && slot !== NO_SLOT);
  };
  const filled = FILLED[step.op] ?? [];
  const names = named.map(([name]) => name);
  return {
    fills: numbers(names.filter((name) => filled.includes(name))),
    uses: numbers(names.filter((name) => !filled.includes(name))),
  };
}

const of = (plan: Plan, op: string) => plan.filter((step) => step.op === op);
const first = (plan: Plan, ...ops: string[]) => plan.findIndex((step) => ops.includes(step.op));
/** A field of a step, whatever its operation. */
const field = (step: PlanStep | undefined, name: string): unknown =>
  step === undefined ? undefined : Reflect.get(step, name);
const fields = (plan: Plan, op: string, name: string) => of(plan, op).map((step) => field(step, name));

describe("the order of any plan", () => {
  test("has one clone and one program, which is the last thing that the child does", () => {
    everyPlan((plan, { process }) => {
      expect(of(plan, "clone")).toHaveLength(1);
      expect(of(plan, "execute")).toHaveLength(1);
      const last = plan.filter(({ phase }) => phase === "child").at(-1);
      expect(last?.op).toBe("execute");
      expect(field(last, "argv")).toEqual(process.args);
      expect(plan.slice(0, first(plan, "clone")).filter(({ phase }) => phase === "child")).toEqual([]);
    });
  });

  test("fills every slot before it is used, and nothing of the child's is used outside", () => {
    everyPlan((plan) => {
      const received = Array.from({ length: RECEIVED }, (_, slot) => slot);
      const host = new Set(received);
      const child = new Set<number>();
      for (const step of plan) {
        const { fills, uses } = slotsOf(step);
        const known = (slot: number) => host.has(slot) || (step.phase === "child" && child.has(slot));
        expect([step.op, uses.filter((slot) => !known(slot))]).toEqual([step.op, []]);
        for (const slot of fills) (step.phase === "child" ? child : host).add(slot);
      }
    });
  });

  test("takes no path of the host once the child stands in its own root", () => {
    everyPlan((plan) => {
      const child = plan.filter(({ phase }) => phase === "child");
      const inside = child.slice(first(child, "pivotRoot", "changeRoot") + 1);
      expect(inside.map(({ op }) => op).filter((op) => ON_THE_HOST.has(op))).toEqual([]);
      expect(inside.length).toBeLessThan(child.length);
    });
  });

  test("begins the filter last with no_new_privs, but for hooks of the image's, and before rights are dropped without", () => {
    everyPlan((plan, { process, linux }) => {
      const child = plan.filter(({ phase }) => phase === "child");
      if (linux?.seccomp === undefined) {
        expect(of(plan, "setSeccomp")).toEqual([]);
      } else if (process.noNewPrivileges === true) {
        const behind = child.slice(first(child, "setSeccomp") + 1).map(({ op }) => op);
        expect(behind.filter((op) => op !== "runHook")).toEqual(["execute"]);
      } else {
        expect(first(child, "setSeccomp")).toBeLessThan(first(child, "setUser"));
      }
    });
  });

  test("drops rights in the only order that leaves none: bounds, user, sets", () => {
    everyPlan((plan) => {
      const orders = [
        ["clone", "dropBounding", "setUser", "setCapabilities", "execute"],
        ["clone", "closeDescriptors", "execute"],
      ];
      for (const positions of orders.map((order) => order.map((op) => first(plan, op)))) {
        expect(positions).not.toContain(-1);
        expect(positions).toEqual(positions.toSorted((left, right) => left - right));
      }
    });
  });

  test("can be sent to the launcher", () => {
    everyPlan((plan) => {
      expect(encodePlan(plan).byteLength).toBeGreaterThan(0);
    });
  });
});

describe("nothing is dropped: in any plan is", () => {
  test("who the program is, where it begins and what it may use", () => {
    everyPlan((plan, { process }) => {
      const { user, rlimits = [], oomScoreAdj, scheduler, ioPriority, cwd } = process;
      const [identity] = of(plan, "setUser");
      expect([field(identity, "uid"), field(identity, "gid")]).toEqual([user.uid, user.gid]);
      expect(field(identity, "groups")).toEqual(user.additionalGids ?? []);
      expect(fields(plan, "setUmask", "mask")).toEqual(user.umask === undefined ? expect.anything() : [user.umask]);
      expect(fields(plan, "setDirectory", "path")).toContain(cwd);
      expect(of(plan, "setLimit")).toHaveLength(rlimits.length);
      expect(of(plan, "setOomScore")).toHaveLength(oomScoreAdj === undefined ? 0 : 1);
      expect(of(plan, "setScheduler")).toHaveLength(scheduler === undefined ? 0 : 1);
      expect(of(plan, "setIoPriority")).toHaveLength(ioPriority === undefined ? 0 : 1);
      expect(of(plan, "setNoNewPrivileges")).toHaveLength(process.noNewPrivileges === true ? 1 : 0);
    });
  });

  test("what the container is called, its clocks, its kind of machine and its memory nodes", () => {
    everyPlan((plan, { hostname, domainname, linux = {} }) => {
      expect(fields(plan, "setHostname", "name")).toEqual(hostname === undefined ? [] : [hostname]);
      expect(fields(plan, "setDomainname", "name")).toEqual(domainname === undefined ? [] : [domainname]);
      expect(of(plan, "setPersonality")).toHaveLength(linux.personality === undefined ? 0 : 1);
      expect(of(plan, "setMemoryPolicy")).toHaveLength(linux.memoryPolicy === undefined ? 0 : 1);
      expect(of(plan, "setTimeOffsets")).toHaveLength(Object.keys(linux.timeOffsets ?? {}).length === 0 ? 0 : 1);
    });
  });

  test("every mount, device, guarded path, kernel setting and interface", () => {
    everyPlan((plan, { mounts = [], linux = {} }) => {
      const { devices = [], maskedPaths = [], readonlyPaths = [], sysctl = {}, netDevices = {} } = linux;
      const mounted = new Set(fields(plan, "mountAt", "path"));
      expect(mounts.map(({ destination }) => destination).filter((path) => !mounted.has(path))).toEqual([]);
      const nodes = new Set([...fields(plan, "makeNode", "path"), ...fields(plan, "bindFile", "path"), ...mounted]);
      const made = (path: string) => [...nodes].some((node) => typeof node === "string" && path.endsWith(node));
      expect(devices.map(({ path }) => path).filter((path) => !made(path))).toEqual([]);
      const masked = new Set(fields(plan, "maskPath", "path"));
      expect(maskedPaths.filter((path) => !masked.has(path))).toEqual([]);
      const guarded = new Set(fields(plan, "readonlyPath", "path"));
      expect(readonlyPaths.filter((path) => !guarded.has(path))).toEqual([]);
      const written = fields(plan, "writeProc", "path");
      expect(written).toEqual(expect.arrayContaining(Object.keys(sysctl).map((name) => `sys/${sysctlPath(name)}`)));
      expect(fields(plan, "moveNetDevice", "name")).toEqual(Object.keys(netDevices));
    });
  });

  test("every hook that runs inside, in its place, and a pause for those that run outside", () => {
    everyPlan((plan, { hooks = {} }) => {
      const { prestart = [], createRuntime = [], createContainer = [], startContainer = [] } = hooks;
      const paths = [...createContainer, ...startContainer].map(({ path }) => path);
      expect(fields(plan, "runHook", "path")).toEqual(paths);
      const enter = first(plan, "pivotRoot", "changeRoot");
      const inside = plan.slice(enter).filter(({ op }) => op === "runHook");
      expect(inside).toHaveLength(startContainer.length);
      if (prestart.length + createRuntime.length > 0) expect(of(plan, "pause")).not.toEqual([]);
    });
  });
});
