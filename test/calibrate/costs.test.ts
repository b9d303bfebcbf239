/** What was measured becomes costs by ids that the simulator knows, each with its arithmetic; a file of them is parsed. */
import { describe, expect, test } from "vitest";
import { costsOf } from "../../runtime/calibrate/costs.ts";
import {
  type CostsDocument,
  costsText,
  keptProfiles,
  parseCosts,
  type Quantity,
  readCosts,
  writeCosts,
} from "../../runtime/calibrate/document.ts";
import { withRoomForExits } from "../../runtime/calibrate/exits-fit.ts";
import { WORDS, wordsOf } from "../../runtime/calibrate/quantities.ts";
import { checkCost } from "../../simulator/costs/cost.ts";
import { DEFAULT_PROFILE, findProfile, withMeasured } from "../../simulator/costs/profiles.ts";
import { stepCosts } from "../../simulator/costs/step-costs.ts";
import { DEFAULT_CONTAINER_PLAN } from "../../simulator/scenarios/default-container-plan.generated.ts";
import { SCENARIOS } from "../../simulator/scenarios/registry.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const NAMESPACES = ["mount", "uts", "ipc", "pid", "network", "cgroup", "user", "time"];

/** Every quantity that there is, each with a median of its own. */
function everyQuantity(): Quantity[] {
  const names = [...Object.keys(WORDS), ...NAMESPACES.map((name) => `namespace.${name}`)];
  return names.map((name, index) => quantity(name, 1000 + index));
}

function quantity(name: string, p50: number): Quantity {
  return { name, what: wordsOf(name), n: 90, p25: p50 - 5, p50, p75: p50 + 9, date: "2026-11-23T12:00:00.000Z" };
}

function documentOf(costs: CostsDocument["costs"]): CostsDocument {
  return {
    schema: "ringside.costs/1",
    name: "measured-somewhere",
    title: "a machine somewhere",
    measuredAt: "2026-11-23T12:00:00.000Z",
    machine: { kernel: "Linux 6.18", cpu: "a processor", cores: 2, memoryBytes: 1, cgroupMode: "v2" },
    quantities: everyQuantity(),
    refused: [],
    costs,
  };
}

describe("costs of what was measured", () => {
  const costs = costsOf(everyQuantity(), "a processor, 2 cores, Linux 6.18");

  test("are sound, and say median, number and spread", () => {
    expect(costs.flatMap((cost) => checkCost(cost))).toEqual([]);
    const entry = costs.find(({ id }) => id === "linux.systemCall.entry");
    expect(entry?.source).toMatch(/getpid\(2\).*median 1000 ns of 90, middle half 995 to 1009/);
  });

  test("that the simulator already has take the place of its own", () => {
    const base = findProfile(DEFAULT_PROFILE)?.costs.map(({ id }) => id) ?? [];
    for (const id of ["linux.systemCall.entry", "linux.fork", "linux.execve", "linux.exit", "linux.write.pipe"]) {
      expect(base).toContain(id);
      expect(costs.map((cost) => cost.id)).toContain(id);
    }
  });

  test("that are a difference say of what, and are never less than nothing", () => {
    const odd = costsOf([quantity("pipe.write", 90), quantity("systemCall", 100)], "a processor");
    const write = odd.find(({ id }) => id === "linux.write.pipe");
    expect(write).toMatchObject({ value: 1, status: "derived" });
    expect(write?.source).toContain("the first less the second");
  });

  test("that need something nobody measured are left out", () => {
    expect(costsOf([quantity("pipe.write", 90)], "a processor").map(({ id }) => id)).not.toContain("linux.write.pipe");
  });

  test("have words for every quantity", () => {
    for (const { name, what } of everyQuantity()) expect(what, name).not.toBe(name);
  });
});

