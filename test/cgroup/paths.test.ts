/** Where groups lie: cgroupsPath, parents, ownership, on made-up trees. */
import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { delegatedFiles, delegateFix, groupOwner, groupTop, isFirstRoot } from "../../runtime/cgroup/delegation.ts";
import { parseCgroupsPath } from "../../runtime/cgroup/path.ts";
import { RingsideError } from "../../runtime/error.ts";
import type { OciConfig } from "../../runtime/oci/config.ts";
import { layoutOf, paths, planAt, writeList } from "../support/cgroup-plans.ts";
import { type FakeMount, V1_FILES, V1_MOUNTS, V2_FILES, V2_MOUNTS } from "../support/cgroup-tree.ts";
import { temporaryDirectory } from "../support/temporary.ts";

describe("linux.cgroupsPath", () => {
  test("absolute from the top, relative below ours, with a service manager's colons as they are", () => {
    expect(parseCgroupsPath("/docker/abc")).toEqual(["docker", "abc"]);
    expect(parseCgroupsPath("//a///b/")).toEqual(["a", "b"]);
    expect(parseCgroupsPath("a/b")).toEqual(["ringside", "a", "b"]);
    expect(parseCgroupsPath("system.slice:docker:abc")).toEqual(["ringside", "system.slice:docker:abc"]);
  });

  test.each(["", "/", "..", "/a/../b", "/a/./b", "/a/cgroup.procs", "/a\nb", "/a\0b", `/${"x".repeat(256)}`])(
    "%j is refused",
    (path) => {
      expect(() => parseCgroupsPath(path)).toThrow(/linux\.cgroupsPath/);
    },
  );

  test("whatever is accepted stays below the top of each hierarchy", () => {
    const part = fc.oneof(fc.constantFrom("..", ".", "", "cgroup.kill"), fc.string({ maxLength: 12 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.boolean(), (parts, isAbsolute) => {
        const text = (isAbsolute ? "/" : "") + parts.join("/");
        try {
          for (const component of parseCgroupsPath(text)) expect(component).toMatch(/^(?!\.{1,2}$)[^/\0\n]+$/);
        } catch (error) {
          if (!(error instanceof RingsideError)) throw error;
        }
      }),
    );
  });
});

describe("a container at a path", () => {
  test("on v1 joins every hierarchy, named ones too, each at the same path", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const { directories } = planAt(layout, "/engine/one");
    const tops = ["devices", "memory", "pids", "cpu,cpuacct", "systemd"];
    expect(directories.toSorted()).toEqual(tops.map((top) => `${layout.root}/${top}/engine/one`).toSorted());
  });

  test("the groups on the way are named for the removal, those deepest down first", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const { parents, cleanup } = planAt(layout, "/engine/deep/one");
    const ofMemory = parents.filter((parent) => parent.startsWith(`${layout.root}/memory/`));
    expect(ofMemory).toEqual([`${layout.root}/memory/engine/deep`, `${layout.root}/memory/engine`]);
    const removed = cleanup.flatMap((step) => (step.op === "removeGroup" ? [...step.parents] : []));
    expect(removed.toSorted()).toEqual(parents.toSorted());
  });

  test("on v1 each group of cpuset on the way down gets what its parent has", () => {
    const cpuset: FakeMount = { at: "cpuset", type: "cgroup", superOptions: "rw,cpuset" };
    const files = {
      "cpuset/cpuset.cpus": "0-3\n",
      "cpuset/cpuset.mems": "0\n",
      "cpuset/engine/cpuset.cpus": "1\n",
      "cpuset/engine/cpuset.mems": "\n",
    };
    const layout = layoutOf([cpuset], files);
    expect(writeList(planAt(layout, "/engine/deep/one").host, layout.root)).toEqual([
      ["cpuset/engine/cpuset.cpus", "1"],
      ["cpuset/engine/deep/cpuset.cpus", "1"],
      ["cpuset/engine/deep/one/cpuset.cpus", "1"],
      ["cpuset/engine/cpuset.mems", "0"],
      ["cpuset/engine/deep/cpuset.mems", "0"],
      ["cpuset/engine/deep/one/cpuset.mems", "0"],
    ]);
  });

  test("on v2 every group on the way down hands down what is there, after the last of them has been made", () => {
    const layout = layoutOf(V2_MOUNTS, V2_FILES);
    const { host } = planAt(layout, "/engine/one");
    expect(paths(host, "makeGroup", layout.root)).toEqual(["engine/one"]);
    const enabled = writeList(host, layout.root);
    expect(enabled).toEqual([
      ["cgroup.subtree_control", "+cpuset +io +hugetlb +rdma +misc"],
      ["engine/cgroup.subtree_control", "+cpuset +cpu +io +memory +hugetlb +pids +rdma +misc"],
    ]);
    expect(host[0]).toMatchObject({ op: "makeGroup" });
  });

  test("in hybrid mode the v2 tree is joined and hands nothing down that v1 might want", () => {
    const mounts: FakeMount[] = [...V1_MOUNTS, { at: "unified", type: "cgroup2", superOptions: "rw" }];
    const layout = layoutOf(mounts, { ...V1_FILES, "unified/cgroup.controllers": "hugetlb\n" });
    const { host, directories } = planAt(layout, "/engine/one");
    expect(directories).toContain(`${layout.root}/unified/engine/one`);
    expect(writeList(host, layout.root).filter(([path]) => path.endsWith("subtree_control"))).toEqual([]);
  });

  test("a group with somebody in it is refused, by the number of the process", () => {
    const layout = layoutOf(V1_MOUNTS, { ...V1_FILES, "memory/engine/one/cgroup.procs": "4711\n" });
    expect(() => planAt(layout, "/engine/one")).toThrow(/process 4711 is in/);
  });
});

