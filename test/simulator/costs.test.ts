/** No figure without provenance: every cost says where it comes from, and a run lists the ones that it rests on. */
import { describe, expect, it } from "vitest";
import { type Cost, checkCost } from "../../simulator/costs/cost.ts";
import { CostBook } from "../../simulator/costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile, PROFILES, withMeasured } from "../../simulator/costs/profiles.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";

const profile = findProfile(DEFAULT_PROFILE);
if (profile === undefined) throw new Error("the default profile is missing");

/** What the sources print, written down a second time, from the sources and not from the cost files. */
const PRINTED: Readonly<Record<string, number>> = {
  "linux.systemCall.entry": 62,
  "linux.systemCall.entry.kpti": 236,
  "hypervisor.exit.monitor": 3_183,
  "crun.seccomp.old": 38_900_000,
  "linux.4.5.networkNamespace": 47_700_000,
  "linux.5.19.networkNamespace": 1_500_000,
  "linux.4.5.mqueue": 16_800_000,
  "linux.5.19.mqueue": 700_000,
  "linux.4.5.ipcNamespace": 10_900_000,
  "linux.5.19.ipcNamespace": 100_000,
  "crun.seccomp": 12_600_000,
  "vm.q35-seabios.bzimage.vmm": 36_100_000,
  "vm.firecracker.m5d.kernel": 110_000_000,
  "vm.firecracker.haswell.kernel": 96_000_000,
  "vm.firecracker.nehalem.kernel": 128_000_000,
  "vm.microvm-qboot.vmm": 8_970_000,
};

describe.each(PROFILES)("the cost profile $name", ({ costs }) => {
  it("has a value, a unit, a source, a date and a machine for every cost", () => {
    expect(costs.flatMap(checkCost)).toEqual([]);
  });

  it("has every cost once", () => {
    const ids = costs.map((cost) => cost.id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("spells the arithmetic of derived costs out: their source has figures in it", () => {
    const bare = costs.filter((cost) => cost.status === "derived" && !/\d/.test(cost.source));
    expect(bare.map((cost) => cost.id)).toEqual([]);
  });

  it("has nothing from memory", () => {
    const recalled = costs.filter((cost) => /\bMEM\b|from memory|recalled/i.test(cost.source));
    expect(recalled.map((cost) => cost.id)).toEqual([]);
  });
});

describe("published costs", () => {
  it.each(Object.entries(PRINTED))("%s is as its source prints it", (id, value) => {
    const book = new CostBook(profile);
    expect(book.cost(id)).toMatchObject({ value, status: "published" });
  });
});

describe("a cost book", () => {
  it("remembers what was looked up, through every scale", () => {
    const book = new CostBook(profile);
    book.ns("linux.fork");
    book.scaled(1100).ns("linux.execve");
    expect(book.used().map((cost) => cost.id)).toEqual(["linux.execve", "linux.fork"]);
  });

  it("scales times and never counts", () => {
    const book = new CostBook(profile).scaled(2000);
    expect(book.ns("linux.systemCall.entry")).toBe(124);
    expect(book.count("vm.exits.serialByte")).toBe(8);
  });

  it("refuses a cost that is not there, and a cost in another unit", () => {
    const book = new CostBook(profile);
    expect(() => book.ns("linux.teleport")).toThrow("linux.teleport");
    expect(() => book.ns("vm.exits.serialByte")).toThrow("it is in count, not in ns");
  });

  it("takes measured costs laid over a profile, and keeps the others", () => {
    const measured: Cost = {
      id: "linux.fork",
      value: 1,
      unit: "ns",
      status: "measured",
      source: "measured in a test",
      date: "2026-11-23",
      machine: "a test",
    };
    const book = new CostBook(withMeasured(profile, "mine", "my machine", [measured]));
    expect(book.cost("linux.fork")).toBe(measured);
    expect(book.cost("linux.execve")).toEqual(new CostBook(profile).cost("linux.execve"));
    expect(book.profile.costs.length).toBe(profile.costs.length);
  });
});

describe("a run", () => {
  it("lists the costs that it rests on, each of them from its profile", () => {
    const { costs } = runScenario("startup-race");
    expect(costs.length).toBeGreaterThan(10);
    expect(costs.every((cost) => profile.costs.includes(cost))).toBe(true);
  });
});
