/** What engines type at `ringside oci`, and what they read of it: options, signals, ids, the log. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseArguments } from "../../runtime/cli/oci/arguments.ts";
import { CREATE_OPTIONS, parsePreserveFds } from "../../runtime/cli/oci/create-options.ts";
import { EXEC_OPTIONS, execProcess, parseUser } from "../../runtime/cli/oci/exec-options.ts";
import { parseCommandLine } from "../../runtime/cli/oci/global-options.ts";
import { logLine, openLog } from "../../runtime/cli/oci/log.ts";
import { givesLimits, RESOURCE_OPTIONS, resourcesOf } from "../../runtime/cli/oci/resource-options.ts";
import { VERSION, versionText } from "../../runtime/cli/oci/version.ts";
import { checkId } from "../../runtime/container/oci/id.ts";
import {
  type EngineRecord,
  parseRecord,
  readEngineRecord,
  writeEngineRecord,
} from "../../runtime/container/oci/record.ts";
import { stateRoot } from "../../runtime/container/oci/root.ts";
import { parseSignal } from "../../runtime/container/oci/signal.ts";
import { ROOT } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

describe("the options before a command's name", () => {
  test("are those that containerd gives", () => {
    const line = parseCommandLine(
      "--root /r --log /l --log-format json --debug --systemd-cgroup --rootless=true state c1".split(" "),
    );
    expect(line).toMatchObject({ asked: "command", command: "state", args: ["c1"] });
    expect(line.globals).toMatchObject({ root: "/r", systemdCgroup: true });
  });

  test("end at the command's name: what follows is the command's", () => {
    const line = parseCommandLine(["--root=/r", "exec", "--root", "c1", "--debug"]);
    expect(line.args).toEqual(["--root", "c1", "--debug"]);
  });

  test.each([[["--nonsense", "state"]], [["--log-format", "xml", "state"]], [["--root"]]])("refused: %j", (args) => {
    expect(() => parseCommandLine(args)).toThrow();
  });

  test("without --root the place of states is the user's own", () => {
    expect(stateRoot("/a/../b")).toBe("/b");
    expect(stateRoot("", {})).toMatch(/ringside\/oci$/);
  });
});

describe("a command's options", () => {
  test("may stand before and behind the id, with the value attached or not", () => {
    const { values, operands } = parseArguments(
      ["--bundle", "/b", "c1", "--pid-file=/p", "--no-pivot"],
      CREATE_OPTIONS,
    );
    expect(operands).toEqual(["c1"]);
    expect({ ...values }).toEqual({ bundle: "/b", "pid-file": "/p", "no-pivot": true });
  });

  test("of exec end at the id: the program's own options are its own", () => {
    const { values, operands } = parseArguments(
      ["-t", "-e", "A=1", "--env", "B=2", "c1", "ls", "-l", "--all"],
      EXEC_OPTIONS,
      "in order",
    );
    expect(values.env).toEqual(["A=1", "B=2"]);
    expect(operands).toEqual(["c1", "ls", "-l", "--all"]);
  });

  test("may have values that begin with a dash, as engines write them", () => {
    expect(resourcesOf(parseArguments(["--memory-swap", "-1", "c1"], RESOURCE_OPTIONS).values)).toEqual({
      memory: { swap: -1 },
    });
  });

  test("take Go's way of writing a flag", () => {
    expect({ ...parseArguments(["--no-pivot=false", "--no-new-keyring=true", "c"], CREATE_OPTIONS).values }).toEqual({
      "no-new-keyring": true,
    });
  });

  test.each(["--bundel=/b", "-z", "--no-pivot=maybe"])("%s is refused by name", (option) => {
    expect(() => parseArguments([option, "c1"], CREATE_OPTIONS)).toThrow(option.split("=")[0]);
  });

  test("whatever is given, operands and option values are what was typed", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !text.startsWith("-")),
        fc.string(),
        (id, value) => {
          const { values, operands } = parseArguments(["--bundle", value, id], CREATE_OPTIONS);
          expect([values.bundle, operands]).toEqual([value, [id]]);
        },
      ),
    );
  });
});

describe("limits of update", () => {
  test("become resources, each in its place", () => {
    const args =
      "--cpu-quota 50000 --cpu-period=100000 --cpuset-cpus 0 -m 64m --pids-limit 20 --blkio-weight 100".split(" ");
    const { values } = parseArguments(args, RESOURCE_OPTIONS);
    expect(resourcesOf(values)).toEqual({
      cpu: { quota: 50_000, period: 100_000, cpus: "0" },
      memory: { limit: 67_108_864 },
      blockIO: { weight: 100 },
      pids: { limit: 20 },
    });
    expect(givesLimits(values)).toBe(true);
  });
  test.each([
    ["--cpu-quota", "5m"],
    ["--memory", "much"],
    ["--pids-limit", "1.5"],
    ["--memory", ""],
  ])("%s %s is refused", (name, value) => {
    expect(() => resourcesOf(parseArguments([`${name}=${value}`], RESOURCE_OPTIONS).values)).toThrow(
      /not a whole number/,
    );
  });
});

describe("a process of exec", () => {
  const own = {
    args: ["sh"],
    cwd: "/",
    user: { uid: 0, gid: 0 },
    env: ["A=1"],
    capabilities: { bounding: ["CAP_KILL"] },
  };
  const parse = (...args: string[]) => {
    const { values, operands } = parseArguments(args, EXEC_OPTIONS, "in order");
    return execProcess(values, operands.slice(1), own, (words) => warnings.push(words));
  };
  const warnings: string[] = [];

  test("goes without a capability that no kernel has, with a warning", () => {
    expect(parse("--cap", "CAP_FLY", "id", "ls").capabilities).toEqual(own.capabilities);
    expect(warnings.splice(0)).toEqual([
      '--cap: left out unknown capability "CAP_FLY"; capabilities(7) lists the names',
    ]);
  });

  test("is the container's own with what the options change", () => {
    expect(parse("-u", "7:8", "--cwd", "/tmp", "-e", "B=2", "-c", "CAP_CHOWN", "-t", "id", "ls", "-l")).toEqual({
      args: ["ls", "-l"],
      cwd: "/tmp",
      terminal: true,
      env: ["A=1", "B=2"],
      user: { uid: 7, gid: 8, additionalGids: [] },
      capabilities: { bounding: ["CAP_KILL", "CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"] },
    });
  });

  test.each([
    ["no program", ["id"]],
    ["a program and a file", ["--process", "/p", "id", "ls"]],
    ["a variable without a value", ["--env", "A", "id", "ls"]],
  ])("refused: %s", (_, args) => {
    expect(() => parse(...args)).toThrow();
  });

  test.each(["", "root", "0x10", "010", "-1", "1:", ":1", "1:2:3", " 1", "1 ", "4294967295", "1e3", "١", "1\n"])(
    "%j is no user",
    (text) => {
      expect(() => parseUser(text)).toThrow();
    },
  );
});

describe("signals", () => {
  test.each([
    ["9", 9],
    ["KILL", 9],
    ["SIGKILL", 9],
    ["sigterm", 15],
    ["0", 0],
    ["RTMIN+3", 37],
    ["SIGRTMAX-1", 63],
    ["64", 64],
  ])("%s is %d", (text, number) => {
    expect(parseSignal(text)).toBe(number);
  });
  test.each(["", "65", "-9", "SIGNONE", "9x", "0x9", "RTMIN+99", "1e1"])("%j is none", (text) => {
    expect(() => parseSignal(text)).toThrow(/unknown signal/);
  });
});

describe("ids", () => {
  test.each(["a", "A1_+-.x", "-", "_", "+x", "0".repeat(255)])("%j is one", (id) => {
    expect(() => checkId(id)).not.toThrow();
  });
  test.each(["", ".", "..", ".hidden", "a/b", "../a", "a\0", "a\n", "a b", "ä", "a:b", "0".repeat(256)])(
    "%j is none",
    (id) => {
      expect(() => checkId(id)).toThrow(/invalid container id/);
    },
  );
  test("nothing that names another directory is ever one", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (id) => {
        try {
          checkId(id);
        } catch {
          return;
        }
        expect(join("/root", id)).toBe(`/root/${id}`);
        expect(id).not.toMatch(/[/\0]/);
      }),
    );
  });
});

describe("descriptors that are passed on", () => {
  test.each([
    ["0", 0],
    ["3", 3],
    [undefined, 0],
  ])("%s is %d", (text, count) => {
    expect(parsePreserveFds(text, { RINGSIDE_OCI_DESCRIPTORS: "3" })).toBe(count);
  });
  test.each(["4", "-1", "x", "99", "1.0"])("%s is refused where three are open", (text) => {
    expect(() => parsePreserveFds(text, { RINGSIDE_OCI_DESCRIPTORS: "3" })).toThrow(/--preserve-fds/);
  });
});

describe("the log", () => {
  test("has one object alone for one error, as podman reads it", () => {
    const path = join(temporaryDirectory(), "log");
    const log = openLog({ path, format: "json", debug: false }, () => "2026-11-23T00:00:00Z");
    log.write("debug", "not this");
    log.write("error", 'a "quoted"\nfailure');
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      level: "error",
      msg: 'a "quoted"\nfailure',
      time: "2026-11-23T00:00:00Z",
    });
  });
  test("as text has one line for each entry", () => {
    expect(logLine("text", "error", "a\nb", "T")).toBe('time="T" level=error msg="a\\nb"\n');
  });
  test("that cannot be written keeps nothing from being done", () => {
    const log = openLog({ path: "/proc/nowhere/log", format: "text", debug: false }, () => "T");
    expect(() => log.write("error", "said on standard error alone")).not.toThrow();
  });
});

describe("the version", () => {
  test("is three lines, as containerd's library wants them", () => {
    expect(versionText()).toMatch(/^\S+ version \S+\ncommit: \S+\nspec: \d+\.\d+\.\d+\n$/);
  });
  test("is the package's", () => {
    expect(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))).toHaveProperty("version", VERSION);
  });
});

describe("a record", () => {
  const record: EngineRecord = {
    schema: "ringside.oci/1",
    ociVersion: "1.3.0",
    id: "c1",
    bundle: "/b",
    rootfs: "/b/rootfs",
    createdAt: "2026-11-23T00:00:00Z",
    owner: "root",
    annotations: { a: "b" },
    cgroups: ["/sys/fs/cgroup/x/y"],
    cgroupParents: ["/sys/fs/cgroup/x"],
    hooks: false,
    hasProgram: true,
    systemd: false,
    init: { pid: 7, startTicks: 8 },
  };
  test("is read as it was written", () => {
    const directory = temporaryDirectory();
    writeEngineRecord(directory, record);
    expect(readEngineRecord(directory)).toEqual(record);
  });
  test("that is not there is nothing; one that is not ours is an error", () => {
    const directory = temporaryDirectory();
    expect(readEngineRecord(join(directory, "none"))).toBeUndefined();
    mkdirSync(join(directory, "other"));
    writeFileSync(join(directory, "other/state.json"), "{}");
    expect(() => readEngineRecord(join(directory, "other"))).toThrow(/not of this version/);
  });
  test("whatever stands in the file, it is read or refused", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(parseRecord(text)).toBeUndefined();
      }),
    );
  });
});
