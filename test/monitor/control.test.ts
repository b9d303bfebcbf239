/** What is done to a container that runs by itself: wait, pause, update, stop, kill, rm; and what is told of it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { readStats } from "../../runtime/cgroup/stats.ts";
import { readEvents } from "../../runtime/container/events.ts";
import { pauseContainer, unpauseContainer } from "../../runtime/container/pause.ts";
import { findContainer, listContainers } from "../../runtime/container/state.ts";
import { killContainer, removeContainer, stopContainer } from "../../runtime/container/stop.ts";
import { updateContainer } from "../../runtime/container/update.ts";
import { openViewer } from "../../runtime/container/viewer.ts";
import { waitForContainer } from "../../runtime/container/wait.ts";
import { detached, ownRoot, until, untilPrinted } from "../support/detached.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const COUNTING = "i=0; while :; do i=$((i+1)); echo $i; done";

/** Processor time of a container, which only a stopped one stops using. */
function cpuNs(id: string): number {
  return readStats(detectCgroups(), findContainer(id).cgroups).cpu?.usageNs ?? Number.NaN;
}

describeWhere(CONTAINERS, "a container that runs by itself", () => {
  test("is waited for, by several at once, and each is told its exit code", async () => {
    ownRoot();
    const one = await detached("read x; exit 5", { input: true, name: "one" });
    await detached("sleep 600", { remove: true, name: "two" });
    const waiting = [waitForContainer(one.id), waitForContainer(one.id), waitForContainer("two")];
    const command = ringside(["wait", "one", "nosuch"]);
    await killContainer("two", "SIGTERM");
    await killContainer("two");
    await typeLine(one.id);
    expect(await Promise.all(waiting)).toEqual([5, 5, 137]);
    expect(listContainers().map(({ name }) => name)).toEqual(["one"]);
    const { stdout, stderr, code } = await command;
    expect(stdout).toBe("5\n");
    expect(stderr).toContain("there is no container nosuch");
    expect(code).toBe(125);
  });

  test("stands still while it is paused, and goes on where it was", async () => {
    ownRoot();
    const { id } = await detached(COUNTING, { log: { fileBytes: 64 * 1024, files: 2 } });
    await untilPrinted(id, "9");
    await pauseContainer(id);
    expect((await ringside(["ps"])).stdout).toContain("paused");
    const before = cpuNs(id);
    await expect(pauseContainer(id)).rejects.toThrow(/is paused already/);
    expect((await ringside(["attach", id])).stderr).toMatch(/it is paused[\s\S]*fix: ringside unpause/);
    expect(cpuNs(id)).toBe(before);
    await unpauseContainer(id);
    await until(() => cpuNs(id) > before);
    await expect(unpauseContainer(id)).rejects.toThrow(/is not paused/);
  });

  test("that is paused is stopped, killed and removed all the same", async () => {
    ownRoot();
    for (const end of [stopContainer, killContainer]) {
      const { id } = await detached("trap 'exit 0' TERM; while :; do sleep 0.05; done");
      await pauseContainer(id);
      await end(id);
      await waitForContainer(id);
      await removeContainer(id);
    }
    const { id } = await detached("sleep 600");
    await pauseContainer(id);
    await removeContainer(id, { force: true });
    expect(listContainers()).toEqual([]);
  });

  test("has other limits after an update, which hold, and are told", async () => {
    ownRoot();
    const { id, state } = await detached("until [ -e /go ]; do sleep 0.02; done; x=$(cat /dev/zero | tr '\\0' x)", {
      memoryBytes: 256 << 20,
    });
    expect((await ringside(["update", "--memory", "16m", "--pids-limit", "20", id])).stdout).toBe(`${state().name}\n`);
    const stats = readStats(detectCgroups(), state().cgroups);
    expect(stats.memory?.limitBytes).toBe(16 << 20);
    expect(stats.pids?.limit).toBe(20);
    expect(state().config.linux).toMatchObject({ resources: { memory: { limit: 16 << 20 }, pids: { limit: 20 } } });
    expect((await ringside(["exec", id, "touch", "/go"])).code).toBe(0);
    await waitForContainer(id);
    expect(state().exit?.oomKilled).toBe(true);
  });

  test("keeps its limits when an update is refused", async () => {
    ownRoot();
    const { id, state } = await detached("sleep 600", { memoryBytes: 64 << 20 });
    await expect(updateContainer(id, { pids: { limit: 7 }, cpu: { cpus: "999" } })).rejects.toThrow();
    expect(readStats(detectCgroups(), state().cgroups).pids?.limit ?? null).toBe(null);
    expect((await ringside(["update", id])).stderr).toContain("nothing to change");
  });

  test("is asked to end by its own signal, within its own time, and then killed", async () => {
    ownRoot();
    const polite = await detached("trap 'echo asked; exit 3' INT; echo ready; while :; do sleep 0.05; done", {
      stopSignal: "SIGINT",
    });
    await untilPrinted(polite.id, "ready");
    expect((await stopContainer(polite.id)).id).toBe(polite.id);
    expect(polite.state().exit?.status).toEqual({ kind: "exited", code: 3 });
    const deaf = await detached("sleep 600", { stopTimeoutMs: 0 });
    await stopContainer(deaf.id);
    expect(deaf.state().exit?.status).toEqual({ kind: "signaled", signal: "SIGKILL" });
  });

  test("is removed by force with all that it started, and its name is free at once", async () => {
    ownRoot();
    await detached("sleep 600 & sleep 600 & wait", { name: "again" });
    expect((await ringside(["rm", "again"])).stderr).toMatch(/cannot remove again: it is running[\s\S]*fix:/);
    const { stdout, stderr, code } = await ringside(["rm", "-f", "again", "nosuch"]);
    expect({ stdout, code }).toEqual({ stdout: "again\n", code: 125 });
    expect(stderr).toContain("there is no container nosuch");
    await detached("sleep 600", { name: "again" });
  });

  test("is listed with what it runs, also where the image says that", async () => {
    ownRoot();
    const id = (await ringside(["run", "-d", "-i", "ringside/base"])).stdout.trim();
    onTestFinished(async () => void (await removeContainer(id, { force: true })));
    expect((await ringside(["ps"])).stdout).toMatch(/ringside\/base +\S+/);
    expect(findContainer(id).command.length).toBeGreaterThan(0);
  });

  test("is found by what it is: ps with filters, ids alone, JSON", async () => {
    ownRoot();
    const running = await detached("sleep 600", { name: "runs", labels: { seat: "front" } });
    const ended = await detached("exit 4", { name: "ended", labels: { seat: "back" } });
    await waitForContainer(ended.id);
    const ids = async (...filters: string[]) =>
      (await ringside(["ps", "-q", ...filters.flatMap((filter) => ["--filter", filter])])).stdout.trim().split("\n");
    expect(await ids()).toEqual([running.id]);
    expect(await ids("status=exited")).toEqual([ended.id]);
    expect(await ids("exited=4", "label=seat=back")).toEqual([ended.id]);
    expect(await ids("name=run")).toEqual([running.id]);
    expect(await ids("label=seat", "name=nosuch")).toEqual([""]);
    const all = JSON.parse((await ringside(["ps", "-a", "--json"])).stdout);
    expect(all).toMatchObject({ schema: "ringside.ps/1", containers: [{ name: "ended" }, { name: "runs" }] });
    const refused = await ringside(["ps", "--filter", "colour=blue"]);
    expect(refused.stderr).toMatch(/no filter "colour=blue"[\s\S]*fix:/);
    const inspected = JSON.parse((await ringside(["inspect", "runs", "ended"])).stdout);
    expect(inspected.containers).toMatchObject([
      { name: "runs", status: "running", owner: { kind: "monitor" } },
      { name: "ended", exit: { status: { kind: "exited", code: 4 } } },
    ]);
  });

  test("shows what it uses, and its processes by their numbers on the host", async () => {
    ownRoot();
    const { id, pid } = await detached("while :; do :; done", { name: "busy", memoryBytes: 64 << 20 });
    const stats = JSON.parse((await ringside(["stats", "--no-stream", "--json", "busy"])).stdout);
    expect(stats).toMatchObject({
      schema: "ringside.stats/1",
      containers: [{ id, memoryLimitBytes: 64 << 20, pids: 1 }],
    });
    expect(stats.containers[0].cpuPercent).toBeGreaterThan(0);
    const table = (await ringside(["stats", "--no-stream"])).stdout;
    expect(table).toMatch(/NAME +CPU %[\s\S]*busy +\d+\.\d\d%/);
    const top = (await ringside(["top", "busy", "-o", "pid,comm"])).stdout.trim().split("\n");
    expect(top).toHaveLength(2);
    expect(top[1]).toMatch(new RegExp(`^${pid} +sh$`));
    expect((await ringside(["top", "busy", "-o", "comm"])).stderr).toMatch(/no column PID[\s\S]*fix:/);
  });

  test("has further programs that outlive the command that started them, with a file's variables", async () => {
    ownRoot();
    const { id, pid } = await detached("mkfifo /told; exec sleep 600");
    await until(async () => (await ringside(["exec", id, "ls", "/told"])).code === 0);
    const file = join(temporaryDirectory(), "settings");
    writeFileSync(file, "# a comment\nONE=1\n\nTWO=2\n");
    const script = 'echo "$ONE $TWO $(readlink /proc/self/fd/0)" > /told; exec sleep 599';
    const args = ["exec", "-d", "--env-file", file, "-e", "TWO=3", id, "sh", "-c", script];
    expect(await ringside(args)).toEqual({ stdout: "", stderr: "", code: 0 });
    expect((await ringside(["exec", id, "cat", "/told"])).stdout).toBe("1 3 /dev/null\n");
    const rows = (await ringside(["top", id, "-o", "pid,args"])).stdout;
    expect(rows).toMatch(/ sleep 599\n/);
    const further = Number(/^ *(\d+) +sleep 599$/m.exec(rows)?.[1]);
    expect(further).not.toBe(pid);
    await removeContainer(id, { force: true });
    await until(
      () => !existsSync(`/proc/${further}`) || /^State:\tZ/m.test(readFileSync(`/proc/${further}/status`, "utf8")),
    );
  });

  test.each([
    [["exec", "-d", "-t"], "-t stays with the program"],
    [["exec", "-d", "--times"], "--times stays with the program"],
  ])("is not entered by %j: what stays cannot be left", async (args, words) => {
    const { code, stderr } = await ringside([...args, "nobody", "true"]);
    expect(code).toBe(125);
    expect(stderr).toContain(words);
    expect(stderr).toContain("fix: leave out -d");
  });

  test("is told when a further program that was to be left cannot be run", async () => {
    ownRoot();
    const { id } = await detached("exec sleep 600");
    const { code, stderr } = await ringside(["exec", "-d", id, "nosuch"]);
    expect(code).toBe(127);
    expect(stderr).toMatch(/cannot run "nosuch"[\s\S]*fix:/);
  });

  test("leaves its whole life in the events, the end written by its monitor", async () => {
    ownRoot();
    const { id } = await detached("sleep 600", { name: "told", remove: true });
    await pauseContainer(id);
    await unpauseContainer(id);
    await killContainer(id);
    await waitForContainer(id);
    const life = () => readEvents().filter((event) => event.id === id);
    await until(() => life().some(({ action }) => action === "destroy"));
    expect(life().map(({ action }) => action)).toEqual([
      "create",
      "start",
      "pause",
      "unpause",
      "kill",
      "die",
      "destroy",
    ]);
    expect(life().find(({ action }) => action === "die")).toMatchObject({ exitCode: 137, name: "told" });
    const { stdout } = await ringside(
      "events --since 1h --until now --json --filter event=die --filter container=told".split(" "),
    );
    expect(JSON.parse(stdout)).toMatchObject({ schema: "ringside.event/1", action: "die", exitCode: 137 });
    const lines = (await ringside(["events", "--since", "1h", "--until", "now"])).stdout.trim().split("\n");
    expect(lines).toHaveLength(7);
    for (const line of lines)
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z container [a-z]+ [0-9a-f]{12} \(/);
    const refused = await ringside(["events", "--filter", "colour=blue"]);
    expect(refused.stderr).toContain("fix:");
  });
});

/** Ends `read x` by a line. */
async function typeLine(id: string): Promise<void> {
  const viewer = await openViewer(findContainer(id));
  await until(async () => (await viewer.requestWriting()) === "granted");
  await viewer.write(Buffer.from("\n"));
  viewer.close();
}
