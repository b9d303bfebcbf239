/** Words of others that decide who a process is, where its groups lie and how long its lists are: taken strictly. */
import { mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Launcher, nativeProgram } from "../../native/kernel.ts";
import { parseCgroupsPath } from "../../runtime/cgroup/path.ts";
import { parseUser } from "../../runtime/cli/oci/exec-options.ts";
import { reserveId } from "../../runtime/container/oci/store.ts";
import { resolveUser } from "../../runtime/container/user.ts";
import { sysctlPath } from "../../runtime/oci/sysctl.ts";
import { sysctlWrites } from "../../runtime/plan/private-proc.ts";
import { BUNDLES, makeBundle, runBundleWith } from "../support/bundle.ts";
import { describeWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** What some parser of numbers takes for a number, mostly for 0. */
const NO_NUMBERS = [
  "0x0",
  "0X3e8",
  "00",
  "010",
  "0b11",
  "0o17",
  "1e3",
  "1E3",
  "1.0",
  "1.",
  ".5",
  "1_000",
  "1,000",
  "1'0",
];
const SIGNS = ["-0", "-1", "+0", "+1", "--1", "~0", "!0"];
const SPACES = [" 0", "0 ", "\t0", "0\n", "\n", " ", "0\r", "0\v", "\u00a00", "0\u2028", "1 2"];
const TOO_MUCH = ["4294967295", "4294967296", "4294967296000", "99999999999999999999", "18446744073709551616"];
const OTHER_DIGITS = ["٠", "०", "０", "𝟎", "Ⅳ", "²"];
const WORDS = [
  "NaN",
  "Infinity",
  "null",
  "undefined",
  "true",
  "root'",
  "ro ot",
  "../root",
  "$UID",
  "%d",
  "0n",
  "0\0",
  "\0",
];
const PAIRS = [
  ":",
  "::",
  ":0",
  "0:",
  "0:0:0",
  "0:-1",
  "-1:0",
  "0: 0",
  "0 :0",
  "0:0x0",
  "0:010",
  "0:4294967295",
  "0:0\n",
  "0/0",
  "0;0",
];

describe("CVE-2026-30892: users that are not one", () => {
  const strings = [...NO_NUMBERS, ...SIGNS, ...SPACES, ...TOO_MUCH, ...OTHER_DIGITS, ...WORDS, ...PAIRS];
  const passwd = "root:x:0:0:root:/root:/bin/sh\n";
  const read = (path: string): string => (path === "etc/passwd" ? passwd : "root:x:0:\n");

  test.each(strings)("%j is nobody", (text) => {
    expect(() => parseUser(text)).toThrow();
    expect(() => resolveUser(text, read)).toThrow();
  });
});

describe("CVE-2022-0811: kernel settings of the host", () => {
  const namespaces = [{ type: "ipc" as const }, { type: "network" as const }, { type: "uts" as const }];

  test.each([
    ["kernel.core_pattern", "x"],
    ["kernel/core_pattern", "x"],
    ["net/../kernel/core_pattern", "x"],
    ["kernel.shmmax", "1+kernel.core_pattern=|/x"],
    ["kernel.shmmax", "1\nkernel.core_pattern=|/x"],
    ["net.ipv4.x=1\nkernel.core_pattern", "x"],
    ["vm.overcommit_memory", "1"],
    ["fs.suid_dumpable", "2"],
  ])("%j with the value %j is refused", (name, value) => {
    expect(() => sysctlWrites({ namespaces, sysctl: { [name]: value } })).toThrow();
  });

  test("are not reached by any way of writing a name", () => {
    for (const name of ["net...kernel", "net/./x", "net/..", "..", "/", "net//x", "net.."]) {
      expect(sysctlPath(name) ?? "none").not.toMatch(/(^|\/)(\.{0,2})(\/|$)/);
    }
  });
});

describe("crun 1.28: control groups outside of the own ones", () => {
  test.each(["..", "/..", "/a/..", "/../../x", "a/../../b", "/./x", "/a/cgroup.procs", "/a\n/b", "/a\0"])(
    "%j is no path of a group",
    (path) => {
      expect(() => parseCgroupsPath(path)).toThrow(/cgroupsPath/);
    },
  );
});

describe("CVE-2015-1331, CVE-2022-47952: state directories that others prepare", () => {
  test("are made for their owner alone", () => {
    const root = join(temporaryDirectory(), "states");
    const directory = reserveId(root, "one");
    expect([root, directory].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  test("need no program that makes more of its user than he is", () => {
    const names = ["ringside-launcher", "ringside-oci", "ringside-reaper"] as const;
    const programs = names.flatMap((name) => nativeProgram(name) ?? []);
    expect(programs.filter((path) => (statSync(path).mode & 0o6000) !== 0)).toEqual([]);
  });

  test("that are there already, as a link to elsewhere, are taken", () => {
    const root = temporaryDirectory();
    const elsewhere = join(temporaryDirectory(), "elsewhere");
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(root, "one"));
    expect(() => reserveId(root, "one")).toThrow(/already exists/);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test.each(["..", ".", "a/b", "../x", "/x", "", "a\0", "a\n"])("are not named by the id %j", (id) => {
    expect(() => reserveId(temporaryDirectory(), id)).toThrow();
  });
});

describeWhere(BUNDLES, "CVE-2021-43784: lists longer than a message", () => {
  test("of ids are refused whole, and the launcher goes on", async () => {
    await using launcher = await Launcher.open();
    const bundle = makeBundle();
    const mappings = Array.from({ length: 6000 }, (_, at) => ({ containerID: at, hostID: 100_000 + at * 2, size: 1 }));
    const namespaces = [{ type: "pid" as const }, { type: "mount" as const }, { type: "user" as const }];
    const linux = { namespaces, uidMappings: mappings, gidMappings: mappings };
    expect(JSON.stringify(mappings).length).toBeGreaterThan(65_536);
    await expect(runBundleWith(launcher, bundle, { script: "cat /proc/self/uid_map", linux })).rejects.toThrow();
    expect((await runBundleWith(launcher, bundle, { script: "echo still here" })).output).toBe("still here\n");
  });

  test("of arguments arrive whole, or are refused by the kernel", async () => {
    await using launcher = await Launcher.open();
    const bundle = makeBundle();
    const args = ["/bin/sh", "-c", "echo $#", "sh", ...Array.from({ length: 70_000 }, () => "x")];
    expect((await runBundleWith(launcher, bundle, { script: "", process: { args } })).output).toBe("70000\n");
  });
});
