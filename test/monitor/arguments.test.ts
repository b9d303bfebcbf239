/** What people type for options of a container, hostile and mistaken words among it: understood, or refused in words. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DetachKeys, parseDetachKeys } from "../../runtime/cli/detach-keys.ts";
import { type ResourceFlags, resourcesOf } from "../../runtime/cli/resource-options.ts";
import { parseDevice } from "../../runtime/container/device-arguments.ts";
import { momentText, parseMoment } from "../../runtime/container/moment.ts";
import { parseMount, parseTmpfs, parseVolume } from "../../runtime/container/mount-arguments.ts";
import { parseLogOptions } from "../../runtime/container/options.ts";
import {
  chosenCapabilities,
  parseExtraHost,
  parseNameServer,
  parseOomScore,
  parseUlimit,
  readEnvFile,
} from "../../runtime/container/process-arguments.ts";
import { parseSecurityOptions } from "../../runtime/container/security-arguments.ts";
import { parseNetDev } from "../../runtime/container/stats.ts";
import { RingsideError } from "../../runtime/error.ts";
import { CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** A refusal says what to do. */
function refusal(act: () => unknown): RingsideError {
  try {
    act();
  } catch (error) {
    if (error instanceof RingsideError && error.fix !== undefined) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("moments", () => {
  const NOW_MS = Date.UTC(2026, 0, 31, 10);
  test.each([
    ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.000000000Z"],
    ["2026-01-31", "2026-01-31T00:00:00.000000000Z"],
    ["2026-01-31T10:00:00.123456789Z", "2026-01-31T10:00:00.123456789Z"],
    ["2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000000000Z"],
    ["1767225600.5", "2026-01-01T00:00:00.500000000Z"],
    ["10m", "2026-01-31T09:50:00.000000000Z"],
    ["1h30m", "2026-01-31T08:30:00.000000000Z"],
    ["250ms", "2026-01-31T09:59:59.750000000Z"],
  ])("%s is %s", (text, moment) => {
    expect(momentText(parseMoment(text, NOW_MS))).toBe(moment);
  });
  test.each(["", "yesterday", "10", "-1s", "1x", "2026-13-01", "2026-01-31T25:00:00Z", "1e9", "m", "10m ago"])(
    "%j is refused, or a number of seconds",
    (text) => {
      if (text === "10") expect(parseMoment(text)).toBe(10_000_000_000n);
      else refusal(() => parseMoment(text));
    },
  );
  test("what is printed can be typed again", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }), (timeNs) => {
        expect(parseMoment(momentText(timeNs))).toBe(timeNs);
      }),
    );
  });
});

describe("mounts", () => {
  test("of a volume are recursive, private, and what is said besides", () => {
    const here = temporaryDirectory();
    expect(parseVolume(`${here}:/there/`)).toEqual({
      type: "bind",
      source: here,
      destination: "/there",
      options: ["rbind", "rprivate"],
    });
    expect(parseVolume(`${here}:/there:ro,rslave`).options).toEqual(["rbind", "ro", "rslave"]);
    expect(parseMount(`type=bind,src=${here},dst=/there,readonly,bind-propagation=rshared`)).toEqual({
      type: "bind",
      source: here,
      destination: "/there",
      options: ["rbind", "ro", "rshared"],
    });
    expect(parseMount("type=tmpfs,target=/run,tmpfs-size=1m,tmpfs-mode=700").options).toEqual([
      "nosuid",
      "nodev",
      "noexec",
      "size=1048576",
      "mode=700",
    ]);
    expect(parseTmpfs("/run").options).toContain("mode=1777");
    expect(parseTmpfs("/run:size=64m,exec").options).toContain("size=64m");
  });

  test.each([
    ["/nosuch-on-this-machine:/x", "there is no /nosuch-on-this-machine"],
    ["data:/x", "volumes by name"],
    ["/tmp:x", "not an absolute path"],
    ["/tmp:/", "the root itself"],
    ["/tmp:/..", "the root itself"],
    ["/tmp:/x:ro:rw", "not a path here"],
    ["/tmp", "not a path here"],
    [":/x", "not a path here"],
    ["/tmp:/x:Z", "SELinux"],
    ["/tmp:/x:fast", "no option"],
    ["/tmp:/x:lowerdir=/etc", "no option"],
  ])("-v %s is refused: %s", (text, why) => {
    expect(refusal(() => parseVolume(text)).message).toContain(why);
  });

  test.each([
    "type=volume,src=x,dst=/x",
    "dst=/x",
    "type=bind,src=/tmp",
    "type=bind,src=/tmp,dst=/x,colour=blue",
    "type=bind,src=/tmp,dst=/x,bind-propagation=often",
    "type=bind,src=/nosuch-on-this-machine,dst=/x",
  ])("--mount %s is refused", (text) => {
    refusal(() => parseMount(text));
  });

  test.each(["run", "/run:upperdir=/etc", "/run:size=", "/"])("--tmpfs %s is refused", (text) => {
    refusal(() => parseTmpfs(text));
  });

  test("whatever is typed is a mount below the root, or refused in words", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const parse of [parseVolume, parseMount, parseTmpfs]) {
          try {
            expect(parse(text).destination).toMatch(/^\/[^/]/);
          } catch (error) {
            expect(error).toBeInstanceOf(RingsideError);
          }
        }
      }),
    );
  });
});

