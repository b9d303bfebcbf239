/** Why a guest is left, and what it takes: the tables are sound, and one level deeper each exit becomes several. */
import { describe, expect, test } from "vitest";
import { CostBook } from "../../../simulator/costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile } from "../../../simulator/costs/profiles.ts";
import { EevdfPolicy } from "../../../simulator/linux/scheduler/eevdf.ts";
import { exitNs, exitSteps, exitsPerExit, worldSwitchNs } from "../../../simulator/virtualization/exit-path.ts";
import {
  exitReasonOf,
  findExit,
  SIE_INTERCEPTION_CODES,
  VMX_EXIT_REASONS,
} from "../../../simulator/virtualization/exit-reasons.ts";
import { type BootStage, bootInParallel } from "../../../simulator/virtualization/parallel-boots.ts";

const profile = findProfile(DEFAULT_PROFILE);
if (profile === undefined) throw new Error("the default profile is missing");
const costs = new CostBook(profile);

describe("the tables of exit reasons", () => {
  test("have every number once, in order, with a cost that there is", () => {
    for (const table of [VMX_EXIT_REASONS, SIE_INTERCEPTION_CODES]) {
      const numbers = table.map(({ number }) => number);
      expect(numbers).toEqual([...new Set(numbers)].sort((left, right) => left - right));
      for (const { cost } of table) expect(costs.ns(cost)).toBeGreaterThan(0);
    }
  });

  test("have no system call: SYSCALL and a guest's SVC are its own affair", () => {
    const texts = [...VMX_EXIT_REASONS, ...SIE_INTERCEPTION_CODES].map(({ reason }) => reason);
    expect(texts.filter((reason) => /syscall|supervisor call|SVC/i.test(reason))).toEqual([]);
  });

  test("tell a port from a register in memory, and what the host's kernel answers from what a monitor has to", () => {
    expect(exitReasonOf("serial console").number).toBe(30);
    expect(exitReasonOf("I/O APIC").number).toBe(49);
    expect(exitReasonOf("HLT")).toMatchObject({ number: 12, handledIn: "host kernel" });
    expect(findExit("vmx", 30)?.handledIn).toBe("monitor");
    expect(findExit("sie", 28)?.reason).toBe("wait state");
    expect(findExit("vmx", 99)).toBeUndefined();
  });
});

describe("an exit", () => {
  test("takes longer the further it goes: to the host's kernel, to its monitor, and one level deeper again", () => {
    const ladder = [
      worldSwitchNs(costs),
      exitNs(costs, "host kernel", 1),
      exitNs(costs, "monitor", 1),
      exitNs(costs, "host kernel", 2),
      exitNs(costs, "monitor", 2),
    ];
    expect(ladder).toEqual(ladder.toSorted((left, right) => left - right));
  });

  test("of a guest in a guest takes 33.7 µs to its monitor, within a fifth, made of what L1 does", () => {
    expect(Math.abs(exitNs(costs, "monitor", 2) / 33_700 - 1)).toBeLessThan(0.2);
    expect(exitsPerExit(costs, 1)).toBe(1);
    expect(exitsPerExit(costs, 2)).toBe(14);
    expect(exitSteps(costs, "monitor", 2).map(({ by }) => by)).toEqual(["L0", "L0", "L1", "L0"]);
  });
});

describe("boots in parallel", () => {
  const stages = (host: string): BootStage[] =>
    ["vmm", "firmware", "kernel", "teardown"].map((stage) => ({
      name: stage,
      ns: costs.ns(`vm.q35-qboot.${host}.${stage}`),
      computes: stage !== "teardown",
    }));
  const median = (host: string, cpus: number, parallel: number) =>
    bootInParallel({
      costs,
      cpus,
      parallel,
      boots: 100,
      stages: stages(host),
      policy: (simulation) => new EevdfPolicy({ simulation, cpus }),
    }).medianNs;

  test("ten at once on four processors take 318.4 ms each, within 15 %", () => {
    expect(Math.abs(median("haswell", 4, 10) / 318_400_000 - 1)).toBeLessThan(0.15);
  });

  test("take what one takes where there are processors enough, or the launcher is the limit", () => {
    expect(median("m5d", 48, 1)).toBe(median("m5d", 48, 10));
    expect(median("m5d", 48, 100) / median("m5d", 48, 1)).toBeLessThan(1.35);
  });
});
