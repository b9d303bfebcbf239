/**
 * podman with our runtime under it, through conmon, which starts the runtime from a second fork and adopts what it
 * leaves. cgroupfs and a storage of its own; the limits on open files are given since podman's own are above this
 * machine's.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  commandOnTerminal,
  type Engine,
  expectExec,
  expectLimits,
  expectNothingLeft,
  expectStreamsAndCode,
  expectVolumes,
  IDENTITY,
  importImage,
} from "../support/engine-checks.ts";
import { command, EnginePlace, needsSystemPrograms, untilText } from "../support/engines.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import type { Outcome } from "../support/ringside.ts";

const START_LIMIT_MS = 120_000;
const IMAGE = "localhost/base:latest";

describeWhere([...CONTAINERS, needsSystemPrograms("podman", "conmon", "script")], "podman", () => {
  let place: EnginePlace;

  const globals = (): string[] => [
    ...["--root", place.path("storage"), "--runroot", place.path("run"), "--tmpdir", place.path("libpod")],
    ...["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"],
    ...["--events-backend", "none", "--runtime", place.runtime],
    ...["--hooks-dir", place.path("hooks"), "--network-config-dir", place.path("networks")],
  ];
  const podman = (...args: string[]): Promise<Outcome> => command("podman", [...globals(), ...args]);
  const limits = (): string[] => [
    ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"],
    ...["--cgroup-parent", `/${place.group}`],
  ];
  const run = (...args: string[]): Promise<Outcome> => podman("run", "--network", "none", ...limits(), ...args);
  const onTerminal = (line: string): Promise<Outcome> => commandOnTerminal(`podman ${globals().join(" ")} ${line}`);
  const remove = (...ids: string[]): Promise<Outcome> => podman("rm", "-f", "-t", "0", ...ids);
  const engine: Engine = { image: IMAGE, call: podman, run, remove };

  beforeAll(async () => {
    place = new EnginePlace("podman");
    for (const name of ["hooks", "networks"]) place.make(name);
    await importImage(engine, place.directory);
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

  test("runs a program: its output, both streams, and its exit code", () => expectStreamsAndCode(engine));

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
    const { stdout } = await run(
      "--rm",
      ...IDENTITY,
      ...["--umask", "0077"],
      IMAGE,
      "sh",
      "-c",
      'hostname; id -u; id -g; pwd; echo "$A"; umask; grep CapBnd /proc/self/status',
    );
    expect(stdout).toBe("seat\n1000\n44\n/var\nb c\n0077\nCapBnd:\t0000000000000000\n");
  });

  test("shows the limits inside", async () => {
    expect(await expectLimits(engine, [], "true")).toEqual([]);
  });

  test("shows volumes", () => expectVolumes(engine, place));

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
    await remove("term");
  });

  test("runs further programs in a running container", async () => {
    await run("-d", "--name", "host", "-e", "A=own", IMAGE, "sleep", "300");
    await expectExec(engine, "host");
    expect((await podman("exec", "host", "nonesuch")).code).toBe(127);
    expect((await podman("exec", "host", "/etc/passwd")).code).toBe(126);
    // One that is over before anybody can look keeps its exit code all the same.
    const quick = await Promise.all([0, 1, 2, 3].map((code) => podman("exec", "host", "sh", "-c", `exit ${code}`)));
    expect(quick.map(({ code }) => code)).toEqual([0, 1, 2, 3]);
    await remove("host");
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
    await remove("paused");
  });

  test("changes limits of a running container", async () => {
    await run("-d", "--name", "changed", "--memory", "64m", IMAGE, "sleep", "300");
    const changed = await podman("update", "--memory", "32m", "changed");
    const script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null";
    expect([changed.code, (await podman("exec", "changed", "sh", "-c", script)).stdout]).toEqual([0, "33554432\n"]);
    await remove("changed");
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
    await remove(id);
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
    await remove("healthy");
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
    await remove("first");
  });

  test("leaves nothing behind: no group, no mount, no process", async () => {
    await expectNothingLeft(engine, place);
  });
});
