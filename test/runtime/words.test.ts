/** What people type: amounts, counts, users, variables. Hostile strings are the normal case. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCount, parseCpus, parseEnv, parseMemory } from "../../runtime/container/options.ts";
import { mergeEnv } from "../../runtime/container/spec.ts";
import { resolveUser } from "../../runtime/container/user.ts";
import { candidates } from "../../runtime/plan/execute.ts";

const PASSWD = "root:x:0:0:root:/root:/bin/sh\nlearner:x:1000:1000::/home/learner:/bin/sh\n0x10:x:5:5::/:/bin/sh\n";
const GROUP = "root:x:0:\nlearner:x:1000:\nstage:x:44:learner,other\nwheel:x:10:root\n";

function read(path: string): string {
  return path === "etc/passwd" ? PASSWD : GROUP;
}

describe("amounts of memory", () => {
  test.each([
    ["0", 0],
    ["4096", 4096],
    ["64m", 67_108_864],
    ["64M", 67_108_864],
    ["64mb", 67_108_864],
    ["64MiB", 67_108_864],
    ["1.5g", 1_610_612_736],
    ["512k", 524_288],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseMemory(text)).toBe(bytes);
  });

  test.each(["", "m", "-1", "1e3", "0x10", "64 m m", "1,5g", "64q", "99999999999t", "NaN", "64m\n64m"])(
    "%j is none",
    (text) => {
      expect(() => parseMemory(text)).toThrow(/not an amount of memory/);
    },
  );

  test("whatever is typed gives whole bytes or a refusal", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(Number.isSafeInteger(parseMemory(text))).toBe(true);
        } catch (error) {
          expect(String(error)).toContain("not an amount of memory");
        }
      }),
    );
  });
});

describe("counts", () => {
  test.each(["0", "-1", "1.5", "", "1e2", "0x2", " ", "١"])("%j is no count", (text) => {
    expect(() => parseCount(text, "a number of things")).toThrow(/not a number of things/);
  });
  test.each(["0", "-1", "", ".5", "1e2", "Infinity"])("%j is no number of CPUs", (text) => {
    expect(() => parseCpus(text)).toThrow(/not a number of CPUs/);
  });
});

describe("users", () => {
  test.each([
    ["", { uid: 0, gid: 0, home: "/root" }],
    ["0", { uid: 0, gid: 0 }],
    ["root", { uid: 0, gid: 0, additionalGids: [10] }],
    ["learner", { uid: 1000, gid: 1000, home: "/home/learner", additionalGids: [44] }],
    ["1000", { uid: 1000, gid: 1000, home: "/home/learner" }],
    ["1000:44", { uid: 1000, gid: 44, additionalGids: [] }],
    ["learner:stage", { uid: 1000, gid: 44 }],
    ["4294967294", { uid: 4_294_967_294, gid: 0, home: "/" }],
  ])("%j is found", (user, expected) => {
    expect(resolveUser(user, read)).toMatchObject(expected);
  });

  test.each([
    "010",
    "0x10",
    "+0",
    "-1",
    "1e3",
    "4294967295",
    "4294967296",
    "99999999999999999999",
    "1000:",
    "1000:-1",
    "1000:1:2",
    ":",
    ":0",
    "learner:nosuch",
    "nobody9",
    "root ",
    " root",
    "0 ",
    "٣",
    "1000:010",
    "root\n",
    "1000:4294967295",
  ])("%j is nobody", (user) => {
    expect(() => resolveUser(user, read)).toThrow(/the container has no/);
  });
});

describe("variables", () => {
  test("a name alone passes the caller's value on, and is left out when there is none", () => {
    expect(parseEnv("SEAT", { SEAT: "ringside" })).toBe("SEAT=ringside");
    expect(parseEnv("SEAT", {})).toBeUndefined();
  });
  test.each(["", "=x", "A\0=b"])("%j is none", (text) => {
    expect(() => parseEnv(text)).toThrow(/not a variable/);
  });
  test("the last of one name wins", () => {
    expect(mergeEnv(["A=1", "B=2"], ["A=3"])).toEqual(["A=3", "B=2"]);
  });
});

describe("the search for a program", () => {
  test("walks PATH, an empty part of which is the working directory", () => {
    expect(candidates("sh", ["PATH=/a::/b"])).toEqual(["/a/sh", "./sh", "/b/sh"]);
  });
  test("does not happen when the program is a path", () => {
    expect(candidates("./sh", ["PATH=/a"])).toEqual(["./sh"]);
  });
});
