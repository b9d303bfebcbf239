/** Which accelerator is chosen: what a booted probe says, and how long its verdict is kept. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { RingsideError } from "../../runtime/error.ts";
import { bootVerdict, type Circumstances, decideAccelerator, NoBoot } from "../../runtime/vm/accelerator.ts";
import { combinationVerdict, VMM_COMBINATIONS } from "../../runtime/vm/vmm/combinations.ts";
import { describeWhere, needsLinux, needsNative } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** A machine with a device that opens, and a probe that counts. */
function machine(answer: () => Promise<void>): Circumstances & { readonly probes: { count: number } } {
  const cache = temporaryDirectory();
  const device = join(cache, "kvm");
  writeFileSync(device, "");
  const probes = { count: 0 };
  return {
    cache,
    device,
    hostRelease: "6.1",
    vmm: "qemu",
    machine: "microvm",
    version: "7.2",
    probes,
    probe: () => {
      probes.count++;
      return answer();
    },
  };
}

describeWhere([needsLinux, needsNative], "the accelerator", () => {
  test("is kvm where a guest boots with it, and the probe runs once", async () => {
    await using launcher = await Launcher.open();
    const here = { ...machine(async () => {}), launcher };
    expect((await decideAccelerator(here)).accelerator).toBe("kvm");
    expect((await decideAccelerator(here)).accelerator).toBe("kvm");
    expect(here.probes.count).toBe(1);
  });

  test("is tcg where the probe fails, with its reason, also from the cache", async () => {
    await using launcher = await Launcher.open();
    const here = { ...machine(() => Promise.reject(new NoBoot("it hung"))), launcher };
    const first = await decideAccelerator(here);
    expect(first).toMatchObject({ accelerator: "tcg", reason: expect.stringContaining("it hung") });
    expect(await decideAccelerator(here)).toEqual(first);
    expect(here.probes.count).toBe(1);
  });

  test("is tcg, for this once, where no guest could be started to try kvm", async () => {
    await using launcher = await Launcher.open();
    const missing = new RingsideError("there is no kernel for virtual machines", { fix: "node set-up.mjs vm" });
    let answer = () => Promise.reject<void>(missing);
    const here = { ...machine(() => answer()), launcher };
    expect(await decideAccelerator(here)).toEqual({
      accelerator: "tcg",
      reason: expect.stringContaining("no guest could be started to try it"),
    });
    answer = async () => {};
    expect((await decideAccelerator(here)).accelerator).toBe("kvm");
  });

  test("is decided for each machine and monitor by itself", async () => {
    await using launcher = await Launcher.open();
    const boots = new Set(["microvm"]);
    const here = { ...machine(async () => {}), launcher };
    const asked: string[] = [];
    const verdictOf = (name: string) =>
      decideAccelerator({
        ...here,
        machine: name,
        probe: async () => {
          asked.push(name);
          if (!boots.has(name)) throw new NoBoot("it hung");
        },
      });
    expect((await verdictOf("microvm")).accelerator).toBe("kvm");
    expect((await verdictOf("q35")).accelerator).toBe("tcg");
    expect((await verdictOf("microvm")).accelerator).toBe("kvm");
    expect((await decideAccelerator({ ...here, vmm: "firecracker" })).accelerator).toBe("kvm");
    expect(asked).toEqual(["microvm", "q35"]);
    expect(here.probes.count).toBe(1);
  });

  test("is named and tried also where it is emulation", async () => {
    await using launcher = await Launcher.open();
    const here = { ...machine(async () => {}), launcher };
    const verdict = await bootVerdict(here, "tcg");
    expect(verdict).toMatchObject({ boots: true, reason: expect.stringContaining("software emulation (TCG)") });
    const none = { ...here, cache: temporaryDirectory(), probe: () => Promise.reject(new NoBoot("no memory")) };
    expect(await bootVerdict(none, "tcg")).toMatchObject({
      boots: false,
      reason: expect.stringContaining("no memory"),
    });
  });

  test("is decided anew for another kernel and for another QEMU", async () => {
    await using launcher = await Launcher.open();
    const here = { ...machine(async () => {}), launcher };
    await decideAccelerator(here);
    await decideAccelerator({ ...here, hostRelease: "6.2" });
    await decideAccelerator({ ...here, hostRelease: "6.2", version: "8.0" });
    expect(here.probes.count).toBe(3);
  });
});

describe("a machine without /dev/kvm", () => {
  test("is emulated, and nothing is booted to find out", async () => {
    const here = machine(async () => {});
    const verdict = await decideAccelerator({ ...here, device: join(here.cache ?? "", "none") });
    expect(verdict).toMatchObject({ accelerator: "tcg", reason: expect.stringContaining("no ") });
    expect(here.probes.count).toBe(0);
  });
});

describe("every monitor with its machines and accelerators", () => {
  test("has a name and a label of its own, and one that is not there says why and what to do", async () => {
    expect(VMM_COMBINATIONS.map(({ name, label }) => `${name}: ${label}`)).toEqual([
      "qemu-microvm-tcg: software emulation (TCG)",
      "qemu-q35-tcg: software emulation (TCG)",
      "qemu-microvm-kvm: hardware KVM",
      "qemu-q35-kvm: hardware KVM",
      "firecracker-kvm: hardware KVM",
    ]);
    const emulated = { vmm: "firecracker", machine: "microvm", accelerator: "tcg" } as const;
    expect(await combinationVerdict(emulated)).toMatchObject({ ok: false, fix: expect.any(String) });
  });
});
