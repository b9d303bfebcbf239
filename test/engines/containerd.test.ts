/**
 * containerd with our runtime under it, through its shim and `ctr run --runc-binary`: the client library go-runc is what
 * docker and Kubernetes use too.
 */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandOnTerminal } from "../support/engine-checks.ts";
import { baseArchive, command, EnginePlace, groupsNaming, needsSystemPrograms, untilText } from "../support/engines.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import type { Outcome } from "../support/ringside.ts";

const START_LIMIT_MS = 120_000;

describeWhere([...CONTAINERS, needsSystemPrograms("containerd", "ctr", "script", "tar")], "containerd", () => {
  let place: EnginePlace;
  let rootfs: string;

  const globals = (): string[] => ["--address", place.path("c.sock"), "--namespace", place.group];
  const ctr = (...args: string[]): Promise<Outcome> => command("ctr", [...globals(), ...args]);
  const runtime = (): string[] => ["--runc-binary", place.runtime, "--runc-root", place.path("states")];
  const run = (options: readonly string[], id: string, ...program: string[]): Promise<Outcome> =>
    ctr("run", ...runtime(), "--rootfs", ...options, rootfs, id, ...program);
  const tasks = async (): Promise<string> => (await ctr("task", "ls")).stdout;

  beforeAll(async () => {
    place = new EnginePlace("containerd");
    rootfs = place.make("rootfs");
    const unpacked = await command("tar", ["-xf", await baseArchive(place.directory), "-C", rootfs]);
    if (unpacked.code !== 0) throw new Error(unpacked.stderr);
    const config = place.path("config.toml");
    writeFileSync(
      config,
      `version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]\n`,
    );
    const places = ["--root", place.path("root"), "--state", place.path("state"), "--address", place.path("c.sock")];
    await place.startDaemon(
      "containerd",
      ["--config", config, ...places],
      async () => (await ctr("version")).code === 0,
    );
  }, START_LIMIT_MS);

  afterAll(async () => {
    for (const id of (await ctr("task", "ls", "-q")).stdout.split("\n").filter(Boolean))
      await ctr("task", "rm", "-f", id);
    for (const id of (await ctr("container", "ls", "-q")).stdout.split("\n").filter(Boolean))
      await ctr("container", "rm", id);
    await place[Symbol.asyncDispose]();
  }, START_LIMIT_MS);

  test("runs a program: its output, both streams, and its exit code", async () => {
    const { stdout, stderr, code } = await run(["--rm"], "plain", "sh", "-c", "echo out; echo err >&2; exit 7");
    expect([stdout, stderr.split("\n")[0], code]).toEqual(["out\n", "err", 7]);
  });

  test("says by name what cannot be found", async () => {
    const { stderr, code } = await run(["--rm"], "missing", "nonesuch");
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/nonesuch.*no such file or directory/i);
  });

  test("gives a terminal", async () => {
    const line = ["ctr", ...globals(), "run", "--rm", "-t", ...runtime(), "--rootfs", rootfs, "term", "tty"].join(" ");
    expect((await commandOnTerminal(line)).stdout).toContain("/dev/pts/0");
  });

  test("runs, lists, executes in, pauses, counts, and ends a task", async () => {
    expect((await run(["-d", "--memory-limit", "67108864"], "long", "sleep", "300")).code).toBe(0);
    expect(await tasks()).toMatch(/^long\s+\d+\s+RUNNING/m);
    expect(await ctr("task", "exec", "--exec-id", "one", "long", "sh", "-c", "echo $$ inside; exit 4")).toMatchObject({
      stdout: expect.stringMatching(/^\d+ inside\n$/),
      code: 4,
    });
    expect((await ctr("task", "ps", "long")).stdout.trim().split("\n")).toHaveLength(2);
    await ctr("task", "pause", "long");
    expect(await tasks()).toMatch(/^long\s+\d+\s+PAUSED/m);
    await ctr("task", "resume", "long");
    expect(await tasks()).toMatch(/^long\s+\d+\s+RUNNING/m);
    expect((await ctr("task", "metrics", "long")).stdout).toMatch(/memory/);
    await ctr("task", "kill", "-s", "SIGKILL", "long");
    expect(await untilText(tasks, /^long\s+\d+\s+STOPPED/m)).toMatch(/^long\s+\d+\s+STOPPED/m);
    expect((await ctr("task", "rm", "long")).code).toBe(0);
    await ctr("container", "rm", "long");
    expect(await untilEmpty(() => groupsNaming("long"))).toEqual([]);
  });

  test("deletes what still runs when it is forced to, with all its processes", async () => {
    await run(["-d"], "crowd", "sh", "-c", "sleep 300 & sleep 300 & wait");
    expect((await ctr("task", "rm", "-f", "crowd")).code).toBe(0);
    await ctr("container", "rm", "crowd");
    expect(await untilEmpty(() => groupsNaming("crowd"))).toEqual([]);
    expect(place.mounts().filter((point) => point.includes("crowd"))).toEqual([]);
  });

  test("starts several at once", async () => {
    const ids = ["a", "b", "c", "d"].map((name) => `many-${name}`);
    const outputs = await Promise.all(ids.map((id) => run(["--rm"], id, "sh", "-c", `echo ${id}`)));
    expect(outputs.map(({ stdout }) => stdout)).toEqual(ids.map((id) => `${id}\n`));
  });
});
