/** Names and numbers of capabilities, held to the kernel's. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  ALL_CAPABILITIES,
  CAPABILITIES,
  capabilityMask,
  capabilityNames,
  DEFAULT_CAPABILITIES,
  parseCapability,
} from "../../runtime/plan/capabilities.ts";

describe("capabilities", () => {
  test("Docker's default set is the mask that its containers show", () => {
    expect(capabilityMask(DEFAULT_CAPABILITIES).toString(16)).toBe("a80425fb");
  });

  test("there are 41, numbered without a gap", () => {
    expect(Object.values(CAPABILITIES)).toEqual(Array.from({ length: 41 }, (_, number) => number));
    expect(ALL_CAPABILITIES).toBe(2n ** 41n - 1n);
  });

  test("the running kernel's last one is among them", ({ skip }) => {
    const path = "/proc/sys/kernel/cap_last_cap";
    skip(!existsSync(path), "no procfs");
    expect(Object.values(CAPABILITIES)).toContain(Number(readFileSync(path, "utf8")));
  });

  test("a mask and its names say the same", () => {
    expect(capabilityNames(capabilityMask(DEFAULT_CAPABILITIES)).sort()).toEqual([...DEFAULT_CAPABILITIES].sort());
    expect(capabilityNames(ALL_CAPABILITIES)).toHaveLength(41);
    expect(capabilityMask([])).toBe(0n);
    expect(capabilityMask(["CAP_KILL", "CAP_KILL"])).toBe(32n);
  });

  test.each(["", "CAP_", "KILL", "cap_kill", " CAP_KILL", "CAP_KILL ", "CAP_ALL", "ALL", "toString", "__proto__", "5"])(
    "%j is not a capability",
    (name) => {
      expect(() => parseCapability(name)).toThrow(/unknown capability/);
    },
  );

  test("a wrong spelling is told the right one", () => {
    expect(() => capabilityMask(["net_raw"])).toThrow(expect.objectContaining({ fix: "write CAP_NET_RAW" }));
  });
});
