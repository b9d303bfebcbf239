/**
 * The life of a container as runtime.md of the OCI runtime specification tells it: which operation is allowed when, what
 * each leaves, and that one that is refused changes nothing. The same tests are put to runc, where it is installed: what
 * they ask for is what engines are used to, not what ours happens to do.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { parseResources } from "../../runtime/oci/parse.ts";
import { groupsNaming, needsSystemPrograms, untilText } from "../support/engines.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { Bench, plainConfig, type RuntimeName } from "../support/oci-runtime.ts";
import type { Outcome } from "../support/ringside.ts";

const SETUP_LIMIT_MS = 60_000;

const RUNTIMES = [
  { name: "ringside", needs: CONTAINERS },
  { name: "runc", needs: [...CONTAINERS, needsSystemPrograms("runc")] },
] as const;

for (const { name, needs } of RUNTIMES) {
  describeWhere(needs, `the life of a container of ${name}`, () => lifecycle(name));
}

function lifecycle(name: RuntimeName): void {
  let bench: Bench;
  let bundle: string;
  let count = 0;

  const call = (...args: string[]): Promise<Outcome> => bench.call(name, args);
  const newId = (): string => bench.owns(name, `life-${name}-${process.pid}-${count++}`);
  const output = (id: string): string => readFileSync(bench.output(id), "utf8");

  async function create(args: readonly string[], ...options: string[]): Promise<string> {
    const id = newId();
    bench.configure(bundle, plainConfig(args));
    const created = await bench.detached(name, ["create", "--bundle", bundle, ...options, id], bench.output(id));
    expect({ code: created.code, output: output(id) }).toEqual({ code: 0, output: "" });
    return id;
  }

  async function state(
    id: string,
  ): Promise<{ status: string; pid: number; id: string; bundle: string; ociVersion: string }> {
    const { stdout, code, stderr } = await call("state", id);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout);
  }
  const status = async (id: string): Promise<string> => (await state(id)).status;
  const untilStopped = (id: string): Promise<string> => untilText(() => status(id), /^stopped$/);

  async function refused(words: RegExp, ...args: string[]): Promise<void> {
    const { code, stderr } = await call(...args);
    expect(code).not.toBe(0);
    expect(stderr.toLowerCase()).toMatch(words);
  }

  beforeAll(async () => {
    bench = new Bench();
    bundle = await bench.bundle(`bundle-${name}`, plainConfig(["true"]));
  }, SETUP_LIMIT_MS);

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  }, SETUP_LIMIT_MS);

  test("create makes all but the program; start runs it once; delete leaves nothing", async () => {
    const id = await create(["sh", "-c", "echo ran; cat /proc/self/cgroup > /dev/null"]);
    const created = await state(id);
    expect(created).toMatchObject({ id, status: "created", bundle });
    expect(created.pid).toBeGreaterThan(1);
    expect(existsSync(`/proc/${created.pid}`)).toBe(true);
    expect(created.ociVersion).toMatch(/^1\.\d+\.\d+/);
    expect(output(id)).toBe("");
    expect((await call("start", id)).code).toBe(0);
    expect(await untilStopped(id)).toBe("stopped");
    expect(output(id)).toBe("ran\n");
    await refused(/./, "start", id);
    expect(output(id)).toBe("ran\n");
    expect((await call("delete", id)).code).toBe(0);
    await refused(/does not exist/, "state", id);
    expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
    expect(existsSync(join(bench.root(name), id))).toBe(false);
  });

  test("what is in config.json after create does not matter any more", async () => {
    const id = await create(["echo", "as created"]);
    bench.configure(bundle, plainConfig(["echo", "changed"]));
    await call("start", id);
    await untilStopped(id);
    expect(output(id)).toBe("as created\n");
  });

  test("an id is taken until it is deleted, and then free again", async () => {
    const id = await create(["sleep", "100"]);
    await refused(/already exists|is taken|exists/, "create", "--bundle", bundle, id);
    expect(await status(id)).toBe("created");
    await call("delete", "--force", id);
    bench.configure(bundle, plainConfig(["true"]));
    expect((await call("run", "--bundle", bundle, id)).code).toBe(0);
  });

  test("operations in the wrong state fail and change nothing", async () => {
    const id = await create(["sleep", "100"]);
    // runc kills and deletes one that has only been created; the specification wants an error.
    if (name !== "runc") await refused(/not stopped/, "delete", id);
    await refused(/./, "resume", id);
    expect(await status(id)).toBe("created");
    await call("start", id);
    expect(await status(id)).toBe("running");
    await refused(/./, "start", id);
    await refused(/not stopped|running/, "delete", id);
    expect(await status(id)).toBe("running");
    expect((await call("kill", id, "KILL")).code).toBe(0);
    expect(await untilStopped(id)).toBe("stopped");
    await refused(/not running|finished|no such process/, "kill", id, "KILL");
    await refused(/./, "exec", id, "true");
    await refused(/./, "pause", id);
    expect((await call("delete", id)).code).toBe(0);
  });

  test.each(["state", "start", "delete", "pause", "resume", "ps", "events", "update"])(
    "%s of no container fails and says so",
    async (command) => {
      await refused(/does not exist/, command, "nobody-has-this-id");
    },
  );

  test("kill of no container says so, delete --force of none is content", async () => {
    await refused(/does not exist/, "kill", "nobody-has-this-id", "9");
    expect((await call("delete", "--force", "nobody-has-this-id")).code).toBe(0);
  });

  test.each(["..", ".", "a/b", "../../etc", "", "-rf;", "a b"])(
    "the id %j is refused, and nothing is made",
    async (id) => {
      bench.configure(bundle, plainConfig(["true"]));
      expect((await call("create", "--bundle", bundle, "--", id)).code).not.toBe(0);
    },
  );

  test("a process that was never started can be killed, and deleted by force", async () => {
    const killed = await create(["sleep", "100"]);
    expect((await call("kill", killed, "KILL")).code).toBe(0);
    expect(await untilStopped(killed)).toBe("stopped");
    expect((await call("delete", killed)).code).toBe(0);
    const forced = await create(["sleep", "100"]);
    const { pid } = await state(forced);
    expect((await call("delete", "--force", forced)).code).toBe(0);
    expect(await untilEmpty(() => (existsSync(`/proc/${pid}/ns/pid`) ? [pid] : []))).toEqual([]);
  });

  test.each([["TERM"], ["SIGTERM"], ["15"]])("kill takes a signal as %s", async (signal) => {
    const id = await create(["sh", "-c", "trap 'echo got it; exit 0' TERM; echo ready; while :; do sleep 0.02; done"]);
    await call("start", id);
    await untilText(async () => output(id), /ready/);
    expect((await call("kill", id, signal)).code).toBe(0);
    await untilStopped(id);
    expect(output(id)).toBe("ready\ngot it\n");
  });

  test("kill --all reaches every process", async () => {
    const id = await create(["sh", "-c", "sleep 100 & sleep 100 & echo ready; wait"]);
    await call("start", id);
    await untilText(async () => output(id), /ready/);
    expect(JSON.parse((await call("ps", "--format", "json", id)).stdout)).toHaveLength(3);
    expect((await call("kill", "--all", id, "KILL")).code).toBe(0);
    expect(await untilStopped(id)).toBe("stopped");
  });

  test("pause holds every process, resume lets them go on", async () => {
    const id = await create(["sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done"]);
    await call("start", id);
    await untilText(async () => output(id), /3/);
    expect((await call("pause", id)).code).toBe(0);
    expect(await status(id)).toBe("paused");
    const held = output(id);
    expect((await call("exec", id, "true")).code).not.toBe(0);
    expect(output(id)).toBe(held);
    expect((await call("resume", id)).code).toBe(0);
    expect(await status(id)).toBe("running");
    await untilText(async () => output(id).slice(held.length), /\d/);
    expect(output(id).length).toBeGreaterThan(held.length);
  });

  test("a paused container is deleted by force", async () => {
    const id = await create(["sleep", "100"]);
    await call("start", id);
    await call("pause", id);
    expect((await call("delete", "--force", id)).code).toBe(0);
    expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
  });

  test("run passes the program's exit code on, and a signal as 128 and its number", async () => {
    bench.configure(bundle, plainConfig(["sh", "-c", "exit 42"]));
    expect((await call("run", "--bundle", bundle, newId())).code).toBe(42);
    bench.configure(bundle, plainConfig(["sleep", "100"]));
    const id = newId();
    const running = call("run", "--bundle", bundle, id);
    await untilText(async () => (await call("list", "--format", "json")).stdout, new RegExp(`${id}[^}]*running`));
    await call("kill", id, "KILL");
    expect((await running).code).toBe(137);
  });

  test("exec runs a program beside the first one and passes its exit code on", async () => {
    const id = await create(["sleep", "100"]);
    await call("start", id);
    expect(
      await call(
        "exec",
        "--env",
        "A=1",
        "--cwd",
        "/tmp",
        "--user",
        "1000:1000",
        id,
        "sh",
        "-c",
        'echo "$A" "$PWD" $(id -u) $(id -g); exit 9',
      ),
    ).toMatchObject({ stdout: "1 /tmp 1000 1000\n", code: 9 });
    // What is said here goes before what the container has: every variable is there once.
    const { stdout: environment } = await call("exec", "--env", "TERM=other", "--env", "TERM=dumb", id, "env");
    expect(environment.split("\n").filter((entry) => entry.startsWith("TERM="))).toEqual(["TERM=dumb"]);
    const file = join(bench.directory, `process-${name}.json`);
    writeFileSync(file, JSON.stringify({ ...plainConfig(["sh", "-c", "echo by file; exit 8"]).process }));
    expect(await call("exec", "--process", file, id)).toMatchObject({ stdout: "by file\n", code: 8 });
    expect(await call("exec", "--process", file, id, "")).toMatchObject({ stdout: "by file\n", code: 8 });
    expect((await call("exec", id, "nonesuch")).code).not.toBe(0);
    expect(await status(id)).toBe("running");
  });

  test("exec --cgroup goes into a group below the container's, and into no other", async () => {
    const id = await create(["sleep", "100"]);
    await call("start", id);
    const { pid } = await state(id);
    const [, below = ""] = /^(?:\d+:pids|0:):(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? [];
    const place = detectCgroups().controllers.pids?.directory ?? "";
    mkdirSync(`${place}${below}/sub`);
    const inside = await call("exec", "--cgroup", "pids:/sub", id, "cat", "/proc/self/cgroup");
    expect(inside).toMatchObject({ stdout: expect.stringMatching(/^(?:\d+:pids|0:):\/sub$/m), code: 0 });
    expect((await call("exec", "--cgroup", "/", id, "true")).code).toBe(0);
    for (const wrong of ["..", "sub/../..", "nothing-there", "pids:nothing-there", "no-such-controller:/"]) {
      expect((await call("exec", "--cgroup", wrong, id, "true")).code).not.toBe(0);
    }
    rmdirSync(`${place}${below}/sub`);
  });

  test("exec --detach comes back at once and writes the process's number", async () => {
    const id = await create(["sleep", "100"]);
    await call("start", id);
    const file = join(bench.directory, `pid-${id}`);
    const detached = await bench.detached(
      name,
      ["exec", "--detach", "--pid-file", file, id, "sleep", "99"],
      bench.output(`${id}-exec`),
    );
    expect(detached.code).toBe(0);
    const pid = Number(readFileSync(file, "utf8"));
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toBe("sleep\0" + "99\0");
    expect(JSON.parse((await call("ps", "--format", "json", id)).stdout)).toContain(pid);
  });

  test("--pid-file has the first process's number, and nothing else", async () => {
    const file = join(bench.directory, `pid-file-${name}`);
    const id = await create(["sleep", "100"], "--pid-file", file);
    expect(readFileSync(file, "utf8")).toBe(String((await state(id)).pid));
  });

  // runc refuses to create it; the specification wants the error from `start`.
  if (name !== "runc")
    test("without a process a container is created, and ends when it is to start", async () => {
      const id = newId();
      const { process: _, ...config } = plainConfig([]);
      bench.configure(bundle, config);
      expect((await bench.detached(name, ["create", "--bundle", bundle, id], bench.output(id))).code).toBe(0);
      expect(await status(id)).toBe("created");
      await refused(/has no process/, "start", id);
      expect(await untilStopped(id)).toBe("stopped");
      expect((await call("delete", id)).code).toBe(0);
      expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
      await refused(/needed to run/, "run", "--bundle", bundle, newId());
    });

  test.each([
    ["the program is not there", ["nonesuch"]],
    ["the program is not executable", ["/etc/passwd"]],
  ])("create fails when %s, and nothing is left", async (_, args) => {
    bench.configure(bundle, plainConfig(args));
    const id = newId();
    await refused(/executable|permission denied|not found/, "create", "--bundle", bundle, id);
    await refused(/does not exist/, "state", id);
    expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
  });

  test("create fails in a group that is frozen, and does not wait there", async () => {
    const path = `/${newId()}-frozen`;
    const places = Object.values(detectCgroups().controllers).map(({ directory }) => `${directory}${path}`);
    for (const place of places) mkdirSync(place, { recursive: true });
    try {
      for (const place of places) {
        if (existsSync(`${place}/freezer.state`)) writeFileSync(`${place}/freezer.state`, "FROZEN");
        if (existsSync(`${place}/cgroup.freeze`)) writeFileSync(`${place}/cgroup.freeze`, "1");
      }
      bench.configure(
        bundle,
        plainConfig(["true"], (config) => ({ ...config, linux: { ...config.linux, cgroupsPath: path } })),
      );
      await refused(/cgroup unexpectedly frozen/, "create", "--bundle", bundle, newId());
    } finally {
      for (const place of places) if (existsSync(place)) rmdirSync(place);
    }
  });

  test("create fails without a bundle, without config.json, and with a wrong one, and nothing is left", async () => {
    const empty = join(bench.directory, `empty-${name}`);
    mkdirSync(empty, { recursive: true });
    await refused(/./, "create", "--bundle", join(bench.directory, "nowhere"), newId());
    await refused(/config\.json|no such file/, "create", "--bundle", empty, newId());
    writeFileSync(join(empty, "config.json"), "{ not JSON");
    await refused(/./, "create", "--bundle", empty, newId());
    rmSync(empty, { recursive: true });
    expect((await call("list", "--quiet")).stdout.split("\n").filter((id) => id === "")).toHaveLength(1);
  });

  test("list shows every container, as a table, as JSON, and by id", async () => {
    const id = await create(["sleep", "100"]);
    expect((await call("list", "--quiet")).stdout.split("\n")).toContain(id);
    const rows: { id: string; status: string; bundle: string }[] = JSON.parse(
      (await call("list", "--format", "json")).stdout,
    );
    expect(rows.find((row) => row.id === id)).toMatchObject({ status: "created", bundle });
    expect((await call("list")).stdout).toMatch(
      new RegExp(`^ID +PID +STATUS +BUNDLE +CREATED +OWNER[^]*^${id} +\\d+ +created`, "m"),
    );
  });

  test("update changes limits by file, by standard input and by option; events counts", async () => {
    const id = await create(["sleep", "100"]);
    await call("start", id);
    const limit = async () =>
      (await call("exec", id, "sh", "-c", "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null"))
        .stdout;
    const resources = { pids: { limit: 30 } };
    expect(parseResources(JSON.stringify(resources)).value).toEqual(resources);
    expect((await bench.call(name, ["update", "--resources", "-", id], JSON.stringify(resources))).code).toBe(0);
    expect(await limit()).toBe("30\n");
    expect((await call("update", "--pids-limit", "20", id)).code).toBe(0);
    expect(await limit()).toBe("20\n");
    const event: { type: string; id: string; data: { pids: { current: number; limit: number } } } = JSON.parse(
      (await call("events", "--stats", id)).stdout,
    );
    expect(event).toMatchObject({ type: "stats", id, data: { pids: { current: 1, limit: 20 } } });
  });

  test("--version is three lines, spec writes a configuration that runs", async () => {
    expect((await call("--version")).stdout.split("\n").slice(0, 3)).toEqual([
      expect.stringMatching(/^\S+ version \S+$/),
      expect.stringMatching(/^commit: \S+$/),
      expect.stringMatching(/^spec: \d+\.\d+\.\d+/),
    ]);
    rmSync(join(bundle, "config.json"));
    expect((await call("spec", "--bundle", bundle)).code).toBe(0);
    await refused(/exist/, "spec", "--bundle", bundle);
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, process: { ...config.process, terminal: false, args: ["echo", "runs"] } }),
    );
    expect(await call("run", "--bundle", bundle, newId())).toMatchObject({ stdout: "runs\n", code: 0 });
  });

  test("errors go to the log in the form that was asked for", async () => {
    const log = join(bench.directory, `log-${name}`);
    await call("--log", log, "--log-format", "json", "state", "nobody-has-this-id");
    const entry: { level: string; msg: string; time: string } = JSON.parse(readFileSync(log, "utf8").trim());
    expect(entry).toMatchObject({ level: "error", msg: expect.stringContaining("does not exist") });
    expect(Number.isNaN(Date.parse(entry.time))).toBe(false);
  });
}
