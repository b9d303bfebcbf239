/** `ringside calibrate` on this machine: what it keeps, what the simulator makes of it, and what it leaves when it is ended. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseCosts } from "../../runtime/calibrate/document.ts";
import { GROUPS, isOfMachines } from "../../runtime/calibrate/quantities.ts";
import { cacheDirectory } from "../../runtime/image/cache.ts";
import { controlGroups } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere, needsLinux, needsNative } from "../support/needs.ts";
import { COMMAND_LINE, ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** What a calibration in progress makes on the host. */
function made(): string[] {
  const groups = controlGroups().filter((path) => path.includes("ringside-calibrate"));
  return [...groups, ...readdirSync(tmpdir()).filter((name) => name.startsWith("ringside-calibrate-"))];
}

describeWhere([needsLinux, needsNative], "a calibration", () => {
  test("keeps a profile that --list names and a scenario takes", async () => {
    const env = { RINGSIDE_CACHE: temporaryDirectory() };
    const { stdout, code, stderr } = await ringside(["calibrate", "--only", "calls,switches", "--json"], { env });
    expect([code, stderr]).toEqual([0, ""]);
    const document = parseCosts(stdout, "standard output");
    expect(document.refused).toEqual([]);
    const names = document.quantities.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["systemCall", "pipe.write", "switch.process", "switch.thread"]));
    for (const { p25, p50, p75, n } of document.quantities) {
      expect(p25).toBeLessThanOrEqual(p50);
      expect(p50).toBeLessThanOrEqual(p75);
      expect(n).toBeGreaterThan(50);
    }
    const kept = readFileSync(join(env.RINGSIDE_CACHE, "costs", `${document.name}.json`), "utf8");
    expect(kept).toBe(stdout);

    expect((await ringside(["simulate", "--list"], { env })).stdout).toContain(document.name);
    const simulated = await ringside(["simulate", "startup-race", "--profile", document.name, "--costs"], { env });
    expect([simulated.code, simulated.stderr]).toEqual([0, ""]);
    expect(simulated.stdout).toMatch(/ringside\s+calibrate:\s+getpid\(2\)/);
  });

  test("has what was measured before of what is left out", async () => {
    const env = { RINGSIDE_CACHE: temporaryDirectory() };
    await ringside(["calibrate", "--only", "switches"], { env });
    const { stdout } = await ringside(["calibrate", "--only", "memory", "--json"], { env });
    const names = parseCosts(stdout, "standard output").quantities.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["switch.process", "fault.write", "copy.32MiB"]));
  });

  test.each([
    [["calibrate", "--only", "call"], /there is no group call; there are calls, memory/],
    [["simulate", "startup-race", "--profile", "measured-nowhere"], /has not been calibrated under that name/],
  ])("is refused with what there is: %s", async (args, problem) => {
    const { code, stderr } = await ringside(args, { env: { RINGSIDE_CACHE: temporaryDirectory() } });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(problem);
  });
});

describeWhere(CONTAINERS, "a calibration of containers", () => {
  test("measures every part of a start, and leaves nothing", async () => {
    const env = { RINGSIDE_CACHE: cacheDirectory() };
    const groups = GROUPS.filter(({ needs }) => !isOfMachines(needs)).map(({ name }) => name);
    const { stdout, code } = await ringside(["calibrate", "--only", groups.join(","), "--json"], { env });
    expect(code).toBe(0);
    const { refused, costs } = parseCosts(stdout, "standard output");
    expect(refused).toEqual([]);
    const steps = costs.filter(({ id }) => id.startsWith("container."));
    expect(steps.length).toBeGreaterThan(60);
    expect(made()).toEqual([]);
  });

  test("that is interrupted keeps no profile and leaves nothing", async () => {
    const env = { ...process.env, RINGSIDE_CACHE: cacheDirectory() };
    const child = spawn(process.execPath, ["--", COMMAND_LINE, "calibrate", "--only", "container"], { env });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const deadline = Date.now() + 30_000;
    while (made().length < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(made()).toEqual([]);
  });
});