describe("the steps of a container's start", () => {
  const costs = costsOf(everyQuantity(), "a processor, 2 cores, Linux 6.18");

  test("are made of parts: every step of the default plan has some", () => {
    const made = stepCosts(DEFAULT_CONTAINER_PLAN, costs, () => true);
    const ops = new Set(made.map(({ id }) => id.split(".")[1]));
    const without = new Set(DEFAULT_CONTAINER_PLAN.map(({ op }) => op).filter((op) => !ops.has(op)));
    expect([...without]).toEqual([]);
    expect(made.flatMap((cost) => checkCost(cost))).toEqual([]);
  });

  test("with several parts are their sum, which the source spells out", () => {
    const [clone] = stepCosts([{ op: "clone", subject: "network uts" }], costs, () => true);
    const parts = ["linux.clone", "linux.namespace.network", "linux.namespace.uts"].map(
      (id) => costs.find((cost) => cost.id === id)?.value ?? Number.NaN,
    );
    expect(clone?.value).toBe(parts.reduce((sum, ns) => sum + ns, 0));
    for (const ns of parts) expect(clone?.source).toContain(String(ns));
  });

  test("about a path that is not there cost the look alone", () => {
    const step = { op: "maskPath", subject: "/proc/acpi" };
    const [there] = stepCosts([step], costs, () => true);
    const [absent] = stepCosts([step], costs, () => false);
    expect([there?.source, absent?.source]).toEqual([
      expect.stringContaining("path.mask.directory"),
      expect.stringContaining("path.absent"),
    ]);
  });

  test("are what the race then reckons with", () => {
    const base = findProfile(DEFAULT_PROFILE);
    if (base === undefined) throw new Error("no default profile");
    const fitting = withRoomForExits(costs).costs;
    const all = [...fitting, ...stepCosts(DEFAULT_CONTAINER_PLAN, fitting, () => true)];
    const profile = withMeasured(base, "measured-somewhere", "a machine somewhere", all);
    const result = runScenario("startup-race", { profile, knobs: { spread: 0 } });
    expect(result.profile).toBe("measured-somewhere");
    const used = result.costs.filter(({ id }) => id.startsWith("container."));
    expect(used.length).toBeGreaterThan(40);
    expect(used.filter(({ source }) => !source.startsWith("ringside calibrate"))).toEqual([]);
  });
});

describe("every scenario", () => {
  test.each(SCENARIOS.map(({ name }) => name))("%s runs with a machine's own profile", (name) => {
    const base = findProfile(DEFAULT_PROFILE);
    if (base === undefined) throw new Error("no default profile");
    const { costs } = withRoomForExits(costsOf(everyQuantity(), "a processor"));
    const profile = withMeasured(base, "measured-somewhere", "a machine somewhere", costs);
    expect(runScenario(name, { profile }).profile).toBe("measured-somewhere");
  });
});

describe("a profile as a file", () => {
  test("is read as it was written, and known by its name", () => {
    const cache = temporaryDirectory();
    expect(keptProfiles(cache)).toEqual([]);
    const document = documentOf(costsOf(everyQuantity(), "a processor"));
    writeCosts(document, cache);
    expect(keptProfiles(cache)).toEqual(["measured-somewhere"]);
    expect(readCosts("measured-somewhere", cache)).toEqual(document);
    expect(readCosts("measured-elsewhere", cache)).toBeUndefined();
  });

  test.each([
    ["{", /it is not JSON.*/],
    [`{"schema":"ringside.costs/2"}`, /no ringside\.costs\/1 at schema/],
    [
      costsText(
        documentOf([{ id: "x", value: 1, unit: "ns", status: "measured", source: "", date: "2026", machine: "m" }]),
      ),
      /cost x: the source is missing/,
    ],
    [
      costsText(
        documentOf([
          { id: "x", value: -1, unit: "ns", status: "measured", source: "far enough", date: "2026", machine: "m" },
        ]),
      ),
      /costs\.0\.value/,
    ],
  ])("that is not sound is refused with what to do: %#", (text, problem) => {
    expect(() => parseCosts(text, "profile.json")).toThrow(problem);
    try {
      parseCosts(text, "profile.json");
    } catch (error) {
      expect(error).toHaveProperty("fix", "ringside calibrate makes it again");
    }
  });
});