describe("who owns a v2 group", () => {
  const user = { uid: 1000, gid: 1000 };
  const config = (change: Partial<OciConfig>): OciConfig => ({
    ociVersion: "1.3.0",
    root: { path: "rootfs" },
    process: { user, args: ["true"], cwd: "/" },
    mounts: [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"] }],
    linux: { namespaces: [{ type: "cgroup" }] },
    ...change,
  });

  test("the user of the program, where the mount is writable and the namespace new", () => {
    expect(groupOwner(config({}))).toBe(1000);
  });

  test("by the host's number of that user", () => {
    const uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    expect(groupOwner(config({ linux: { namespaces: [{ type: "cgroup" }], uidMappings } }))).toBe(101_000);
    const narrow = [{ containerID: 0, hostID: 100_000, size: 10 }];
    expect(groupOwner(config({ linux: { namespaces: [{ type: "cgroup" }], uidMappings: narrow } }))).toBeUndefined();
  });

  test("nobody but us where it is read-only, elsewhere, or in a namespace of others", () => {
    const mount = { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" };
    expect(groupOwner(config({ mounts: [{ ...mount, options: ["ro"] }] }))).toBeUndefined();
    expect(groupOwner(config({ mounts: [{ ...mount, destination: "/cgroup" }] }))).toBeUndefined();
    expect(groupOwner(config({ mounts: [] }))).toBeUndefined();
    expect(groupOwner(config({ linux: { namespaces: [] } }))).toBeUndefined();
    expect(
      groupOwner(config({ linux: { namespaces: [{ type: "cgroup", path: "/proc/1/ns/cgroup" }] } })),
    ).toBeUndefined();
  });

  test("only what the kernel lists is given away", () => {
    const list = `${temporaryDirectory()}/delegate`;
    writeFileSync(list, "cgroup.procs\ncgroup.threads\nmemory.oom.group\n../escape\n");
    expect(delegatedFiles(list)).toEqual(["cgroup.procs", "cgroup.threads", "memory.oom.group"]);
    expect(delegatedFiles("/nowhere")).toEqual(["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]);
  });
});

describe("where an ordinary user may make groups", () => {
  function delegated(): { top: string; own: string } {
    const top = temporaryDirectory();
    mkdirSync(`${top}/user/app/shell`, { recursive: true });
    writeFileSync(`${top}/user/app/cgroup.procs`, "");
    const own = `${top}/own`;
    writeFileSync(own, "0::/user/app/shell\n");
    return { top, own };
  }

  test("beside its own group on v2, where that group's parent is its own", () => {
    const { top, own } = delegated();
    const place = { version: 2, directory: top, readOnly: false } as const;
    expect(groupTop(place, false, own)).toBe(`${top}/user/app`);
    expect(groupTop(place, true, own)).toBe(top);
  });

  test("at the top where that has been given to it, as to root of a container's user namespace", () => {
    const { top, own } = delegated();
    writeFileSync(`${top}/cgroup.procs`, "");
    expect(groupTop({ version: 2, directory: top, readOnly: false }, false, own)).toBe(top);
    expect(groupTop({ version: 1, directory: top, readOnly: false }, false, own)).toBe(top);
    expect(groupTop({ version: 1, directory: `${top}/user`, readOnly: false }, false, own)).toBeUndefined();
  });

  test("on v1 in a group with its number, if somebody has given it that", () => {
    const { top } = delegated();
    const directory = `${top}/user`;
    const given = `${directory}/ringside-${process.geteuid?.()}`;
    mkdirSync(given);
    expect(groupTop({ version: 1, directory, readOnly: false }, false)).toBeUndefined();
    writeFileSync(`${given}/cgroup.procs`, "");
    expect(groupTop({ version: 1, directory, readOnly: false }, false)).toBe(given);
  });

  test("the line that gives it groups is one that this machine can follow", () => {
    const place = (version: 1 | 2) => ({ version, directory: "/g", readOnly: false }) as const;
    expect(delegateFix(place(1), "memory", "group", true)).toContain("chown");
    expect(delegateFix(place(1), "cpuset", "group", false)).toContain("cat $d/../cpuset.mems > $d/cpuset.mems");
    expect(delegateFix(place(2), "memory", "group", true)).toContain("systemd-run --user --scope");
    expect(delegateFix(place(2), "io", "controller", true)).toContain("Delegate=cpu cpuset io memory pids");
    expect(delegateFix(place(2), "memory", "group", false)).toContain("echo +memory > /g/cgroup.subtree_control");
  });

  test("root of a user namespace is not root of the machine", () => {
    const map = `${temporaryDirectory()}/uid_map`;
    writeFileSync(map, "         0     100000      65536\n");
    expect(isFirstRoot(map)).toBe(false);
    writeFileSync(map, "         0          0 4294967295\n");
    expect(isFirstRoot(map)).toBe(process.geteuid?.() === 0);
    expect(isFirstRoot("/nowhere")).toBe(false);
  });

  test("nowhere where nothing has been given to it, or it cannot be written", () => {
    const { top, own } = delegated();
    const place = { version: 2, directory: top, readOnly: false } as const;
    writeFileSync(own, "0::/user\n");
    expect(groupTop(place, false, own)).toBeUndefined();
    expect(groupTop({ ...place, readOnly: true }, true, own)).toBeUndefined();
    expect(groupTop(place, false, "/nowhere")).toBeUndefined();
  });
});
