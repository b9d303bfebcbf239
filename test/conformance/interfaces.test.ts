/**
 * What engines hand to a runtime and get back from it, beside its words: hooks and the state on their standard input, the
 * terminal over a socket, descriptors, orphans. Put to runc as well, where it does the same.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HOOK_KINDS, type HookKind, type OciConfig, type OciHook } from "../../runtime/oci/config.ts";
import { command, groupsNaming, needsSystemPrograms, untilText } from "../support/engines.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { Bench, plainConfig, type RuntimeName } from "../support/oci-runtime.ts";
import { OCI_COMMAND_LINE, type Outcome, ROOT } from "../support/ringside.ts";

const SETUP_LIMIT_MS = 60_000;
const WRAPPER = join(ROOT, "native/build/Release/ringside-oci");

/** Takes the descriptor that comes through a socket, and prints what can be read of the terminal that it is. */
const RECEIVER = `
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
print("listening", flush=True)
peer, _ = server.accept()
name, fds, _, _ = socket.recv_fds(peer, 4096, 4)
print(len(fds), os.isatty(fds[0]), flush=True)
os.write(fds[0], b"typed\\n")
try:
    while data := os.read(fds[0], 4096):
        print(data.decode(), end="", flush=True)
except OSError:
    pass
`;

for (const name of ["ringside", "runc"] as const) {
  describeWhere([...CONTAINERS, needsSystemPrograms("runc", "python3", "cat")], `around a container of ${name}`, () =>
    around(name),
  );
}

