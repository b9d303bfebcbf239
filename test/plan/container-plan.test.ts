/** From any sensible configuration a plan that is in the right order, checked without privilege. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePlan } from "../../native/plan/encode.ts";
import type { Plan } from "../../native/plan/plan.ts";
import type { CgroupLayout } from "../../runtime/cgroup/layout.ts";
import { defaultPlanSource } from "../../runtime/cli/default-plan.ts";
import { compileContainer } from "../../runtime/container/compile.ts";
import type { ContainerOptions } from "../../runtime/container/options.ts";
import { BASE_CONFIG } from "../../runtime/image/image.ts";
import { explainText } from "../../runtime/plan/explain.ts";

const IMAGE = { name: "any", id: "", lowerDirectories: ["/image"], config: BASE_CONFIG, builtFrom: "" };
const ROOT = { uid: 0, gid: 0, additionalGids: [], home: "/root" };
const V1: CgroupLayout = {
  mode: "v1",
  controllers: Object.fromEntries(
    ["devices", "memory", "pids", "cpu"].map((name) => [
      name,
      { version: 1, directory: `/cg/${name}`, readOnly: false },
    ]),
  ),
};

function compile(options: Partial<ContainerOptions>, uid = 0): Plan {
  const whole: ContainerOptions = {
    image: "any",
    command: ["sh"],
    env: [],
    readOnly: false,
    network: "none",
    remove: true,
    ...options,
  };
  return compileContainer("0123456789ab", whole, IMAGE, { layout: V1, user: { ...ROOT, uid }, layers: "/layers" }).plan;
}

const anyOptions: fc.Arbitrary<Partial<ContainerOptions>> = fc.record(
  {
    readOnly: fc.boolean(),
    network: fc.constantFrom("none" as const, "host" as const),
    remove: fc.boolean(),
    terminal: fc.record({ columns: fc.integer({ min: 1, max: 500 }), rows: fc.integer({ min: 1, max: 500 }) }),
    memoryBytes: fc.integer({ min: 1 << 20, max: 1 << 30 }),
    pidsLimit: fc.integer({ min: 1, max: 1000 }),
    hostname: fc.stringMatching(/^[a-z]{1,20}$/),
    env: fc.array(fc.stringMatching(/^[A-Z]{1,8}=[a-z]{0,8}$/)),
  },
  { requiredKeys: [] },
);

function position(plan: Plan, op: string): number {
  return plan.findIndex((step) => step.op === op);
}

describe("a container's plan", () => {
  test("is in the order that the kernel and safety force, whatever the options", () => {
    fc.assert(
      fc.property(anyOptions, fc.constantFrom(0, 1000), (options, uid) => {
        const plan = compile(options, uid);
        const order = [
          "clone",
          "joinCgroup",
          "unshare",
          "setPropagation",
          "attachRoot",
          "mountAt",
          "makeNode",
          "maskPath",
          "pivotRoot",
          "setNoNewPrivileges",
          "dropBounding",
          "setUser",
          "setCapabilities",
          "dieWithParent",
          "closeDescriptors",
          "setSeccomp",
          "execute",
        ];
        const positions = order.map((op) => position(plan, op));
        expect(positions).not.toContain(-1);
        expect(positions).toEqual(positions.toSorted((a, b) => a - b));
        const child = plan.filter(({ phase }) => phase === "child");
        expect(child.at(-1)?.op).toBe("execute");
        expect(child.at(-2)?.op).toBe("setSeccomp");
      }),
    );
  });

  test("never names a path of the host once the root has been attached", () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const plan = compile(options);
        const attached = plan.findLastIndex(({ op }) => op === "attachRoot");
        const later = plan.slice(attached + 1).filter(({ phase }) => phase === "child");
        expect(later.filter(({ op }) => op === "openPath" || op === "writeFile")).toEqual([]);
      }),
    );
  });

  test("can be encoded and explained, whatever the options", () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const plan = compile(options);
        expect(encodePlan(plan).readUInt32LE(8)).toBe(plan.length);
        const text = explainText(plan, ["sh"], []);
        for (const { why } of plan) expect(text).toContain(why);
      }),
    );
  });

  test("is the same for the same options", () => {
    expect(encodePlan(compile({})).equals(encodePlan(compile({})))).toBe(true);
  });

  test("is what the simulator plays: its generated data is up to date", () => {
    const generated = new URL("../../simulator/scenarios/default-container-plan.generated.ts", import.meta.url);
    expect(readFileSync(generated, "utf8")).toBe(defaultPlanSource());
  });
});
