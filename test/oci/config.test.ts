/** config.json is understood: numbers, unknown fields, what the others write. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig, parseProcess, parseResources, resolvePaths } from "../../runtime/oci/parse.ts";
import { specTemplate } from "../../runtime/oci/template.ts";
import { needsPrograms, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { MINIMAL, withProcess } from "./configurations.ts";

describe("capabilities", () => {
  test("that no kernel has are left out with a warning, as the specification wants it", () => {
    const capabilities = { bounding: ["CAP_KILL", "CAP_FLY", "net_raw"], effective: ["CAP_FLY"] };
    const { config, warnings } = parseConfig(JSON.stringify({ ...MINIMAL, ...withProcess({ capabilities }) }));
    expect(config.process?.capabilities).toEqual({ bounding: ["CAP_KILL"], effective: [] });
    expect(warnings).toEqual([
      'config.json: process.capabilities: left out unknown capability "CAP_FLY"; capabilities(7) lists the names',
      'config.json: process.capabilities: left out unknown capability "net_raw"; write CAP_NET_RAW',
    ]);
  });
});

describe("a process", () => {
  test("that names no user is root's", () => {
    expect(parseProcess('{"args":["a"],"cwd":"/"}').value.user).toEqual({ uid: 0, gid: 0 });
  });
});

describe("numbers", () => {
  test("of 64 bits are exact", () => {
    const { value } = parseProcess(
      `{"user":{"uid":0,"gid":0},"args":["a"],"cwd":"/","rlimits":[{"type":"RLIMIT_CORE","soft":9007199254740993,"hard":18446744073709551615}]}`,
    );
    expect(value.rlimits).toEqual([{ type: "RLIMIT_CORE", soft: 9007199254740993n, hard: 18446744073709551615n }]);
  });

  test("that a profile compares with are exact", () => {
    const text = `{"ociVersion":"1.0.0","root":{"path":"r"},"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":
      [{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":18446744073709551613,"op":"SCMP_CMP_EQ"}]}]}}}`;
    const [rule] = parseConfig(text).config.linux?.seccomp?.syscalls ?? [];
    expect(rule?.args?.[0]?.value).toBe(18446744073709551613n);
  });

  test.each([
    ["9223372036854775807", 2 ** 63 - 2048],
    ["18446744073709551615", undefined],
    ["-1", -1],
  ])("as a limit of memory: %s", (text, expected) => {
    const source = `{"memory":{"limit":${text}}}`;
    if (expected === undefined) expect(() => parseResources(source)).toThrow("memory.limit: expected a whole number");
    else expect(parseResources(source).value.memory?.limit).toBe(expected);
  });

  test("that mean no limit stay below what the kernel's 64 bits hold", () => {
    const { value } = parseResources(`{"hugepageLimits":[{"pageSize":"2MB","limit":18446744073709551615}]}`);
    const [row] = value.hugepageLimits ?? [];
    expect(BigInt(String(row?.limit))).toBeLessThan(2n ** 64n);
    expect(row?.limit).toBeGreaterThan(2 ** 63);
  });

  test("that older engines write for nothing are nothing: swappiness and devices of -1", () => {
    const source = `{"memory":{"swappiness":18446744073709551615},"devices":[{"allow":false,"major":-1,"minor":-1,"access":"rwm"}]}`;
    expect(parseResources(source).value).toEqual({ memory: {}, devices: [{ allow: false, access: "rwm" }] });
  });
});

describe("what engines and people leave in a file", () => {
  test("null is a field that is not there", () => {
    const text = `{"ociVersion":"1.0.0","root":{"path":"r","readonly":null},"mounts":null,"hooks":null,"linux":{"resources":null}}`;
    expect(parseConfig(text).config).toEqual({ ociVersion: "1.0.0", root: { path: "r" }, linux: {} });
  });

  test("fields that nobody knows are kept as they were", () => {
    const extra = { windows: { x: [1] }, annotations: { a: "b" }, "com.example": null };
    const { raw, config } = parseConfig(JSON.stringify({ ...MINIMAL, ...extra }));
    expect(raw).toEqual({ ...MINIMAL, ...extra });
    expect(config).toEqual({ ...MINIMAL, annotations: { a: "b" } });
  });

  test("a mount's relative destination begins at /, with a warning, as the specification wants it for old tools", () => {
    const text = JSON.stringify({ ...MINIMAL, mounts: [{ destination: "data/cache", type: "tmpfs" }] });
    const { config, warnings } = parseConfig(text);
    expect(config.mounts?.[0]?.destination).toBe("/data/cache");
    expect(warnings).toEqual([
      'config.json: mounts: took the relative destination "data/cache" as one below /, which is deprecated',
    ]);
  });

  test("relative paths of the host begin at the bundle, others stay", () => {
    const { config } = parseConfig(
      JSON.stringify({
        ...MINIMAL,
        mounts: [
          { destination: "/a", type: "bind", source: "data" },
          { destination: "/b", source: "../up", options: ["rbind"] },
          { destination: "/c", type: "bind", source: "/etc" },
          { destination: "/d", type: "tmpfs", source: "tmpfs" },
        ],
        linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "agent.sock" } },
      }),
    );
    const { root, mounts = [], linux } = resolvePaths(config, "/bundles/one");
    expect(linux?.seccomp?.listenerPath).toBe("/bundles/one/agent.sock");
    expect(root.path).toBe("/bundles/one/rootfs");
    expect(mounts.map(({ source }) => source)).toEqual(["/bundles/one/data", "/bundles/up", "/etc", "tmpfs"]);
  });
});

describe("what the others print as a first configuration", () => {
  for (const runtime of ["runc", "crun"]) {
    test.each([[[]], [["--rootless"]]])(
      `${runtime} spec %j is understood`,
      unless([needsPrograms(runtime)]),
      (options) => {
        const directory = temporaryDirectory();
        execFileSync(runtime, ["spec", ...options], { cwd: directory });
        const text = readFileSync(join(directory, "config.json"), "utf8");
        const { config, warnings } = parseConfig(text);
        expect(config).toEqual(JSON.parse(text));
        expect(warnings).toEqual([]);
      },
    );
  }
});

describe("our own first configuration", () => {
  test.each([undefined, { uid: 1000, gid: 1000 }])("is understood by ourselves (%j)", (rootless) => {
    const template = specTemplate(rootless);
    expect(parseConfig(JSON.stringify(template))).toMatchObject({ config: template, warnings: [] });
  });
});
