/**
 * docker with our runtime under it: dockerd is started by hand on a socket of its own and given `--add-runtime`, as an
 * administrator would. What is asked is what the inside sees, what docker says, and what is left when all is over.
 */
import { writeFileSync } from "node:fs";
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
const IMAGE = "base:latest";

describeWhere([...CONTAINERS, needsSystemPrograms("dockerd", "docker", "containerd", "script")], "docker", () => {
  let place: EnginePlace;

  const docker = (...args: string[]): Promise<Outcome> =>
    command("docker", ["-H", `unix://${place.path("docker.sock")}`, ...args]);
  /** `docker run` without a network of docker's own, which would need a bridge on the host. */
  const run = (...args: string[]): Promise<Outcome> => docker("run", "--network", "none", ...args);
  /** A program of docker on a terminal of its own. */
  const onTerminal = (line: string): Promise<Outcome> =>
    commandOnTerminal(`docker -H unix://${place.path("docker.sock")} ${line}`);
  const engine: Engine = { image: IMAGE, call: docker, run, remove: (...ids) => docker("rm", "-f", ...ids) };

  beforeAll(async () => {
    place = new EnginePlace("docker");
    const config = place.path("daemon.json");
    writeFileSync(config, "{}");
    const args = [
      "--iptables=false",
      "--ip-masq=false",
      "--bridge=none",
      "--ip-forward=false",
      "--storage-driver=vfs",
      "--config-file",
      config,
    ];
    const places = [
      "--data-root",
      place.path("data"),
      "--exec-root",
      place.path("exec"),
      "--pidfile",
      place.path("pid"),
    ];
    const ours = [
      "--add-runtime",
      `ringside=${place.runtime}`,
      "--default-runtime",
      "ringside",
      "--cgroup-parent",
      `/${place.group}`,
    ];
    const socket = ["-H", `unix://${place.path("docker.sock")}`];
    await place.startDaemon(
      "dockerd",
      [...args, ...places, ...ours, ...socket],
      async () => (await docker("info")).code === 0,
    );
    await importImage(engine, place.directory);
  }, START_LIMIT_MS);

  afterAll(async () => {
    const ids = (await docker("ps", "-aq")).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await docker("rm", "-f", ...ids);
    await place[Symbol.asyncDispose]();
  }, START_LIMIT_MS);

  test("names our runtime", async () => {
    expect((await docker("info", "--format", "{{.DefaultRuntime}} {{.Runtimes.ringside.Path}}")).stdout.trim()).toBe(
      `ringside ${place.runtime}`,
    );
  });

  test("runs a program: its output, both streams, and its exit code", () => expectStreamsAndCode(engine));

  test("gives what comes on standard input", async () => {
    const socket = `unix://${place.path("docker.sock")}`;
    const args = ["-H", socket, "run", "-i", "--rm", "--network", "none", IMAGE, "cat"];
    expect((await command("docker", args, { input: "through the pipe" })).stdout).toBe("through the pipe");
  });

  test.each([
    ["is not there", ["nonesuch"], 127],
    ["is not there, by its path", ["/nowhere/nonesuch"], 127],
    ["is not executable", ["/etc/passwd"], 126],
    ["is a directory", ["/etc"], 126],
  ])("a program that %s ends docker run with %s → %d", async (_, program, code) => {
    const ended = await run("--rm", IMAGE, ...program);
    expect({ code: ended.code, ours: ended.stderr.includes(program[0] ?? "") }).toEqual({ code, ours: true });
  });

  test("sets hostname, user, directory, variables and capabilities as asked for", async () => {
    const { stdout } = await run(
      "--rm",
      ...IDENTITY,
      ...["--group-add", "77"],
      IMAGE,
      "sh",
      "-c",
      'hostname; id -u; id -g; id -G; pwd; echo "$A"; grep CapBnd /proc/self/status',
    );
    expect(stdout).toBe("seat\n1000\n44\n44 77\n/var\nb c\nCapBnd:\t0000000000000000\n");
  });

  test("shows the limits inside", async () => {
    expect(await expectLimits(engine, ["--ulimit", "nofile=100:200"], "ulimit -n")).toEqual(["100"]);
  });

  test("shows volumes, writable and read-only", () => expectVolumes(engine, place));

  test("keeps a root read-only with a tmpfs where one is asked for", async () => {
    const script = "echo x > /x || echo refused; echo x > /tmp/x && cat /tmp/x";
    expect((await run("--rm", "--read-only", "--tmpfs", "/tmp", IMAGE, "sh", "-c", script)).stdout).toBe(
      "refused\nx\n",
    );
  });

  test("gives a terminal to run and to exec", async () => {
    expect(
      (await onTerminal(`run --rm -it --network none ${IMAGE} sh -c 'tty; test -t 0 && test -t 1 && echo both'`))
        .stdout,
    ).toContain("/dev/pts/0\r\nboth\r\n");
    await run("-d", "--name", "term", IMAGE, "sleep", "300");
    expect(await onTerminal("exec -it term sh -c 'test -t 1 && stty size && exit 3'")).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/\d+ \d+\r\n/),
    });
    await docker("rm", "-f", "term");
  });

  test("runs further programs in a running container", async () => {
    await run("-d", "--name", "host", "-e", "A=own", IMAGE, "sleep", "300");
    await expectExec(engine, "host");
    expect(await docker("exec", "host", "nonesuch")).toMatchObject({
      code: expect.toSatisfy((code) => code === 126 || code === 127),
    });
    const [first, ...others] = (await docker("top", "host", "-o", "pid,args")).stdout.trim().split("\n").slice(1);
    expect([first?.includes("sleep 300"), others]).toEqual([true, []]);
    expect((await docker("inspect", "-f", "{{.State.Status}} {{.State.Running}}", "host")).stdout).toBe(
      "running true\n",
    );
    await docker("rm", "-f", "host");
  });

  test("keeps a log", async () => {
    await run("--name", "logged", IMAGE, "sh", "-c", "echo one; echo two >&2");
    const { stdout, stderr } = await docker("logs", "logged");
    expect([stdout, stderr]).toEqual(["one\n", "two\n"]);
    await docker("rm", "logged");
  });

  test("stops by signal, and a container that does not listen by force", async () => {
    await run("-d", "--name", "polite", IMAGE, "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done");
    await docker("stop", "-t", "20", "polite");
    await run("-d", "--name", "deaf", IMAGE, "sleep", "300");
    await docker("stop", "-t", "0", "deaf");
    await run("-d", "--name", "killed", IMAGE, "sleep", "300");
    await docker("kill", "-s", "KILL", "killed");
    expect((await docker("wait", "polite", "deaf", "killed")).stdout).toBe("9\n137\n137\n");
    await docker("rm", "polite", "deaf", "killed");
  });

  test("starts a stopped container again", async () => {
    await run("--name", "again", IMAGE, "sh", "-c", "echo run >> /runs; wc -l < /runs");
    expect((await docker("start", "-a", "again")).stdout.trim()).toBe("2");
    await docker("rm", "again");
  });

  test("pauses and goes on", async () => {
    await run("-d", "--name", "paused", IMAGE, "sleep", "300");
    await docker("pause", "paused");
    expect((await docker("inspect", "-f", "{{.State.Status}}", "paused")).stdout).toBe("paused\n");
    expect((await docker("exec", "paused", "true")).code).not.toBe(0);
    await docker("unpause", "paused");
    expect((await docker("exec", "paused", "true")).code).toBe(0);
    await docker("rm", "-f", "paused");
  });

  test("changes limits of a running container, and counts what it uses", async () => {
    await run("-d", "--name", "changed", "--memory", "64m", IMAGE, "sleep", "300");
    expect(
      (await docker("update", "--memory", "32m", "--memory-swap", "64m", "--pids-limit", "20", "changed")).code,
    ).toBe(0);
    const script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null";
    expect((await docker("exec", "changed", "sh", "-c", script)).stdout).toBe("33554432\n");
    // The first answer of docker's collector may be empty.
    const counted = async () =>
      (await docker("stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", "changed")).stdout;
    expect(await untilText(counted, /^[1-9]/)).toMatch(/^1 \d.* \/ 32MiB\n$/);
    await docker("rm", "-f", "changed");
  });

  test("sees a container that uses more memory than it may as killed for that", async () => {
    const script = "head -c 100m /dev/zero | tail -c 100m > /dev/null";
    await run(
      "--name",
      "greedy",
      "--memory",
      "16m",
      "--memory-swap",
      "16m",
      IMAGE,
      "sh",
      "-c",
      `exec ${script.includes("|") ? "sh -c" : ""} '${script}'`,
    );
    expect((await docker("inspect", "-f", "{{.State.ExitCode}}", "greedy")).stdout).not.toBe("0\n");
    await docker("rm", "greedy");
  });

  test("runs its own init as the first process", async () => {
    const { stdout, stderr } = await run("--rm", "--init", IMAGE, "sh", "-c", "cat /proc/1/comm");
    // Debian's docker.io has no docker-init of its own; without one docker says so itself.
    expect(stderr === "" ? stdout : stderr).toMatch(/^(docker-init|tini)\n$|docker-init/);
  });

  test("checks a container's health by exec", async () => {
    await run(
      "-d",
      "--name",
      "healthy",
      "--health-cmd",
      "test -e /ready",
      "--health-interval",
      "100ms",
      "--health-retries",
      "100",
      IMAGE,
      "sh",
      "-c",
      "touch /ready; sleep 300",
    );
    const status = async () => (await docker("inspect", "-f", "{{.State.Health.Status}}", "healthy")).stdout.trim();
    expect(await untilText(status, /^healthy$/)).toBe("healthy");
    await docker("rm", "-f", "healthy");
  });

  test("leaves nothing behind: no group, no mount, no process, no state", async () => {
    const id = await expectNothingLeft(engine, place);
    expect((await command("find", [place.path("exec"), "-name", `*${id}*`])).stdout).toBe("");
  });
});