describe("devices", () => {
  test("are known by their numbers, with the access that is said", () => {
    expect(parseDevice("/dev/null:/dev/mine:r")).toMatchObject({
      device: { type: "c", path: "/dev/mine", major: 1, minor: 3 },
      rule: { allow: true, type: "c", major: 1, minor: 3, access: "r" },
    });
    expect(parseDevice("/dev/null:rw").device.path).toBe("/dev/null");
  });
  test.each(["/dev/nosuch", "dev/null", "/dev/null:/x:rwx", "/dev/null:x", "/etc/passwd", "/dev/null:/x:r:w", ""])(
    "%j is refused",
    (text) => {
      refusal(() => parseDevice(text));
    },
  );
});

describe("capabilities", () => {
  const USUAL = ["CAP_CHOWN", "CAP_KILL"];
  test.each([
    [[], [], USUAL],
    [["NET_ADMIN"], [], [...USUAL, "CAP_NET_ADMIN"]],
    [["cap_net_admin", "NET_ADMIN"], ["ALL"], ["CAP_NET_ADMIN"]],
    [[], ["kill"], ["CAP_CHOWN"]],
    [[], ["ALL"], []],
  ])("added %j, dropped %j: %j", (added, dropped, expected) => {
    expect(chosenCapabilities(USUAL, added, dropped)).toEqual(expected);
  });
  test("all but one", () => {
    const all = chosenCapabilities(USUAL, ["ALL"], ["SYS_ADMIN"], () => Object.keys(CAPABILITIES));
    expect(all).toContain("CAP_BPF");
    expect(all).not.toContain("CAP_SYS_ADMIN");
  });
  test.each(["", "ROOT", "CAP_", "__proto__"])("%j is none", (name) => {
    refusal(() => chosenCapabilities(USUAL, [name], []));
    refusal(() => chosenCapabilities(USUAL, [], [name]));
  });
});

describe("limits", () => {
  test.each([
    ["nofile=1024", { type: "RLIMIT_NOFILE", soft: 1024, hard: 1024 }],
    ["nofile=1024:2048", { type: "RLIMIT_NOFILE", soft: 1024, hard: 2048 }],
    ["core=-1", { type: "RLIMIT_CORE", soft: -1, hard: -1 }],
    ["core=5:-1", { type: "RLIMIT_CORE", soft: 5, hard: -1 }],
    ["fsize=9007199254740991", { type: "RLIMIT_FSIZE", soft: 9007199254740991, hard: 9007199254740991 }],
  ])("%s", (text, limit) => {
    expect(parseUlimit(text)).toEqual(limit);
  });
  test.each([
    "nofile",
    "nofile=",
    "nofile=2:1",
    "nofile=-1:5",
    "files=1",
    "nofile=1.5",
    "nofile=1:2:3",
    "fsize=9007199254740993",
  ])("%s is refused", (text) => {
    refusal(() => parseUlimit(text));
  });

  test("of a container are written as the specification has them", () => {
    expect(
      resourcesOf({
        memory: "64m",
        memorySwap: "128m",
        cpus: "0.5",
        cpuShares: "512",
        cpusetCpus: "0",
        pidsLimit: "-1",
      }),
    ).toEqual({
      memory: { limit: 64 << 20, swap: 128 << 20 },
      cpu: { quota: 50_000, period: 100_000, shares: 512, cpus: "0" },
      pids: { limit: -1 },
    });
    expect(resourcesOf({})).toEqual({});
  });
  const refused: readonly ResourceFlags[] = [
    { memorySwap: "64m" },
    { memory: "64m", memorySwap: "32m" },
    { cpus: "1", cpuQuota: "5000" },
    { cpuShares: "1" },
    { blkioWeight: "5" },
    { memorySwappiness: "101" },
    { pidsLimit: "0" },
    { memory: "much" },
  ];
  test.each(refused)("%j is refused", (flags) => {
    refusal(() => resourcesOf(flags));
  });

  test("of a log", () => {
    expect(parseLogOptions(["max-size=1m", "max-file=2"])).toEqual({ fileBytes: 1 << 20, files: 2 });
  });
  test.each(["max-size=1k", "max-file=0", "colour=blue", "max-size", "=1m"])("--log-opt %s is refused", (text) => {
    refusal(() => parseLogOptions([text]));
  });

  test.each(["-1001", "1001", "", "1.5", "lots"])("--oom-score-adj %j is refused", (text) => {
    refusal(() => parseOomScore(text));
  });
});

