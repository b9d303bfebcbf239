/**
 * Ownership "monitor": a container lives on when the command that started it has gone, however it went; it goes with its
 * monitor, and leaves its exit record behind, or nothing at all.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { places } from "../../runtime/container/directories.ts";
import { pauseContainer } from "../../runtime/container/pause.ts";
import { isAlive } from "../../runtime/container/process-identity.ts";
import { findContainer, listContainers } from "../../runtime/container/state.ts";
import { removeContainer } from "../../runtime/container/stop.ts";
import { sweep } from "../../runtime/container/sweep.ts";
import { waitForContainer } from "../../runtime/container/wait.ts";
import { CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { grantableCapabilities } from "../../runtime/plan/capability-sets.ts";
import { detached, monitorGone, ownRoot, printed, until, untilPrinted } from "../support/detached.ts";
import { controlGroups, mountsNaming, processes, untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere, unless } from "../support/needs.ts";
import { COMMAND_LINE, ringside } from "../support/ringside.ts";

const ROUNDS = 12;
const SLEEPER = "314159";

function groupsOf(id: string): string[] {
  return controlGroups().filter((group) => group.endsWith(`ringside-${id}`));
}

function kept(): string[] {
  const { states, names, layers, logs } = places();
  return [states, names, layers, logs].flatMap((place) => (existsSync(place) ? readdirSync(place) : []));
}

/** Numerical Recipes' linear congruential generator: enough to spread moments. */
function moments(seed: number, count: number, most: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % most;
  });
}

/** Only with this capability may a process be made less likely to be killed than it was. */
function noSysResource(): string | undefined {
  const has = (grantableCapabilities() >> BigInt(CAPABILITIES.CAP_SYS_RESOURCE)) & 1n;
  return has === 1n ? undefined : "root has no CAP_SYS_RESOURCE here";
}