function around(name: RuntimeName): void {
  let bench: Bench;
  let bundle: string;
  let seen: string;
  let count = 0;

  const call = (...args: string[]): Promise<Outcome> => bench.call(name, args);
  const newId = (): string => bench.owns(name, `around-${name}-${process.pid}-${count++}`);
  const create = (id: string, ...options: string[]): Promise<Outcome> =>
    bench.detached(name, ["create", "--bundle", bundle, ...options, id], bench.output(id));

  beforeAll(async () => {
    bench = new Bench();
    bundle = await bench.bundle(`around-${name}`, plainConfig(["true"]));
    seen = join(bench.directory, "seen");
    mkdirSync(seen);
    mkdirSync(join(bundle, "rootfs/seen"));
  }, SETUP_LIMIT_MS);

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  }, SETUP_LIMIT_MS);

  /** Each hook writes its kind, an argument, a variable, and the state that it was given. */
  function hook(kind: HookKind): OciHook {
    const directory = kind === "startContainer" ? "/seen" : seen;
    // In one write: the program may write at the same moment.
    const line = `"${kind} $0 $GIVEN $(readlink /proc/self/ns/mnt)"`;
    const script = `printf '%s\\n' ${line} "$(cat)" >> ${directory}/$NAME`;
    return {
      path: "/bin/sh",
      args: ["sh", "-c", script, "argument"],
      env: ["GIVEN=value", "NAME=hooks", "PATH=/usr/bin:/bin"],
    };
  }

  function withHooks(config: OciConfig, hooks: OciConfig["hooks"]): OciConfig {
    const mount = { destination: "/seen", type: "bind", source: seen, options: ["rbind", "rw"] };
    return { ...config, mounts: [...(config.mounts ?? []), mount], ...(hooks !== undefined && { hooks }) };
  }

  test("all six hooks run, in order and in their place, with the state on their standard input", async () => {
    const id = newId();
    const hooks = Object.fromEntries(HOOK_KINDS.map((kind) => [kind, [hook(kind)]]));
    bench.configure(bundle, {
      ...withHooks(plainConfig(["sh", "-c", "echo program >> /seen/hooks; sleep 100"]), hooks),
      annotations: { a: "b" },
    });
    expect((await create(id)).code).toBe(0);
    const log = () => readFileSync(join(seen, "hooks"), "utf8").split("\n").filter(Boolean);
    const kinds = () =>
      log()
        .filter((line) => !line.startsWith("{"))
        .map((line) => line.split(" ")[0]);
    // runc 1.1 runs poststart before the program, which it calls a defect itself since.
    const early = kinds().filter((kind) => name !== "runc" || kind !== "poststart");
    expect(early).toEqual(["prestart", "createRuntime", "createContainer"]);
    await call("start", id);
    await untilText(async () => kinds().join(" "), /program.*poststart|poststart.*program/);
    expect(kinds().toSorted()).toEqual([...HOOK_KINDS.slice(0, 5), "program"].toSorted());
    await call("delete", "--force", id);
    expect(kinds().at(-1)).toBe("poststop");
    const own = (await command("readlink", ["/proc/self/ns/mnt"])).stdout.trim();
    const lines = log().filter((line) => line.includes("argument value"));
    const outside = lines.filter((line) => line.endsWith(own)).map((line) => line.split(" ")[0]);
    expect(outside).toEqual(["prestart", "createRuntime", "poststart", "poststop"]);
    const states: { id: string; status: string; pid: number; bundle: string; annotations: object }[] = log()
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    expect(states.map((state) => [state.id, state.bundle, state.annotations])).toEqual(
      states.map(() => [id, bundle, { a: "b" }]),
    );
    expect(states.map(({ status }) => status)).toEqual([
      ...["creating", "creating", "creating"],
      expect.stringMatching(/^created|running$/),
      name === "runc" ? "created" : "running",
      "stopped",
    ]);
  });

  test("a hook without an environment of its own has the runtime's", async () => {
    const script = `echo "$HOME" > ${seen}/home`;
    const hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script] }] };
    bench.configure(bundle, withHooks(plainConfig(["true"]), hooks));
    expect((await create(newId())).code).toBe(0);
    expect(readFileSync(join(seen, "home"), "utf8")).toBe(`${tmpdir()}\n`);
  });

  test.each(["prestart", "createRuntime", "createContainer"] as const)(
    "a failing %s hook makes create fail, and nothing is left",
    async (kind) => {
      const id = newId();
      bench.configure(
        bundle,
        withHooks(plainConfig(["sleep", "100"]), {
          [kind]: [{ path: "/bin/sh", args: ["sh", "-c", "echo the reason >&2; exit 3"] }],
        }),
      );
      expect((await create(id)).code).not.toBe(0);
      expect((await call("state", id)).code).not.toBe(0);
      expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
    },
  );

  test("a hook that takes longer than its timeout is ended, and create fails", async () => {
    const id = newId();
    bench.configure(
      bundle,
      withHooks(plainConfig(["sleep", "100"]), {
        createRuntime: [{ path: "/bin/sleep", args: ["sleep", "100"], timeout: 1 }],
      }),
    );
    expect((await create(id)).code).not.toBe(0);
    expect((await call("state", id)).code).not.toBe(0);
  });

  test("a failing poststart hook makes start fail, and ends the container", async () => {
    const id = newId();
    bench.configure(bundle, withHooks(plainConfig(["sleep", "100"]), { poststart: [{ path: "/bin/false" }] }));
    await create(id);
    expect((await call("start", id)).code).not.toBe(0);
    const status = await untilText(async () => (await call("state", id)).stdout, /stopped|^$/);
    expect(status).not.toContain("running");
  });

  test("the terminal's other end comes through the console socket, for create and for exec", async () => {
    const program = join(bench.directory, "receive.py");
    writeFileSync(program, RECEIVER);
    const id = newId();
    const base = plainConfig(["sh", "-c", "stty -echo; read line; echo got $line; sleep 100"]);
    bench.configure(bundle, {
      ...base,
      process: { args: [], cwd: "/", user: { uid: 0, gid: 0 }, ...base.process, terminal: true },
    });
    expect((await create(id)).code).not.toBe(0);
    const first = await receive(program, join(bench.directory, "console"));
    expect((await create(id, "--console-socket", first.path)).code).toBe(0);
    await call("start", id);
    await first.until(/got typed/);
    const second = await receive(program, join(bench.directory, "console-exec"));
    const executed = await bench.detached(
      name,
      ["exec", "--tty", "--detach", "--console-socket", second.path, id, "sh", "-c", "read line; echo also $line"],
      bench.output(`${id}-exec`),
    );
    expect(executed.code).toBe(0);
    await second.until(/also typed/);
    await call("delete", "--force", id);
    expect(await first.output).toMatch(/^listening\n1 True\n/);
    expect(await second.output).toMatch(/^listening\n1 True\n/);
  });

  test("--preserve-fds hands on so many descriptors, and no more", async () => {
    writeFileSync(join(bench.directory, "handed"), "through descriptor 4");
    bench.configure(bundle, plainConfig(["sh", "-c", "cat <&4; ls /proc/self/fd | wc -l"]));
    const words = `'${bench.program(name)}' --root '${bench.root(name)}' run --preserve-fds 2 --bundle '${bundle}' ${newId()}`;
    const { stdout } = await command("sh", [
      "-c",
      `exec 3</dev/null 4<'${join(bench.directory, "handed")}' 5</etc/passwd; ${words}`,
    ]);
    // 0, 1, 2, 3, 4 and the one of ls itself.
    expect(stdout).toBe("through descriptor 46\n");
  });

  test("what a container leaves behind goes to the caller's subreaper, with its exit code", async () => {
    const id = newId();
    bench.configure(bundle, plainConfig(["sh", "-c", "exit 23"]));
    const script = `
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
run = lambda *args: subprocess.run([sys.argv[1], "--root", sys.argv[2], *args], stdin=subprocess.DEVNULL, check=True)
run("create", "--bundle", sys.argv[3], "--pid-file", sys.argv[5], sys.argv[4])
pid = int(open(sys.argv[5]).read())
run("start", sys.argv[4])
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
run("delete", sys.argv[4])
`;
    const file = join(bench.directory, `pid-${id}`);
    const { stdout, stderr } = await command("python3", [
      "-c",
      script,
      bench.program(name),
      bench.root(name),
      bundle,
      id,
      file,
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: "23\n", stderr: "" });
  });
}

