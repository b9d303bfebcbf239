/**
 * Ownership "lab": a container goes with its owner, also when the owner is killed with -9 at a random moment. The random
 * moments are drawn from a seed that is printed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { containerProblem } from "../support/inside.ts";
import { controlGroups, mountsNaming, processes, untilEmpty } from "../support/leftovers.ts";
import { COMMAND_LINE } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const problem = containerProblem();
const ROUNDS = 20;
const SLEEPER = "271828";

function runSleeper(root: string): ChildProcess {
  const args = [COMMAND_LINE, "run", "--rm", "--memory", "32m", "ringside/base", "sleep", SLEEPER];
  return spawn(process.execPath, args, { env: { ...process.env, RINGSIDE_ROOT: root }, stdio: "ignore" });
}

function sleepers(): string[] {
  return processes()
    .filter(({ command }) => command === `sleep ${SLEEPER}`)
    .map(({ pid }) => String(pid));
}

/** A launcher is a child of its owner until the owner dies; then it must end by itself. */
function launchersOf(owner: number): number[] {
  return processes()
    .filter(({ parent, command }) => parent === owner && command.includes("ringside-launcher"))
    .map(({ pid }) => pid);
}

/** Containers of this test's own root: other tests may be running their own. */
function ownGroups(root: string): string[] {
  const ids = new Set(readdirSync(root).includes("containers") ? readdirSync(join(root, "containers")) : []);
  return controlGroups().filter((group) => [...ids].some((id) => group.endsWith(`ringside-${id}`)));
}

/** Numerical Recipes' linear congruential generator: enough to spread moments. */
function moments(seed: number, count: number, most: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % most;
  });
}

describe.skipIf(problem !== undefined)(`ownership${problem === undefined ? "" : ` (skipped: ${problem})`}`, () => {
  test("killing the owner with -9 at any moment leaves no process, mount or control group", async () => {
    const seed = Number(process.env.RINGSIDE_SEED ?? Date.now() % 1_000_000);
    console.log(`seed ${seed} (RINGSIDE_SEED=${seed} repeats it)`);
    const root = temporaryDirectory();
    const launchers: number[] = [];
    for (const moment of moments(seed, ROUNDS, 400)) {
      const owner = runSleeper(root);
      const gone = once(owner, "exit");
      // Not a synchronisation: the moment is what is being varied.
      await new Promise((resolve) => setTimeout(resolve, moment));
      launchers.push(...launchersOf(owner.pid ?? 0));
      owner.kill("SIGKILL");
      await gone;
    }
    const alive = () =>
      processes().filter(({ pid, command }) => launchers.includes(pid) && command.includes("ringside"));
    expect(await untilEmpty(alive)).toEqual([]);
    expect(await untilEmpty(sleepers)).toEqual([]);
    expect(await untilEmpty(() => ownGroups(root))).toEqual([]);
    expect(mountsNaming(root)).toEqual([]);
    expect(
      await untilEmpty(() => (readdirSync(root).includes("layers") ? readdirSync(join(root, "layers")) : [])),
    ).toEqual([]);
  }, 180_000);

  test("killing the launcher takes its containers along, and the owner removes their control groups", async () => {
    const root = temporaryDirectory();
    const owner = runSleeper(root);
    const gone = once(owner, "exit");
    onTestFinished(() => void owner.kill("SIGKILL"));
    const deadline = Date.now() + 30_000;
    while (sleepers().length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    const groups = ownGroups(root);
    expect(groups.length).toBeGreaterThan(0);
    const [launcher] = launchersOf(owner.pid ?? 0);
    expect(launcher).toBeGreaterThan(0);
    process.kill(launcher ?? Number.NaN, "SIGKILL");
    expect(await untilEmpty(sleepers)).toEqual([]);
    await gone;
    expect(groups.filter((group) => existsSync(group))).toEqual([]);
  });
});
