/** `features` promises what the parser takes: each name in the document is tried. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { runtimeFeatures } from "../../runtime/oci/features.ts";
import { parseConfig } from "../../runtime/oci/parse.ts";
import { parseMountOptions } from "../../runtime/plan/mount-options.ts";
import { needsPrograms, testWhere } from "../support/needs.ts";
import { linux, MINIMAL, problemOf, seccomp, withLinux, withProcess } from "./configurations.ts";

const features = runtimeFeatures();
const { linux: ofLinux } = features;

describe("the features document", () => {
  test.each([features.ociVersionMin, features.ociVersionMax])("names %s, which is taken", (ociVersion) => {
    expect(problemOf({ ociVersion }).message).toBe("none");
  });

  test.each(features.hooks)("names the hook %s, which is taken and kept", (kind) => {
    const hooks = { [kind]: [{ path: "/bin/true" }] };
    expect(parseConfig(JSON.stringify({ ...MINIMAL, hooks })).config.hooks).toEqual(hooks);
  });

  test.each(features.mountOptions)("names the mount option %s, which is not handed to a file system", (option) => {
    expect(parseMountOptions([option]).data).toEqual([]);
  });

  test("names namespaces, capabilities, actions, operators, architectures, flags and memory policies that are taken", () => {
    const { namespaces, capabilities, seccomp: filters, memoryPolicy } = ofLinux;
    const rule = (fields: object) => ({ syscalls: [{ names: ["read"], action: "SCMP_ACT_TRAP", ...fields }] });
    const configurations = [
      withLinux(...namespaces)({}),
      ...filters.actions.map((action) => seccomp({ ...rule({ action }), listenerPath: "/run/agent" })),
      ...filters.operators.map((op) => seccomp(rule({ args: [{ index: 0, value: 1, op }] }))),
      seccomp({ architectures: filters.archs, flags: filters.supportedFlags }),
      ...memoryPolicy.modes.map((mode) => {
        return linux({ memoryPolicy: { mode, ...(!/DEFAULT|LOCAL/.test(mode) && { nodes: "0" }) } });
      }),
      ...memoryPolicy.flags.map((flag) => linux({ memoryPolicy: { mode: "MPOL_BIND", nodes: "0", flags: [flag] } })),
    ];
    expect(configurations.map((fields) => problemOf(fields).message).filter((message) => message !== "none")).toEqual(
      [],
    );
    const bounding = parseConfig(
      JSON.stringify({ ...MINIMAL, ...withProcess({ capabilities: { bounding: capabilities } }) }),
    );
    expect(bounding.warnings).toEqual([]);
  });

  testWhere([needsPrograms("runc")], "has all that runc's has, but what runc keeps to itself", () => {
    const theirs: unknown = JSON.parse(execFileSync("runc", ["features"], { encoding: "utf8" }));
    const missing = [...leaves(theirs)].filter((leaf) => !new Set(leaves(features)).has(leaf));
    // acl is a word for file systems (later versions of runc say so, too); systemd's user instance is not asked.
    expect(missing.filter((leaf) => !/^annotations\.|^ociVersionMax/.test(leaf))).toEqual([
      "mountOptions=acl",
      "mountOptions=noacl",
      "linux.cgroup.systemdUser=true",
    ]);
  });
});

/** Every value of a document with its path; lists count as sets. */
function* leaves(value: unknown, path = ""): Generator<string> {
  if (typeof value !== "object" || value === null) yield `${path}=${String(value)}`;
  else if (Array.isArray(value)) for (const entry of value) yield* leaves(entry, path);
  else for (const [key, entry] of Object.entries(value)) yield* leaves(entry, path === "" ? key : `${path}.${key}`);
}