describe("names", () => {
  test.each([
    ["db:192.0.2.1", "192.0.2.1\tdb"],
    ["db=192.0.2.1", "192.0.2.1\tdb"],
    ["db:2001:db8::1", "2001:db8::1\tdb"],
    ["db:[2001:db8::1]", "2001:db8::1\tdb"],
  ])("--add-host %s", (text, line) => {
    expect(parseExtraHost(text)).toBe(line);
  });
  test.each([
    "db",
    "db:",
    ":192.0.2.1",
    "db:300.1.1.1",
    "a b:192.0.2.1",
    "db:192.0.2.1\n192.0.2.2 host",
    "db:host-gateway",
  ])("--add-host %j is refused", (text) => {
    refusal(() => parseExtraHost(text));
  });
  test.each(["", "example.org", "192.0.2.1\nsearch evil"])("--dns %j is refused", (text) => {
    refusal(() => parseNameServer(text));
  });
  test("of variables come from a file, without its comments", () => {
    const file = join(temporaryDirectory(), "env");
    writeFileSync(file, "# seats\nA=1\r\n\n  B=two words\nHOME\n");
    expect(readEnvFile(file)).toEqual(["A=1", "B=two words", "HOME"]);
    refusal(() => readEnvFile(`${file}.nosuch`));
  });
});

describe("security options", () => {
  test("are understood", () => {
    expect(parseSecurityOptions(["no-new-privileges", "seccomp=unconfined"])).toEqual({
      noNewPrivileges: true,
      seccomp: null,
    });
    expect(parseSecurityOptions(["no-new-privileges:false"])).toEqual({ noNewPrivileges: false });
    const file = join(temporaryDirectory(), "profile.json");
    writeFileSync(file, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW" }));
    expect(parseSecurityOptions([`seccomp=${file}`])).toEqual({ seccomp: { defaultAction: "SCMP_ACT_ALLOW" } });
  });
  test.each(["", "seccomp", "seccomp=", "seccomp=/nosuch-on-this-machine", "apparmor=x", "no-new-privileges=maybe"])(
    "%j is refused",
    (text) => {
      refusal(() => parseSecurityOptions([text]));
    },
  );
  test("do not take a profile whose conditions they would drop", () => {
    const directory = temporaryDirectory();
    mkdirSync(directory, { recursive: true });
    const file = join(directory, "docker.json");
    const rule = { names: ["mount"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_SYS_ADMIN"] } };
    writeFileSync(file, JSON.stringify({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [rule] }));
    expect(refusal(() => parseSecurityOptions([`seccomp=${file}`])).message).toContain("includes");
  });
});

describe("detach keys", () => {
  const passed = (keys: string, ...typed: string[]): string => {
    const detector = new DetachKeys(parseDetachKeys(keys));
    return typed
      .map((text) => {
        const { pass, isDetached } = detector.type(Buffer.from(text));
        return `${Buffer.from(pass).toString()}${isDetached ? "<left>" : ""}`;
      })
      .join("|");
  };
  test.each([
    ["ctrl-p,ctrl-q", ["ls\x10\x11rest"], "ls<left>"],
    ["ctrl-p,ctrl-q", ["a\x10", "\x11"], "a|<left>"],
    ["ctrl-p,ctrl-q", ["\x10b"], "\x10b"],
    ["ctrl-p,ctrl-q", ["\x10\x10\x11"], "\x10<left>"],
    ["ctrl-p,ctrl-q", ["\x10", "x"], "|\x10x"],
    ["a,b", ["aab"], "a<left>"],
    ["", ["\x10\x11"], "\x10\x11"],
    ["ctrl-\\", ["\x1c"], "<left>"],
  ])("%j in %j passes %j", (keys, typed, expected) => {
    expect(passed(keys, ...typed)).toBe(expected);
  });
  test.each(["ctrl-", "ctrl-1", "xx", ",", " ", "ctrl-p,"])("%j is refused", (keys) => {
    refusal(() => parseDetachKeys(keys));
  });
  test("whatever is typed without them arrives whole, however it is cut", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "\x10", "x") });
    fc.assert(
      fc.property(fc.array(text), (typed) => {
        const detector = new DetachKeys(parseDetachKeys("ctrl-p,ctrl-q"));
        const all = [...typed, "end"].map((part) => Buffer.from(detector.type(Buffer.from(part)).pass).toString());
        expect(all.join("")).toBe(`${typed.join("")}end`);
      }),
    );
  });
});

test("traffic is counted without the loopback", () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
  eth0:     500       5    0    0    0     0          0         0      200       2    0    0    0     0       0          0
`;
  expect(parseNetDev(text)).toEqual({ receivedBytes: 500, sentBytes: 200 });
});
