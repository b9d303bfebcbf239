/** Lists of allowed devices: as v1 holds them, as v2's program answers, and as the specification means them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deviceFilter } from "../../runtime/cgroup/device-filter.ts";
import { type DeviceRule, deviceList, deviceRules, deviceRuleText } from "../../runtime/cgroup/device-rules.ts";
import { deviceChanges } from "../../runtime/cgroup/devices.ts";
import { RingsideError } from "../../runtime/error.ts";
import type { OciDeviceRule } from "../../runtime/oci/config.ts";
import { layoutOf, planAt, writeList } from "../support/cgroup-plans.ts";
import { type DeviceQuestion, runDeviceFilter } from "../support/device-filter.ts";

/** The specification's meaning, without any cleverness: for each letter the last rule that matches decides. */
function meaning(rules: readonly DeviceRule[], { type, major, minor, access }: DeviceQuestion): boolean {
  return [...access].every((letter) => {
    const last = rules.findLast(
      (rule) =>
        rule.type === type &&
        (rule.major === undefined || rule.major === major) &&
        (rule.minor === undefined || rule.minor === minor) &&
        rule.access.includes(letter),
    );
    return last?.allow ?? false;
  });
}

/** v1's: the default, unless an exception matches. */
function listMeaning(rules: readonly DeviceRule[], question: DeviceQuestion): boolean {
  const { allowAll, exceptions } = deviceList(rules);
  const asRules = exceptions.map((exception) => ({ ...exception, allow: !allowAll }));
  const all = (["c", "b"] as const).map((type) => {
    return { allow: allowAll, type, major: undefined, minor: undefined, access: "rwm", why: "" };
  });
  return meaning([...all, ...asRules], question);
}

const number = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
const access = fc.constantFrom("r", "w", "m", "rw", "rm", "wm", "rwm", undefined);
const rule: fc.Arbitrary<OciDeviceRule> = fc
  .record({
    allow: fc.boolean(),
    type: fc.constantFrom("a", "b", "c", undefined),
    major: number,
    minor: number,
    access,
  })
  .map((wanted) => Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)))
  .map((wanted) => ({ allow: false, ...wanted }));
const question: fc.Arbitrary<DeviceQuestion> = fc.record({
  type: fc.constantFrom("c", "b"),
  major: fc.integer({ min: 0, max: 7 }),
  minor: fc.integer({ min: 0, max: 9 }),
  access: fc.constantFrom("r", "w", "m", "rw", "rwm"),
});

describe("a list of devices", () => {
  test("without rules only the harmless ones may be used, and any node may be made", () => {
    const program = deviceFilter(deviceRules());
    const may = (type: "c" | "b", major: number, minor: number, how: string) =>
      runDeviceFilter(program, { type, major, minor, access: how });
    expect([may("c", 1, 3, "rw"), may("c", 136, 77, "rw"), may("c", 5, 2, "rwm")]).toEqual([true, true, true]);
    expect([may("b", 8, 0, "r"), may("c", 1, 1, "r"), may("b", 8, 0, "rm")]).toEqual([false, false, false]);
    expect([may("b", 8, 0, "m"), may("c", 1, 1, "m")]).toEqual([true, true]);
  });

  test("what --privileged writes allows everything", () => {
    const rules = deviceRules([
      { allow: false, access: "rwm" },
      { allow: true, access: "rwm" },
    ]);
    expect(deviceList(rules)).toEqual({ allowAll: true, exceptions: [] });
    expect(runDeviceFilter(deviceFilter(rules), { type: "b", major: 8, minor: 0, access: "rwm" })).toBe(true);
  });

  test("v2's program answers as the specification means, whatever the rules", () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        fc.array(question, { minLength: 20, maxLength: 20 }),
        (wanted, questions) => {
          const rules = deviceRules(wanted);
          const program = deviceFilter(rules);
          for (const asked of questions) expect(runDeviceFilter(program, asked)).toBe(meaning(rules, asked));
        },
      ),
    );
  });

  test("v1's list means the same, or is refused because v1 has no exceptions to exceptions", () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        fc.array(question, { minLength: 20, maxLength: 20 }),
        (wanted, questions) => {
          const rules = deviceRules(wanted);
          try {
            for (const asked of questions) expect(listMeaning(rules, asked)).toBe(meaning(rules, asked));
          } catch (error) {
            if (!(error instanceof RingsideError)) throw error;
            expect(error.message).toMatch(/cgroup v1 cannot (allow|deny) [cb] \S+ [rwm]+ out of/);
            expect(error.fix).toMatch(/one by one/);
          }
        },
      ),
    );
  });

  test.each<[string, OciDeviceRule]>([
    ["letters that there are not", { allow: true, access: "rx" }],
    ["a negative number", { allow: true, type: "c", major: -2 }],
    ["a number beyond the kernel's", { allow: true, type: "c", major: 4096 }],
    ["half a number", { allow: true, type: "b", major: 8, minor: 0.5 }],
  ])("%s are refused", (_, wrong) => {
    expect(() => deviceRules([wrong])).toThrow(/linux\.resources\.devices\[0\]/);
  });
});

describe("in a container of others, whose list is shorter", () => {
  const mounts = [{ at: "devices", type: "cgroup", superOptions: "rw,devices" }] as const;
  const allowed = (devices: OciDeviceRule[]) => {
    const layout = layoutOf(mounts, { "devices/devices.list": "c *:* m\nb *:* m\nc 1:* rwm\nc 136:* rw\n" });
    return writeList(planAt(layout, "/one", { devices }).host, layout.root).map(([, value]) => value);
  };

  test("default devices that are not ours to give are left out", () => {
    const harmless = ["c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm"];
    expect(allowed([])).toEqual(["a", "c *:* m", "b *:* m", ...harmless]);
  });

  test("what is asked for by name is not: the kernel decides", () => {
    expect(allowed([{ allow: true, type: "b", major: 8, minor: 0, access: "r" }])).toContain("b 8:0 r");
  });
});

describe("changing the list of a running container on v1", () => {
  const disk: OciDeviceRule = { allow: true, type: "b", major: 8, minor: 0, access: "r" };
  const now = deviceList(deviceRules())
    .exceptions.map((exception) => `${deviceRuleText(exception)}\n`)
    .join("");

  test("the same list changes nothing", () => {
    expect(deviceChanges(now, { devices: [] })).toEqual([]);
  });

  test("what is new is allowed, and nothing is denied for a moment", () => {
    expect(deviceChanges(now, { devices: [disk] })).toMatchObject([{ file: "devices.allow", value: "b 8:0 r" }]);
  });

  test("what is gone is denied", () => {
    expect(deviceChanges(`${now}b 8:0 r\n`, { devices: [] })).toMatchObject([
      { file: "devices.deny", value: "b 8:0 r" },
    ]);
  });

  test("from a list to everything, and back", () => {
    const everything = [{ allow: true, access: "rwm" }];
    expect(deviceChanges(now, { devices: everything })).toMatchObject([{ file: "devices.allow", value: "a" }]);
    expect(deviceChanges("a *:* rwm\n", { devices: everything })).toEqual([]);
    expect(deviceChanges("a *:* rwm\n", { devices: [] })[0]).toMatchObject({ file: "devices.deny", value: "a" });
  });
});