describeWhere(CONTAINERS, "a detached container", () => {
  test("lives on when its command has ended, prints its id, and holds nothing of the caller's", async () => {
    ownRoot();
    // spawnSync returns when nobody has the caller's pipes any more: not the monitor, not the container.
    const { status, stdout } = spawnSync(
      process.execPath,
      [COMMAND_LINE, "run", "-d", "--name", "lasting", "ringside/base", "sh", "-c", "echo here; sleep 600"],
      { encoding: "utf8", timeout: 60_000 },
    );
    expect(status).toBe(0);
    const state = findContainer("lasting");
    expect(stdout).toBe(`${state.id}\n`);
    expect(state.status).toBe("running");
    expect(state.owner.kind).toBe("monitor");
    await untilPrinted(state.id, "here");
    await until(() => readlinkSync(`/proc/${state.owner.pid}/cwd`) === "/");
    const session = readFileSync(`/proc/${state.owner.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3];
    expect(session).toBe(String(state.owner.pid));
    await removeContainer("lasting", { force: true });
    expect(kept()).toEqual([]);
  });

  test("is there whole, or not at all, when its command is killed with -9 at any moment", async () => {
    const root = ownRoot();
    const seed = Number(process.env.RINGSIDE_SEED ?? Date.now() % 1_000_000);
    console.log(`seed ${seed} (RINGSIDE_SEED=${seed} repeats it)`);
    for (const moment of moments(seed, ROUNDS, 600)) {
      const args = [COMMAND_LINE, "run", "-d", "--rm", "ringside/base", "sleep", SLEEPER];
      const command = spawn(process.execPath, args, { stdio: "ignore" });
      const gone = once(command, "exit");
      // Not a synchronisation: the moment is what is being varied.
      await new Promise((resolve) => setTimeout(resolve, moment));
      command.kill("SIGKILL");
      await gone;
    }
    const sleepers = () => processes().filter(({ command }) => command === `sleep ${SLEEPER}`);
    const launchers = () =>
      processes().filter(({ parent, command }) => parent === 1 && command.includes("ringside-launcher"));
    const owned = () => listContainers().filter(({ status }) => status === "running");
    // Whoever is not to live on goes by itself, or is swept up; what stays is known.
    await until(async () => {
      await sweep();
      return sleepers().length === owned().length && listContainers().length === owned().length;
    });
    expect(owned().every(({ owner }) => launchers().some(({ pid }) => pid === owner.pid))).toBe(true);
    for (const { id } of owned()) await removeContainer(id, { force: true });
    await sweep();
    expect(await untilEmpty(sleepers)).toEqual([]);
    expect(mountsNaming(root)).toEqual([]);
    expect(kept()).toEqual([]);
  }, 120_000);

  test("with --rm takes everything along when it ends", async () => {
    ownRoot();
    const container = await detached("exit 4", { remove: true, name: "fleeting" });
    expect(await waitForContainer(container.id).catch(() => 4)).toBe(4);
    await until(() => kept().length === 0);
    expect(groupsOf(container.id)).toEqual([]);
  });

  test("without --rm leaves how it ended, what it wrote and what it printed", async () => {
    ownRoot();
    const container = await detached("echo x > /kept; echo words; exit 7");
    expect(await waitForContainer(container.id)).toBe(7);
    const { exit, layer, status } = container.state();
    expect(status).toBe("exited");
    expect(exit?.status).toEqual({ kind: "exited", code: 7 });
    expect(readFileSync(join(layer, "upper/kept"), "utf8")).toBe("x\n");
    expect((await printed(container.id)).stdout).toBe("words\n");
    expect(groupsOf(container.id)).toEqual([]);
    await monitorGone(container.state());
  });

  test("that ran out of memory says so, though its groups have gone", async () => {
    ownRoot();
    // PID 1 is what is killed: it keeps all that it reads in one variable.
    const container = await detached("x=$(cat /dev/zero | tr '\\0' x)", { memoryBytes: 16 << 20 });
    await waitForContainer(container.id);
    expect(container.state().exit?.oomKilled).toBe(true);
    expect(groupsOf(container.id)).toEqual([]);
  });

  test("dies with its monitor; the next look says that it was killed and sweeps up", async () => {
    ownRoot();
    const container = await detached("sleep 600 & sleep 600");
    const { owner, init, cgroups } = container.state();
    process.kill(owner.pid, "SIGKILL");
    await until(() => init !== undefined && !isAlive(init.pid, init.startTicks));
    await sweep();
    expect(container.state().exit?.status).toEqual({ kind: "signaled", signal: "SIGKILL" });
    expect(cgroups.filter((group) => existsSync(group))).toEqual([]);
    expect((await ringside(["ps", "-a"])).stdout).toContain("exited by SIGKILL");
  });

  test("that is paused when its monitor is killed is swept up too", async () => {
    ownRoot();
    const container = await detached("sleep 600", { remove: true });
    await pauseContainer(container.id);
    const { owner, init } = container.state();
    process.kill(owner.pid, "SIGKILL");
    await until(() => !isAlive(owner.pid, owner.startTicks));
    await sweep();
    expect(init !== undefined && isAlive(init.pid, init.startTicks)).toBe(false);
    expect(groupsOf(container.id)).toEqual([]);
    expect(kept()).toEqual([]);
  });

  test("inherits no descriptor but its three standard streams", async () => {
    ownRoot();
    const container = await detached("ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0");
    await waitForContainer(container.id);
    // 3 is ls's own, of the directory that it lists.
    expect((await printed(container.id)).stdout).toBe("0 1 2 3 /dev/null\n");
  });

  test("cannot be reached by other users: its directory is its owner's alone, and so is the socket", async () => {
    ownRoot();
    const container = await detached("sleep 600");
    const directory = join(places().states, container.id);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, "attach")).mode & 0o777).toBe(0o600);
  });

  test("is reached however deep its state directory lies, though a socket's name is short", async () => {
    const root = join(ownRoot(), "deep".repeat(50));
    vi.stubEnv("RINGSIDE_ROOT", root);
    const container = await detached("exit 6");
    expect(await waitForContainer(container.id)).toBe(6);
    expect((await ringside(["logs", container.id])).code).toBe(0);
    await removeContainer(container.id);
  });

  test("is killed before its monitor when the machine runs out of memory", unless(noSysResource()), async () => {
    ownRoot();
    const { owner, init } = (await detached("sleep 600")).state();
    const score = (pid: number | undefined) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"));
    await until(() => score(owner.pid) < score(init?.pid));
    expect(score(init?.pid)).toBe(score(process.pid));
  });

  test("that cannot start leaves nothing", async () => {
    ownRoot();
    await expect(detached("true", { cwd: "/etc/passwd" })).rejects.toThrow();
    expect(kept()).toEqual([]);
  });

  test("costs little memory while it waits: at most 300 KB beside the workload", async () => {
    ownRoot();
    const { state } = await detached("sleep 600");
    const { pid } = state().owner;
    const pssKiB = (): number =>
      Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
    await until(() => pssKiB() <= 300);
  });

  test("with --cidfile writes its id once, and not over another file", async () => {
    const root = ownRoot();
    const file = join(root, "id");
    const run = () => ringside(["run", "-d", "--cidfile", file, "ringside/base", "sleep", "600"]);
    const first = await run();
    expect(readFileSync(file, "utf8")).toBe(first.stdout.trim());
    const second = await run();
    expect(second.code).toBe(125);
    expect(second.stderr).toContain("fix:");
    expect(listContainers()).toHaveLength(1);
  });
});
