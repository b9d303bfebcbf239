/**
 * podman with our runtime under it, through conmon, which starts the runtime from a second fork and adopts what it
 * leaves. cgroupfs and a storage of its own; the limits on open files are given since podman's own are above this
 * machine's.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { baseArchive, command, EnginePlace, groupsNaming, needsSystemPrograms, untilText } from "../support/engines.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import type { Outcome } from "../support/ringside.ts";

const START_LIMIT_MS = 120_000;
const IMAGE = "localhost/base:latest";

describeWhere([...CONTAINERS, needsSystemPrograms("podman", "conmon", "script")], "podman", () => {
  let place: EnginePlace;

  const globals = (): string[] => [
    ...["--root", place.path("storage"), "--runroot", place.path("run"), "--tmpdir", place.path("libpod")],
    ...[
      "--storage-driver",
      "vfs",
      "--cgroup-manager",
      "cgroupfs",
      "--events-backend",
      "none",
      "--runtime",
      place.runtime,
    ],
    ...["--hooks-dir", place.path("hooks"), "--network-config-dir", place.path("networks")],
  ];
  const podman = (...args: string[]): Promise<Outcome> => command("podman", [...globals(), ...args]);
  const limits = (): string[] => [
    ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"],
    ...["--cgroup-parent", `/${place.group}`],
  ];
  const run = (...args: string[]): Promise<Outcome> => podman("run", "--network", "none", ...limits(), ...args);
  const onTerminal = (line: string): Promise<Outcome> =>
    command("script", ["-qec", `podman ${globals().join(" ")} ${line}`, "/dev/null"]);

  beforeAll(async () => {
    place = new EnginePlace("podman");
    for (const name of ["hooks", "networks"]) place.make(name);
    const imported = await podman("import", await baseArchive(place.directory), IMAGE);
    if (imported.code !== 0) throw new Error(imported.stderr);
  }, START_LIMIT_MS);

  afterAll(async () => {
    await podman("rm", "-af", "-t", "0");
    await place[Symbol.asyncDispose]();
  }, START_LIMIT_MS);

  test("names our runtime, and reads its version", async () => {
    const { stdout } = await podman("info", "--format", "{{.Host.OCIRuntime.Path}} {{.Host.OCIRuntime.Version}}");
    expect(stdout).toContain(place.runtime);
    expect(stdout).toContain("ringside version");
  });

  test("runs a program: its output, both streams, and its exit code", async () => {
    expect(await run("--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
      stdout: "out\n",
      stderr: "err\n",
      code: 7,
    });
  });

  test("gives what comes on standard input", async () => {
    const args = [...globals(), "run", "-i", "--rm", "--network", "none", ...limits(), IMAGE, "cat"];
    expect((await command("podman", args, { input: "through the pipe" })).stdout).toBe("through the pipe");
  });

  test.each([
    ["is not there", "nonesuch", 127],
    ["is not there, by its path", "/nowhere/nonesuch", 127],
    ["is not executable", "/etc/passwd", 126],
    ["is a directory", "/etc", 126],
  ])("a program that %s ends podman run with its own exit code: %s → %d", async (_, program, code) => {
    expect((await run("--rm", IMAGE, program)).code).toBe(code);
  });

  test("sets hostname, user, directory, variables and capabilities as asked for", async () => {
    const options = [
      "--hostname",
      "seat",
      "-u",
      "1000:44",
      "-w",
      "/var",
      "-e",
      "A=b c",
      "--cap-drop",
      "ALL",
      "--umask",
      "0077",
    ];
    const { stdout } = await run(
      "--rm",
      ...options,
      IMAGE,
      "sh",
      "-c",
      'hostname; id -u; id -g; pwd; echo "$A"; umask; grep CapBnd /proc/self/status',
    );
    expect(stdout).toBe("seat\n1000\n44\n/var\nb c\n0077\nCapBnd:\t0000000000000000\n");
  });

  test("shows the limits inside", async () => {
    const wanted = ["--memory", "64m", "--pids-limit", "33", "--cpus", "0.5"];
    const v1 =
      "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/cpu*/cpu.cfs_quota_us";
    const v2 = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; cut -d' ' -f1 /sys/fs/cgroup/cpu.max";
    const { stdout } = await run(
      "--rm",
      ...wanted,
      IMAGE,
      "sh",
      "-c",
      `if [ -e /sys/fs/cgroup/cgroup.controllers ]; then ${v2}; else ${v1}; fi`,
    );
    expect([...new Set(stdout.trim().split("\n"))]).toEqual(["67108864", "33", "50000"]);
  });

  test("shows volumes", async () => {
    const shared = place.make("shared");
    writeFileSync(join(shared, "from-outside"), "outside");
    const script = "cat /rw/from-outside; echo inside > /rw/from-inside; echo no > /ro/x || echo refused";
    const { stdout } = await run("--rm", "-v", `${shared}:/rw`, "-v", `${shared}:/ro:ro`, IMAGE, "sh", "-c", script);
    expect([stdout, readFileSync(join(shared, "from-inside"), "utf8")]).toEqual(["outsiderefused\n", "inside\n"]);
  });

  test("gives a terminal to run and to exec", async () => {
    expect(
      (
        await onTerminal(
          `run --rm -it --network none ${limits().join(" ")} ${IMAGE} sh -c 'test -t 0 && test -t 1 && tty'`,
        )
      ).stdout,
    ).toContain("/dev/pts/0");
    await run("-d", "--name", "term", IMAGE, "sleep", "300");
    expect(await onTerminal("exec -it term sh -c 'test -t 1 && exit 3'")).toMatchObject({ code: 3 });
    await podman("rm", "-f", "-t", "0", "term");
  });

  test("runs further programs in a running container", async () => {
    await run("-d", "--name", "host", "-e", "A=own", IMAGE, "sleep", "300");
    expect(
      await podman("exec", "-e", "B=added", "-w", "/var", "host", "sh", "-c", "echo $A $B $PWD; exit 5"),
    ).toMatchObject({ stdout: "own added /var\n", code: 5 });
    expect((await podman("exec", "-u", "1000", "host", "id", "-u")).stdout).toBe("1000\n");
    expect((await podman("exec", "host", "nonesuch")).code).toBe(127);
    expect((await podman("exec", "host", "/etc/passwd")).code).toBe(126);
    // One that is over before anybody can look keeps its exit code all the same.
    const quick = await Promise.all([0, 1, 2, 3].map((code) => podman("exec", "host", "sh", "-c", `exit ${code}`)));
    expect(quick.map(({ code }) => code)).toEqual([0, 1, 2, 3]);
    await podman("rm", "-f", "-t", "0", "host");
  });

  test("keeps a log, stops, and knows how a container ended", async () => {
    await run(
      "-d",
      "--name",
      "polite",
      IMAGE,
      "sh",
      "-c",
      "echo one; echo two >&2; trap 'exit 9' TERM; while :; do sleep 0.05; done",
    );
    await untilText(async () => (await podman("logs", "polite")).stdout, /one/);
    await podman("stop", "-t", "20", "polite");
    expect((await podman("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "polite")).stdout).toBe(
      "exited 9\n",
    );
    expect((await podman("logs", "polite")).stderr).toBe("two\n");
    await run("-d", "--name", "killed", IMAGE, "sleep", "300");
    await podman("kill", "killed");
    expect((await podman("wait", "killed")).stdout).toBe("137\n");
    await podman("rm", "polite", "killed");
  });

  test("pauses and goes on", async () => {
    await run("-d", "--name", "paused", IMAGE, "sleep", "300");
    await podman("pause", "paused");
    expect((await podman("ps", "-a", "--format", "{{.State}}", "--filter", "name=paused")).stdout).toBe("Paused\n");
    await podman("unpause", "paused");
    expect((await podman("exec", "paused", "true")).code).toBe(0);
    await podman("rm", "-f", "-t", "0", "paused");
  });

  test("changes limits of a running container", async () => {
    await run("-d", "--name", "changed", "--memory", "64m", IMAGE, "sleep", "300");
    const changed = await podman("update", "--memory", "32m", "changed");
    const script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null";
    expect([changed.code, (await podman("exec", "changed", "sh", "-c", script)).stdout]).toEqual([0, "33554432\n"]);
    await podman("rm", "-f", "-t", "0", "changed");
  });

  test("runs the hooks of its hooks directory with the state on their standard input", async () => {
    const seen = place.path("seen");
    const hook = place.path("hook.sh");
    writeFileSync(hook, `#!/bin/sh\n/bin/cat >> ${seen}.$1\necho >> ${seen}.$1\n`, { mode: 0o755 });
    for (const stage of ["prestart", "poststart", "poststop"]) {
      const description = {
        version: "1.0.0",
        hook: { path: hook, args: ["hook", stage] },
        when: { always: true },
        stages: [stage],
      };
      writeFileSync(join(place.path("hooks"), `${stage}.json`), JSON.stringify(description));
    }
    const id = (await run("-d", IMAGE, "true")).stdout.trim();
    await podman("wait", id);
    await podman("rm", "-f", "-t", "0", id);
    for (const stage of ["prestart", "poststart", "poststop"]) {
      writeFileSync(join(place.path("hooks"), `${stage}.json`), "{}");
      const states: { id: string; status: string }[] = readFileSync(`${seen}.${stage}`, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(states.map((state) => state.id)).toEqual([id]);
    }
    await command("rm", [
      "-r",
      ...["prestart", "poststart", "poststop"].map((stage) => join(place.path("hooks"), `${stage}.json`)),
    ]);
  });

  test("checks a container's health by exec", async () => {
    await run(
      "-d",
      "--name",
      "healthy",
      "--health-cmd",
      "test -e /ready",
      "--health-interval",
      "disable",
      IMAGE,
      "sh",
      "-c",
      "touch /ready; sleep 300",
    );
    await untilText(async () => (await podman("exec", "healthy", "ls", "/")).stdout, /ready/);
    expect((await podman("healthcheck", "run", "healthy")).code).toBe(0);
    await podman("exec", "healthy", "rm", "/ready");
    expect((await podman("healthcheck", "run", "healthy")).code).toBe(1);
    await podman("rm", "-f", "-t", "0", "healthy");
  });

  test("makes pods whose containers share namespaces", async () => {
    const pod = await podman("pod", "create", "--name", "pod", "--infra=false");
    expect(pod.code).toBe(0);
    await podman("pod", "rm", "-f", "-t", "0", "pod");
    await run("-d", "--name", "first", IMAGE, "sleep", "300");
    const joined = await podman(
      "run",
      "--rm",
      ...limits(),
      "--network",
      "container:first",
      "--pid",
      "container:first",
      "--ipc",
      "container:first",
      IMAGE,
      "sh",
      "-c",
      "tr '\\0' ' ' < /proc/1/cmdline",
    );
    expect(joined.stdout).toBe("sleep 300 ");
    await podman("rm", "-f", "-t", "0", "first");
  });

  test("leaves nothing behind: no group, no mount, no process", async () => {
    const id = (await run("-d", "--memory", "64m", IMAGE, "sh", "-c", "sleep 300 & sleep 300")).stdout.trim();
    expect(groupsNaming(id).length).toBeGreaterThan(0);
    await podman("rm", "-f", "-t", "0", id);
    expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
    expect(place.mounts().filter((point) => point.includes(id))).toEqual([]);
    expect(await untilEmpty(() => place.strays().filter((line) => line.includes(id)))).toEqual([]);
  });
});