interface Receiver {
  readonly path: string;
  readonly output: Promise<string>;
  until(words: RegExp): Promise<void>;
}

async function receive(program: string, path: string): Promise<Receiver> {
  const child = spawn("/usr/bin/python3", [program, path], { stdio: ["ignore", "pipe", "inherit"] });
  let soFar = "";
  child.stdout.on("data", (chunk) => {
    soFar += String(chunk);
  });
  const output = text(child.stdout);
  const until = async (words: RegExp) => {
    await untilText(async () => soFar, words);
    expect(soFar).toMatch(words);
  };
  await until(/listening/);
  return { path, output, until };
}

describeWhere(
  [
    ...CONTAINERS,
    () =>
      existsSync(WRAPPER) && existsSync(join(ROOT, "dist/oci.js")) ? undefined : "ringside-oci has not been built",
  ],
  "the program ringside-oci",
  () => {
    test("finds its bundle from anywhere, whatever the environment says to Node", async () => {
      const env = { NODE_OPTIONS: "--no-such-option", NODE_PATH: "/nowhere" };
      expect((await command(WRAPPER, ["--version"], { env, cwd: "/" })).stdout).toMatch(
        /^ringside version .*\ncommit: .*\nspec: .*\n$/,
      );
    });

    test("refuses to hand on descriptors that are not there", async () => {
      const { code, stderr } = await command("sh", ["-c", `'${WRAPPER}' create --preserve-fds 5 x 3</dev/null`]);
      expect(code).not.toBe(0);
      expect(stderr).toContain("descriptor 4 is not open");
    });
  },
);

