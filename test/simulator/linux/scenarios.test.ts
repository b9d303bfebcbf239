/** What the scenarios about one Linux claim, over their knobs: figures may differ, who wins and what is kept may not. */
import { describe, expect, test } from "vitest";
import type { KnobValues } from "../../../simulator/scenarios/knob.ts";
import { runScenario } from "../../../simulator/scenarios/run.ts";
import type { World } from "../../../simulator/trace/timeline.ts";

function figures(name: string, knobs: KnobValues = {}): (world: World, metric: string) => number {
  const { metrics } = runScenario(name, { knobs });
  return (world, metric) => {
    const found = metrics.find((one) => one.world === world)?.metrics[metric];
    if (found === undefined) throw new Error(`${name}: there is no ${metric} of the ${world}`);
    return found.value;
  };
}

const LINUX = ["process", "container", "vm"] as const;

describe("cat of a file", () => {
  test("makes the same calls as a process, in a container and in a virtual machine, whatever the knobs", () => {
    for (const knobs of [
      {},
      { cached: "yes" },
      { linked: "static" },
      { bytes: 1_000_000 },
      { output: "console", bytes: 9 },
    ]) {
      const of = figures("cat-file", knobs);
      expect(new Set(LINUX.map((world) => of(world, "calls"))).size).toBe(1);
      expect(new Set(LINUX.map((world) => of(world, "diskReads"))).size).toBe(1);
    }
  });

  test("makes 45 calls where a library is loaded, and its start: as strace counts them", () => {
    expect(figures("cat-file")("process", "calls")).toBe(46);
  });

  test("leaves the guest for its disk and for its console alone", () => {
    expect(figures("cat-file", { cached: "yes" })("vm", "intoHypervisor")).toBe(0);
    expect(figures("cat-file")("vm", "intoHypervisor")).toBe(figures("cat-file")("vm", "diskReads"));
    const spoken = figures("cat-file", { cached: "yes", output: "console", bytes: 5 })("vm", "intoHypervisor");
    expect(spoken).toBe(5 * 8);
    // More than one write(2): each pays for its own bytes alone.
    const long = figures("cat-file", { cached: "yes", output: "console", bytes: 300_000 })("vm", "intoHypervisor");
    expect(long).toBe(300_000 * 8);
    const ide = figures("cat-file", { disk: "qemu-ide" })("vm", "intoHypervisor");
    expect(ide).toBeGreaterThan(figures("cat-file")("vm", "intoHypervisor"));
  });

  test("asks z/OS for blocks and not for records: a hundred times the records, and few more calls", () => {
    const few = figures("cat-file", { bytes: 8_000 });
    const many = figures("cat-file", { bytes: 800_000 });
    expect(many("address-space", "records")).toBe(100 * few("address-space", "records"));
    expect(many("address-space", "calls")).toBeLessThan(10 * few("address-space", "calls"));
  });
});

describe("a noisy neighbour", () => {
  const world = (knobs: KnobValues = {}) => figures("noisy-neighbour", knobs);

  test("takes the server's processor and its life where both are processes, and neither in the other worlds", () => {
    const of = world();
    expect(of("process", "inTime")).toBeLessThan(of("process", "asked") / 4);
    expect(of("process", "serverKilled")).toBe(1);
    for (const other of ["container", "vm", "address-space"] as const) {
      expect([other, of(other, "inTime")]).toEqual([other, of(other, "asked")]);
    }
    for (const other of ["container", "vm"] as const) {
      expect([of(other, "serverKilled"), of(other, "neighbourKilled")]).toEqual([0, 1]);
    }
  });

  test("does in a container without control groups what it does as a process", () => {
    const of = world({ cpu: "nothing", memory: "nothing" });
    for (const metric of ["answered", "meanResponse", "neighbourShare", "serverKilled"]) {
      expect([metric, of("container", metric)]).toEqual([metric, of("process", metric)]);
    }
  });

  test("is throttled by cpu.max, and gets what is left over from cpu.weight", () => {
    const limited = world({ cpu: "cpu.max", neighbourMiB: 0, load: 10 });
    expect(limited("container", "throttled")).toBeGreaterThan(0);
    expect(limited("container", "neighbourShare")).toBeLessThanOrEqual(550);
    const weighed = world({ cpu: "cpu.weight", neighbourMiB: 0, load: 10 });
    expect(weighed("container", "throttled")).toBe(0);
    expect(weighed("container", "neighbourShare")).toBeGreaterThan(850);
  });

  test("on z/OS loses every race against who is more important, however many it sends", () => {
    for (const neighbours of [1, 32]) {
      const of = world({ neighbours, load: 90, neighbourMiB: 0 });
      expect(of("address-space", "inTime")).toBe(of("address-space", "asked"));
    }
    const same = world({ importance: "same", load: 90, neighbourMiB: 0 });
    expect(same("address-space", "inTime")).toBeLessThan(same("address-space", "asked") / 2);
  });

  test("that is not there harms nobody", () => {
    const of = world({ neighbours: 0, neighbourMiB: 0 });
    for (const one of [...LINUX, "address-space"] as const) expect(of(one, "inTime")).toBe(of(one, "asked"));
  });
});

describe("data", () => {
  const kept = (knobs: KnobValues) => {
    const of = figures("data-survives", knobs);
    return (one: "container" | "vm") => ["imageFile", "newFile", "volume"].map((metric) => of(one, metric)).join("");
  };

  test("of a container and of a virtual machine are kept alike, and the image is never changed", () => {
    for (const end of ["removed", "stopped", "power failure"]) {
      for (const fsync of ["no", "yes"]) {
        expect(kept({ end, fsync })("container")).toBe(kept({ end, fsync })("vm"));
        const of = figures("data-survives", { end, fsync });
        for (const one of LINUX) expect([of(one, "memory"), of(one, "imageChanged")]).toEqual([0, 0]);
        expect([of("address-space", "temporaryDataSet"), of("address-space", "dataSet")]).toEqual([0, 1]);
      }
    }
  });

  test("on its own layer go when it is removed, and not when it is stopped; a volume's stay", () => {
    expect(kept({ end: "removed" })("container")).toBe("001");
    expect(kept({ end: "stopped" })("container")).toBe("111");
  });

  test("that no disk has go with the power; fsync(2) is what makes them stay", () => {
    expect(kept({ end: "power failure" })("container")).toBe("000");
    expect(kept({ end: "power failure", fsync: "yes" })("container")).toBe("111");
  });

  test("of the image are copied up whole by a container, by the cluster below a virtual machine", () => {
    const of = figures("data-survives", { imageFileKiB: 8192 });
    expect([of("container", "copiedUp"), of("vm", "copiedUp")]).toEqual([8192 * 1024, 65_536]);
  });
});
