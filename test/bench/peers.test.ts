/** Every runtime's row with real starts: a byte and a server, two at once, and nothing of it stays. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Sample, System } from "../../runtime/bench/system.ts";
import { STARTUP_SYSTEMS } from "../../runtime/bench/systems.ts";
import { openWorkbench } from "../../runtime/bench/workbench.ts";
import { groupsNaming } from "../support/engines.ts";
import { processes, untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, type Need, needsPrograms, unless } from "../support/needs.ts";
import { needsGuestKernel } from "../support/needs-guest-kernel.ts";

/** The programs that each needs. */
const PEERS: Readonly<Record<string, readonly string[]>> = {
  unshare: ["unshare"],
  crun: ["crun"],
  "crun-bare": ["crun"],
  runc: ["runc"],
  youki: ["youki"],
  bwrap: ["bwrap"],
  nspawn: ["systemd-nspawn"],
  lxc: ["lxc-execute"],
  podman: ["podman"],
  "docker-runc": ["dockerd", "docker"],
  containerd: ["containerd", "ctr"],
  gvisor: ["runsc"],
};
const SLOTS = 2;
const signal = new AbortController().signal;

/** What only names of this test's benchmark can tell from what others do meanwhile. */
function leftovers(directory: string): string[] {
  const mark = `ringside-bench-${process.pid}-`;
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [
    ...mounts.filter((line) => line.includes(directory) || line.includes(mark)),
    ...processes().flatMap(({ command }) => (command.includes(directory) || command.includes(mark) ? [command] : [])),
    ...groupsNaming(mark),
    ...readdirSync(directory),
  ];
}

function startAll(system: System, workload: "byte" | "serve", portOf: (slot: number) => number): Promise<Sample[]> {
  return Promise.all(
    Array.from({ length: SLOTS }, (_, slot) =>
      system.measure({ signal, slot, workload, port: workload === "serve" ? portOf(slot) : undefined }),
    ),
  );
}

describe("a row of the benchmark", () => {
  for (const [name, programs] of Object.entries(PEERS)) {
    const needs: Need[] = [...CONTAINERS, needsPrograms(...programs)];
    it(`starts with ${name} a byte and a server, two at once each, and leaves nothing`, {
      timeout: 60_000,
      ...unless(needs),
    }, async () => {
      // Podman takes no path of more than 50 characters for what it runs.
      const directory = mkdtempSync(join(tmpdir(), "b-"));
      onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
      vi.stubEnv("TMPDIR", directory);
      onTestFinished(() => void vi.unstubAllEnvs());
      {
        await using cleanup = new AsyncDisposableStack();
        const bench = await openWorkbench(cleanup, { slots: SLOTS, workloads: ["byte", "serve"] });
        const system = await STARTUP_SYSTEMS.get(name)?.prepare(bench);
        if (system === undefined) throw new Error(`there is no row ${name}`);
        expect(system.workloads).toEqual(["byte", "serve"]);
        for (const { firstByte, gone } of await startAll(system, "byte", bench.portOf)) {
          expect(gone).toBeGreaterThanOrEqual(firstByte);
        }
        for (const { ready, firstByte, gone } of await startAll(system, "serve", bench.portOf)) {
          expect(ready).toBeGreaterThan(firstByte);
          expect(gone).toBeGreaterThanOrEqual(ready ?? Number.NaN);
        }
      }
      expect(await untilEmpty(() => leftovers(directory))).toEqual([]);
    });
  }
});

it("a virtual machine's row serves through a port of the host, and its stages are the whole of its time", {
  timeout: 120_000,
  ...unless([...CONTAINERS, needsPrograms("qemu-system-x86_64"), needsGuestKernel]),
}, async () => {
  await using cleanup = new AsyncDisposableStack();
  const bench = await openWorkbench(cleanup, { workloads: ["serve"] });
  const system = await STARTUP_SYSTEMS.get("qemu-microvm-tcg")?.prepare(bench);
  if (system === undefined) throw new Error("there is no such row");
  expect(system.accelerator).toBe("software emulation (TCG)");
  const sample = await system.measure({ signal, slot: 0, workload: "serve", port: bench.portOf(0) });
  expect(sample.firstByte).toBeGreaterThan(sample.firstInstruction ?? Number.NaN);
  expect(sample.ready).toBeGreaterThan(sample.firstByte);
  expect(sample.stages?.map(({ name }) => name)).toEqual(["VMM", "firmware", "kernel", "init", "program", "gone"]);
  const total = sample.stages?.reduce((sum, { ms }) => sum + ms, 0) ?? 0;
  expect(Math.abs(total - sample.gone)).toBeLessThan(sample.gone * 0.1);
});