describeWhere([...CONTAINERS], "a create that is killed half-way", () => {
  test("leaves no process, no group and no mount, and what is left of it can be deleted", async () => {
    await using bench = new Bench();
    const id = bench.owns("ringside", `killed-${process.pid}`);
    const began = join(bench.directory, "began");
    const hook = { path: "/bin/sh", args: ["sh", "-c", `echo $$ > ${began}; exec sleep 100`] };
    const bundle = await bench.bundle("killed", { ...plainConfig(["sleep", "100"]), hooks: { createRuntime: [hook] } });
    const creator = spawn(
      process.execPath,
      [OCI_COMMAND_LINE, "--root", bench.root("ringside"), "create", "--bundle", bundle, id],
      { stdio: "ignore" },
    );
    const ended = new Promise((resolve) => creator.once("exit", resolve));
    await untilText(async () => (existsSync(began) ? readFileSync(began, "utf8") : ""), /\d+\n/);
    const hookPid = readFileSync(began, "utf8").trim();
    expect(groupsNaming(id).length).toBeGreaterThan(0);
    creator.kill("SIGKILL");
    await ended;
    expect(await untilEmpty(() => (existsSync(`/proc/${hookPid}`) ? [hookPid] : []))).toEqual([]);
    expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
    expect((await bench.call("ringside", ["start", id])).code).not.toBe(0);
    expect((await bench.call("ringside", ["delete", id])).code).toBe(0);
    expect((await bench.call("ringside", ["list", "--quiet"])).stdout).toBe("");
  });
});

describeWhere([...CONTAINERS, needsSystemPrograms("setpriv", "chown")], "an ordinary user's container", () => {
  test("is created, started, entered, ended and deleted without any right on the host", async () => {
    await using bench = new Bench();
    const bundle = await bench.bundle("rootless", plainConfig(["true"]));
    rmSync(join(bundle, "config.json"));
    await command("chown", ["-R", "1000:1000", bench.directory]);
    const env = [`XDG_RUNTIME_DIR=${bench.directory}`, "PATH=/usr/bin:/bin", `HOME=${bench.directory}`];
    const start = [
      "--reuid",
      "1000",
      "--regid",
      "1000",
      "--clear-groups",
      "env",
      "-i",
      ...env,
      bench.program("ringside"),
    ];
    const user = (...args: string[]) => command("setpriv", [...start, ...args]);
    expect((await user("spec", "--rootless", "--bundle", bundle)).code).toBe(0);
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, process: { ...config.process, terminal: false, args: ["sleep", "100"] } }),
    );
    const words = ["setpriv", ...start, "run", "--detach", "--bundle", bundle, "mine"]
      .map((word) => `'${word}'`)
      .join(" ");
    expect(await command("sh", ["-c", `${words} </dev/null >/dev/null 2>'${bench.output("mine")}'`])).toMatchObject({
      code: 0,
    });
    expect(
      await user("exec", "mine", "sh", "-c", "id -u; awk '{ print $2 }' /proc/self/uid_map; exit 4"),
    ).toMatchObject({ stdout: "0\n1000\n", code: 4 });
    expect(JSON.parse((await user("ps", "--format", "json", "mine")).stdout)).toHaveLength(1);
    expect((await user("kill", "--all", "mine", "KILL")).code).toBe(0);
    await untilText(async () => (await user("state", "mine")).stdout, /stopped/);
    expect(await user("delete", "mine")).toMatchObject({ code: 0, stderr: "" });
  });
});

// Not put to runc: what came from a pipe that has ended does not reach its terminals.
describeWhere([...CONTAINERS], "a terminal whose input is a pipe", () => {
  test("stays when the pipe has ended: what was typed arrives, and all that comes later is shown", async () => {
    await using bench = new Bench();
    const { process, ...base } = plainConfig(["sh", "-c", "read line; echo got $line; exit 6"]);
    const terminal = { args: [], cwd: "/", user: { uid: 0, gid: 0 }, ...process, terminal: true };
    const bundle = await bench.bundle("piped", { ...base, process: terminal });
    const id = bench.owns("ringside", `piped-${globalThis.process.pid}`);
    const { stdout, code } = await bench.call("ringside", ["run", "--bundle", bundle, id], "word\n");
    expect(stdout).toContain("got word");
    expect(code).toBe(6);
  });
});
