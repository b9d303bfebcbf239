/**
 * What virtual machines take, measured, is what the simulator then reckons with: exits of the tiny guest, stages of boots,
 * each with who executed it; and figures of two machines that cannot both be are not mixed.
 */
import { describe, expect, test } from "vitest";
import { costsOf } from "../../runtime/calibrate/costs.ts";
import { parseCosts, type Quantity } from "../../runtime/calibrate/document.ts";
import { withRoomForExits } from "../../runtime/calibrate/exits-fit.ts";
import { wordsOf } from "../../runtime/calibrate/quantities.ts";
import { tinyProblem } from "../../runtime/vm/tiny.ts";
import { STAGES_WITH_EXITS, stagesTooShort } from "../../simulator/costs/boot-exits.ts";
import { type CostProfile, checkCost } from "../../simulator/costs/cost.ts";
import { DEFAULT_PROFILE, findProfile, withMeasured } from "../../simulator/costs/profiles.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";
import { BOOT_TABLE } from "../../simulator/virtualization/boot-table.ts";
import { needsPrograms, unless } from "../support/needs.ts";
import { needsGuestKernel } from "../support/needs-guest-kernel.ts";
import { ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const TCG = "software emulation (TCG)";
const MS = 1_000_000;
const found = findProfile(DEFAULT_PROFILE);
if (found === undefined) throw new Error("no default profile");
const base: CostProfile = found;

function quantity(name: string, p50: number, accelerator: string): Quantity {
  const date = "2026-11-23T12:00:00.000Z";
  return { name, what: wordsOf(name), n: 9, p25: p50, p50, p75: p50, date, accelerator };
}

function profileWith(quantities: readonly Quantity[]): CostProfile {
  return withMeasured(
    base,
    "measured-somewhere",
    "a machine somewhere",
    withRoomForExits(costsOf(quantities, "it")).costs,
  );
}

function boot(machine: string, accelerator: string, stagesMs: Readonly<Record<string, number>>): Quantity[] {
  return Object.entries(stagesMs).map(([stage, ms]) =>
    quantity(`boot.${machine}.${accelerator}.${stage}`, ms * MS, accelerator === "tcg" ? TCG : "hardware KVM"),
  );
}

function metric(profile: CostProfile, knobs: Readonly<Record<string, string>>, name: string): number | undefined {
  const { metrics } = runScenario("boot", { profile, knobs });
  return metrics.find((one) => one.world === "vm")?.metrics[name]?.value;
}

describe("a boot that was measured", () => {
  const stages = { vmm: 40, firmware: 5, kernel: 2000, init: 30, teardown: 20 };

  test("under emulation is what the scenario's emulated machine takes, and says that it was emulated", () => {
    const profile = profileWith([
      ...boot("microvm", "tcg", stages),
      ...boot("q35", "tcg", { ...stages, kernel: 3000 }),
    ]);
    for (const [flavour, kernelMs] of [
      ["microvm", 2000],
      ["qemu-seabios", 3000],
    ] as const) {
      const knobs = { flavour, accelerator: "tcg" };
      expect(metric(profile, knobs, "monitorTime")).toBe(40 * MS);
      expect(metric(profile, knobs, "firmwareTime")).toBe(5 * MS);
      expect(metric(profile, knobs, "kernelBootTime")).toBe(kernelMs * MS);
    }
    const { costs } = runScenario("boot", { profile, knobs: { flavour: "microvm", accelerator: "tcg" } });
    const used = costs.filter(({ id }) => id.startsWith("vm.microvm-qboot.reference."));
    expect(used).toHaveLength(4);
    for (const cost of used) {
      expect(checkCost(cost)).toEqual([]);
      expect(cost.source).toMatch(/^ringside calibrate: .*software emulation \(TCG\)$/);
    }
  });

  test("under KVM is what the scenario's machine takes", () => {
    const profile = profileWith([
      ...boot("microvm", "kvm", { ...stages, kernel: 90 }),
      ...boot("q35", "kvm", { ...stages, kernel: 150 }),
    ]);
    expect(metric(profile, { flavour: "microvm" }, "monitorTime")).toBe(40 * MS);
    expect(metric(profile, { flavour: "microvm" }, "kernelBootTime")).toBe(90 * MS);
    expect(metric(profile, { flavour: "qemu-seabios" }, "kernelBootTime")).toBe(150 * MS);
  });

  test("that is shorter than the exits of such a boot is left out by name", () => {
    const { costs, leftOut } = withRoomForExits(costsOf(boot("q35", "kvm", { ...stages, kernel: 1 }), "it"));
    expect(leftOut).toEqual([{ name: "vm.q35-seabios.bzimage.kernel", why: expect.stringContaining("exits") }]);
    expect(costs.map(({ id }) => id)).not.toContain("vm.q35-seabios.bzimage.kernel");
    expect(costs.map(({ id }) => id)).toContain("vm.q35-seabios.bzimage.vmm");
  });
});

describe("an exit that was measured", () => {
  const hardware = "KVM real-mode guest, no kernel; hardware virtualization (kvm_intel)";
  const exits = (monitor: number, kernel: number) => [
    quantity("exit.monitor", monitor, hardware),
    quantity("exit.kernel", kernel, hardware),
  ];

  test("by the processor is what the simulator's hypervisor takes", () => {
    const { costs } = runScenario("boot", {
      profile: profileWith(exits(2100, 700)),
      knobs: { flavour: "qemu-seabios" },
    });
    expect(costs.find(({ id }) => id === "hypervisor.exit.monitor")).toMatchObject({ value: 2100, status: "measured" });
    expect(profileWith(exits(2100, 700)).costs.find(({ id }) => id === "hypervisor.monitor.own")?.value).toBe(1400);
  });

  test("that no published boot has room for is left out by name, and the boots stay as they are", () => {
    const slow = [...exits(30_000, 9000), ...boot("q35", "kvm", { kernel: 150 })];
    const { costs, leftOut } = withRoomForExits(costsOf(slow, "it"));
    expect(leftOut.map(({ name }) => name).toSorted()).toEqual([
      "hypervisor.exit.kernel",
      "hypervisor.exit.monitor",
      "hypervisor.monitor.own",
    ]);
    expect(costs.map(({ id }) => id)).toEqual(["vm.q35-seabios.bzimage.kernel"]);
    expect(() => runScenario("boot", { profile: profileWith(slow) })).not.toThrow();
  });

  test("of the tiny guest is what its lane takes, and never the hypervisor's", () => {
    const emulated = "KVM real-mode guest, no kernel; emulated by the host's kernel (kvm_pvm), no hardware";
    const profile = profileWith([
      quantity("tiny.vmm", 500_000, emulated),
      quantity("tiny.entry", 40_000, emulated),
      quantity("tiny.exit.out", 9_000, emulated),
      quantity("tiny.teardown", 400_000, emulated),
    ]);
    expect(metric(profile, { flavour: "tiny" }, "bootTime")).toBe(500_000 + 40_000 + 2 * 9_000 + 400_000);
    const ids = base.costs.filter(({ id }) => id.startsWith("hypervisor."));
    expect(profile.costs.filter(({ id }) => id.startsWith("hypervisor."))).toEqual(ids);
  });
});

describe("the stages that have exits in them", () => {
  test("are those of the table of boots", () => {
    const inTable = BOOT_TABLE.flatMap(({ boot: row }) => [
      ...(row.firmware?.exits === undefined ? [] : [`${row.firmware.cost} ${row.firmware.exits}`]),
      ...(row.kernelExits === undefined ? [] : [`${row.kernelCost} ${row.kernelExits}`]),
    ]);
    const known = STAGES_WITH_EXITS.map(({ cost, exits }) => `${cost} ${exits}`);
    expect(new Set(known)).toEqual(new Set(inTable));
  });

  test("are all long enough for them as published", () => {
    expect(stagesTooShort(base.costs)).toEqual([]);
  });
});

const problem = await tinyProblem();
const noExits = problem === undefined ? undefined : `${problem.reason}; to fix it: ${problem.fix}`;

describe("ringside calibrate", () => {
  test("measures exits, each with who executed the guest, and a scenario takes them", unless(noExits), async () => {
    const env = { RINGSIDE_CACHE: temporaryDirectory() };
    const { stdout, code } = await ringside(["calibrate", "--only", "exits", "--json"], { env });
    expect(code).toBe(0);
    const { quantities, costs, name } = parseCosts(stdout, "standard output");
    for (const { accelerator } of quantities) expect(accelerator).toContain("KVM real-mode guest, no kernel");
    expect(costs.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["vm.tiny.vmm", "vm.tiny.exit.out", "vm.tiny.exit.halt"]),
    );
    const args = ["simulate", "boot", "--set", "flavour=tiny", "--profile", name, "--costs"];
    const simulated = await ringside(args, { env });
    expect([simulated.code, simulated.stderr]).toEqual([0, ""]);
    expect(simulated.stdout.replaceAll(/\s+/g, " ")).toContain(
      "ringside calibrate: KVM_RUN until its return with an `out`",
    );
  });

  test("measures the stages of boots, each with its accelerator", {
    ...unless([needsPrograms("qemu-system-x86_64"), needsGuestKernel]),
    timeout: 120_000,
  }, async () => {
    const { stdout, code } = await ringside(["calibrate", "--only", "boot", "--json"]);
    expect(code).toBe(0);
    const { quantities } = parseCosts(stdout, "standard output");
    const stages = quantities.filter(({ name }) => name.startsWith("boot."));
    for (const stage of ["vmm", "firmware", "kernel", "init", "teardown"]) {
      for (const machine of ["microvm", "q35"]) {
        const one = stages.find(({ name }) => new RegExp(`^boot\\.${machine}\\.(kvm|tcg)\\.${stage}$`).test(name));
        expect(one?.accelerator, `${machine} ${stage}`).toMatch(/TCG|KVM/);
      }
    }
  });
});
