/** What is wrong in a file is named by its JSON path: every rule of config.md and config-linux.md, 1.3. */
import { describe, expect, test } from "vitest";
import { parseProcess, parseResources } from "../../runtime/oci/parse.ts";
import { linux, mapping, PROCESS, problemOf, resources, seccomp, withLinux, withProcess } from "./configurations.ts";

describe("a field that is wrong is named by its path, with what was expected and what was found", () => {
  test.each<[string, object, string]>([
    [
      "a version that is none",
      { ociVersion: "latest" },
      'ociVersion: expected a version 1.x of the specification, such as 1.3.0, found "latest"',
    ],
    ["a version of another major", { ociVersion: "2.0.0" }, "ociVersion: expected a version 1.x"],
    ["no root", { root: undefined }, "root: missing; expected an object"],
    ["a root without a path", { root: {} }, "root.path: missing; expected a path"],
    ["an empty path of the root", { root: { path: "" } }, 'root.path: expected a path, found ""'],
    ["text for a flag", { root: { path: "x", readonly: "yes" } }, 'root.readonly: expected true or false, found "yes"'],
    ["a number for text", { hostname: 7 }, "hostname: expected text, found 7"],
    ["an object for a list", { mounts: {} }, "mounts: expected a list, found an object"],
    ["a list for an object", { process: [] }, "process: expected an object, found an empty list"],
    [
      "an empty destination",
      { mounts: [{ destination: "/a" }, { destination: "" }] },
      'mounts[1].destination: expected a path, found ""',
    ],
    [
      "a NUL byte in a path",
      { mounts: [{ destination: "/a\0b" }] },
      "mounts[0].destination: expected text without NUL bytes",
    ],
    [
      "half of an id mapping",
      { mounts: [{ destination: "/a", uidMappings: [mapping(0, 1, 1)] }] },
      "mounts[0].gidMappings: missing",
    ],
    ["an annotation that is no text", { annotations: { "a.b": 1 } }, 'annotations["a.b"]: expected text, found 1'],
    [
      "an annotation without a key",
      { annotations: { "": "x" } },
      'annotations[""]: expected a key with something in it',
    ],
    [
      "a hook with a relative path",
      { hooks: { poststop: [{ path: "sh" }] } },
      "hooks.poststop[0].path: expected an absolute path",
    ],
    [
      "a hook that may run for no time",
      { hooks: { prestart: [{ path: "/sh", timeout: 0 }] } },
      "hooks.prestart[0].timeout: expected a whole number from 1 to 2147483647, found 0",
    ],
  ])("%s", (_, fields, words) => {
    expect(problemOf(fields).message).toContain(`config.json: ${words}`);
  });

  test.each<[string, object, string]>([
    ["no working directory", { cwd: undefined }, "cwd: missing; expected an absolute path"],
    ["a relative working directory", { cwd: "home" }, 'cwd: expected an absolute path, found "home"'],
    ["no program", { args: [] }, "args: expected a list with the program and its arguments, found an empty list"],
    ["no list of arguments", { args: undefined }, "args: missing"],
    ["a NUL byte in an argument", { args: ["a\0"] }, "args[0]: expected text without NUL bytes"],
    ["a user without a number", { user: { gid: 0 } }, "user.uid: missing; expected a whole number"],
    [
      "a user's name for a number",
      { user: { uid: "root", gid: 0 } },
      'user.uid: expected a whole number, found "root"',
    ],
    [
      "a negative user",
      { user: { uid: -1, gid: 0 } },
      "user.uid: expected a whole number from 0 to 4294967294, found -1",
    ],
    [
      "the kernel's word for nobody",
      { user: { uid: 0, gid: 4294967295 } },
      "user.gid: expected a whole number from 0 to 4294967294",
    ],
    ["half a user", { user: { uid: 0.5, gid: 0 } }, "user.uid: expected a whole number, found 0.5"],
    [
      "an unknown limit",
      { rlimits: [{ type: "RLIMIT_FOO", soft: 1, hard: 1 }] },
      "rlimits[0].type: expected a resource (RLIMIT_CPU",
    ],
    [
      "the same limit twice",
      {
        rlimits: [
          { type: "RLIMIT_CPU", soft: 1, hard: 1 },
          { type: "RLIMIT_CPU", soft: 1, hard: 1 },
        ],
      },
      "rlimits[1].type: RLIMIT_CPU is limited twice",
    ],
    [
      "a soft limit above the hard one",
      { rlimits: [{ type: "RLIMIT_CPU", soft: 2, hard: 1 }] },
      "rlimits[0].soft: 2 is above the hard limit of 1",
    ],
    [
      "a score beyond the scale",
      { oomScoreAdj: 1001 },
      "oomScoreAdj: expected a whole number from -1000 to 1000, found 1001",
    ],
    [
      "an unknown scheduling policy",
      { scheduler: { policy: "SCHED_FAST" } },
      "scheduler.policy: expected a scheduling policy (SCHED_OTHER",
    ],
    ["a policy that no Linux has", { scheduler: { policy: "SCHED_ISO" } }, "scheduler.policy: Linux has no SCHED_ISO"],
    [
      "a priority for ordinary scheduling",
      { scheduler: { policy: "SCHED_OTHER", priority: 3 } },
      "scheduler.priority: SCHED_OTHER has none",
    ],
    [
      "no priority for the real-time kind",
      { scheduler: { policy: "SCHED_FIFO" } },
      "scheduler.priority: SCHED_FIFO needs one from 1 to 99",
    ],
    [
      "a deadline without its policy",
      { scheduler: { policy: "SCHED_RR", priority: 1, deadline: 5 } },
      "scheduler.deadline: SCHED_RR has none",
    ],
    [
      "an unknown scheduling flag",
      { scheduler: { policy: "SCHED_OTHER", flags: ["X"] } },
      "scheduler.flags[0]: expected a scheduling flag",
    ],
    [
      "niceness beyond the scale",
      { scheduler: { policy: "SCHED_OTHER", nice: 20 } },
      "scheduler.nice: expected a whole number from -20 to 19",
    ],
    [
      "an unknown I/O class",
      { ioPriority: { class: "BEST" } },
      "ioPriority.class: expected an I/O class (IOPRIO_CLASS_RT",
    ],
    [
      "an I/O priority beyond the scale",
      { ioPriority: { class: "IOPRIO_CLASS_BE", priority: 8 } },
      "ioPriority.priority: expected a whole number from 0 to 7",
    ],
    [
      "a list of CPUs that is none",
      { execCPUAffinity: { initial: "two" } },
      "execCPUAffinity.initial: expected a list of numbers such as 0-3,8",
    ],
  ])("process: %s", (_, fields, words) => {
    expect(problemOf(withProcess(fields)).message).toContain(`config.json: process.${words}`);
    expect(() => parseProcess(JSON.stringify({ ...PROCESS, ...fields }))).toThrow(`process.json: ${words}`);
  });

  test.each<[string, object, string]>([
    [
      "an unknown kind of namespace",
      withLinux("net")({}),
      'namespaces[0].type: expected a namespace (pid, network, mount, ipc, uts, user, cgroup, time), found "net"',
    ],
    ["two of one kind", withLinux("pid", "mount", "pid")({}), "namespaces[2].type: there are two pid namespaces"],
    [
      "a relative namespace",
      linux({ namespaces: [{ type: "pid", path: "ns" }] }),
      "namespaces[0].path: expected an absolute path",
    ],
    [
      "maps without a user namespace",
      linux({ uidMappings: [mapping(0, 0, 1)] }),
      "uidMappings: there is no user namespace",
    ],
    [
      "an empty map",
      withLinux("user")({ uidMappings: [mapping(0, 0, 0)] }),
      "uidMappings[0].size: expected a whole number from 1",
    ],
    [
      "more lines than the kernel takes",
      withLinux("user")({ uidMappings: Array.from({ length: 341 }, (_, at) => mapping(at, at, 1)) }),
      "uidMappings: expected at most 340 entries, found 341",
    ],
    [
      "maps that overlap inside",
      withLinux("user")({ gidMappings: [mapping(5, 100, 10), mapping(0, 200, 6)] }),
      "gidMappings[0].containerID: 5 is in another mapping already",
    ],
    [
      "maps that overlap outside",
      withLinux("user")({ gidMappings: [mapping(0, 100, 10), mapping(50, 109, 1)] }),
      "gidMappings[1].hostID: 109 is in another mapping already",
    ],
    [
      "a map beyond the last id",
      withLinux("user")({ uidMappings: [mapping(0, 4294967294, 2)] }),
      "uidMappings[0].size: 4294967294 and 2 from there go beyond",
    ],
    [
      "clocks without a time namespace",
      linux({ timeOffsets: { monotonic: { secs: 1 } } }),
      "timeOffsets: there is no time namespace",
    ],
    [
      "a clock that cannot be shifted",
      withLinux("time")({ timeOffsets: { realtime: { secs: 1 } } }),
      "timeOffsets.realtime: expected a clock (monotonic, boottime)",
    ],
    [
      "a second of too many nanoseconds",
      withLinux("time")({ timeOffsets: { boottime: { nanosecs: 1e9 } } }),
      "timeOffsets.boottime.nanosecs: expected a whole number from 0 to 999999999",
    ],
    [
      "a device of no known type",
      linux({ devices: [{ type: "x", path: "/dev/x" }] }),
      "devices[0].type: expected a type of device (c, b, u, p)",
    ],
    [
      "a device without numbers",
      linux({ devices: [{ type: "c", path: "/dev/x", major: 1 }] }),
      "devices[0].minor: missing; a device of type c has a minor number",
    ],
    [
      "a relative device",
      linux({ devices: [{ type: "p", path: "dev/x" }] }),
      "devices[0].path: expected an absolute path",
    ],
    [
      "interfaces without a network namespace",
      linux({ netDevices: { eth0: {} } }),
      "netDevices: there is no network namespace",
    ],
    ["an interface's name that is a path", withLinux("network")({ netDevices: { "../eth0": {} } }), "netDevices"],
    [
      "an interface's name that is too long",
      withLinux("network")({ netDevices: { eth0: { name: "sixteencharacter" } } }),
      "netDevices.eth0.name: expected the name of an interface",
    ],
    [
      "hidden paths without a mount namespace",
      withLinux("pid")({ maskedPaths: ["/proc/kcore"] }),
      "maskedPaths: without a mount namespace the host's own paths would be hidden",
    ],
    [
      "read-only paths without a mount namespace",
      withLinux("pid")({ readonlyPaths: ["/proc/sys"] }),
      "readonlyPaths: without a mount namespace",
    ],
    ["a relative hidden path", linux({ maskedPaths: ["proc"] }), "maskedPaths[0]: expected an absolute path"],
    [
      "an unknown propagation",
      linux({ rootfsPropagation: "public" }),
      "rootfsPropagation: expected a propagation (shared",
    ],
    [
      "groups outside of the hierarchy",
      linux({ cgroupsPath: "/a/../../b" }),
      "cgroupsPath: expected a path without ..",
    ],
    [
      "an unknown execution domain",
      linux({ personality: { domain: "BSD" } }),
      "personality.domain: expected an execution domain (LINUX, LINUX32)",
    ],
    [
      "a flag of personality",
      linux({ personality: { domain: "LINUX", flags: ["X"] } }),
      "personality.flags: the specification has no flags yet",
    ],
    [
      "an unknown memory policy",
      linux({ memoryPolicy: { mode: "MPOL_BEST" } }),
      "memoryPolicy.mode: expected a memory policy (MPOL_DEFAULT",
    ],
    [
      "a memory policy without its nodes",
      linux({ memoryPolicy: { mode: "MPOL_BIND" } }),
      "memoryPolicy.nodes: missing; MPOL_BIND needs nodes",
    ],
    [
      "nodes for a policy without",
      linux({ memoryPolicy: { mode: "MPOL_LOCAL", nodes: "0" } }),
      "memoryPolicy.nodes: MPOL_LOCAL has no nodes",
    ],
    [
      "nodes that are static and relative",
      linux({
        memoryPolicy: { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"] },
      }),
      "memoryPolicy.flags: nodes are either static or relative",
    ],
    [
      "a class of service that is a path",
      linux({ intelRdt: { closID: "../x" } }),
      "intelRdt.closID: expected the name of a directory",
    ],
    [
      "a class of service that is its parent",
      linux({ intelRdt: { closID: ".." } }),
      "intelRdt.closID: expected the name of a directory",
    ],
    [
      "a bandwidth schema of several lines",
      linux({ intelRdt: { memBwSchema: "MB:0=1\nL3:0=f" } }),
      "intelRdt.memBwSchema: expected one line that begins with MB:",
    ],
  ])("linux: %s", (_, fields, words) => {
    expect(problemOf(fields).message).toContain(`config.json: linux.${words}`);
  });

  test.each<[string, object, string]>([
    ["a size with a unit", { memory: { limit: "64m" } }, 'memory.limit: expected a whole number, found "64m"'],
    ["a limit below no limit", { memory: { swap: -2 } }, "memory.swap: expected bytes, or -1 for no limit, found -2"],
    [
      "a limit beyond 64 bits",
      { memory: { limit: 1e30 } },
      "memory.limit: expected a whole number from -9223372036854775808",
    ],
    [
      "swappiness beyond the scale",
      { memory: { swappiness: 101 } },
      "memory.swappiness: expected a whole number from 0 to 100",
    ],
    ["negative shares", { cpu: { shares: -1 } }, "cpu.shares: expected a whole number from 0"],
    [
      "a burst above the quota",
      { cpu: { quota: 1000, burst: 1001 } },
      "cpu.burst: 1001 is more than the quota of 1000",
    ],
    ["a list of CPUs with a second line", { cpu: { cpus: "0\n1" } }, "cpu.cpus: expected a list of numbers"],
    ["a group that is half idle", { cpu: { idle: 2 } }, "cpu.idle: expected a whole number from 0 to 1"],
    [
      "a device rule that says nothing",
      { devices: [{ access: "rwm" }] },
      "devices[0].allow: missing; expected true or false",
    ],
    [
      "access of an unknown kind",
      { devices: [{ allow: true, access: "rx" }] },
      "devices[0].access: expected letters of rwm",
    ],
    [
      "a weight for nothing",
      { blockIO: { weightDevice: [{ major: 8, minor: 0 }] } },
      "blockIO.weightDevice[0].weight: missing",
    ],
    [
      "a rate without a device",
      { blockIO: { throttleReadBpsDevice: [{ rate: 1 }] } },
      "blockIO.throttleReadBpsDevice[0].major: missing",
    ],
    [
      "a page size that is a path",
      { hugepageLimits: [{ pageSize: "../2MB", limit: 1 }] },
      "hugepageLimits[0].pageSize: expected a page size such as 2MB or 1GB",
    ],
    [
      "an RDMA device without limits",
      { rdma: { mlx5: {} } },
      "rdma.mlx5.hcaHandles: missing; expected hcaHandles or hcaObjects",
    ],
    [
      "an RDMA device with a blank in it",
      { rdma: { "a b": { hcaHandles: 1 } } },
      'rdma["a b"]: expected the name of an RDMA device',
    ],
    [
      "a control file that is a path",
      { unified: { "../../memory.max": "1" } },
      'unified["../../memory.max"]: expected the name of a file of cgroup v2',
    ],
    [
      "a control file's content that is no text",
      { unified: { "memory.max": 1 } },
      'unified["memory.max"]: expected text, found 1',
    ],
    [
      "a class that does not fit",
      { network: { classID: 2 ** 32 } },
      "network.classID: expected a whole number from 0 to 4294967295",
    ],
  ])("resources: %s", (_, fields, words) => {
    expect(problemOf(resources(fields)).message).toContain(`config.json: linux.resources.${words}`);
    expect(() => parseResources(JSON.stringify(fields))).toThrow(`resources.json: ${words}`);
  });

  test.each<[string, object, string]>([
    ["an unknown default", { defaultAction: "DENY" }, "defaultAction: expected an action (SCMP_ACT_KILL"],
    [
      "an unknown action",
      { syscalls: [{ names: ["read"], action: "SCMP_ACT_NO" }] },
      "syscalls[0].action: expected an action",
    ],
    [
      "no call",
      { syscalls: [{ names: [], action: "SCMP_ACT_ERRNO" }] },
      "syscalls[0].names: expected a list with the names of system calls",
    ],
    [
      "an errno for an action without",
      { syscalls: [{ names: ["read"], action: "SCMP_ACT_KILL", errnoRet: 1 }] },
      "syscalls[0].errnoRet: SCMP_ACT_KILL has no errno to return",
    ],
    [
      "an errno for a default without",
      { defaultErrnoRet: 1 },
      "defaultErrnoRet: SCMP_ACT_ALLOW has no errno to return",
    ],
    [
      "a seventh argument",
      { syscalls: [{ names: ["read"], action: "SCMP_ACT_TRAP", args: [{ index: 6, value: 0, op: "SCMP_CMP_EQ" }] }] },
      "syscalls[0].args[0].index: expected a whole number from 0 to 5",
    ],
    [
      "an unknown operator",
      { syscalls: [{ names: ["read"], action: "SCMP_ACT_TRAP", args: [{ index: 0, value: 0, op: "==" }] }] },
      "syscalls[0].args[0].op: expected an operator (SCMP_CMP_NE",
    ],
    [
      "a value beyond 64 bits",
      {
        syscalls: [
          { names: ["read"], action: "SCMP_ACT_TRAP", args: [{ index: 0, value: 2 ** 65, op: "SCMP_CMP_EQ" }] },
        ],
      },
      "syscalls[0].args[0].value: expected a whole number from 0 to 18446744073709551615",
    ],
    [
      "an unknown architecture",
      { architectures: ["SCMP_ARCH_Z80"] },
      "architectures[0]: expected an architecture (SCMP_ARCH_X86",
    ],
    [
      "an unknown flag",
      { flags: ["SECCOMP_FILTER_FLAG_NEW_LISTENER"] },
      "flags[0]: expected a flag (SECCOMP_FILTER_FLAG_TSYNC",
    ],
    ["words for nobody", { listenerMetadata: "x" }, "listenerMetadata: there is no listenerPath"],
    [
      "nobody to ask",
      { syscalls: [{ names: ["mount"], action: "SCMP_ACT_NOTIFY" }] },
      "syscalls[0].action: SCMP_ACT_NOTIFY needs a listenerPath",
    ],
    [
      "asking about everything",
      { defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/run/agent" },
      "defaultAction: SCMP_ACT_NOTIFY cannot be the default",
    ],
  ])("seccomp: %s", (_, fields, words) => {
    expect(problemOf(seccomp(fields)).message).toContain(`config.json: linux.seccomp.${words}`);
  });

  test("each says what to do, too", () => {
    expect(problemOf({ hostname: "x" }).fix).toBe('add {"type": "uts"} to linux.namespaces, or leave the name out');
    expect(problemOf(resources({ memory: { limit: "64m" } })).fix).toContain("config-linux.md");
    expect(problemOf({ root: {} }).fix).toContain("config.md");
    expect(() => parseResources('{"cpu":1}')).toThrow(
      expect.objectContaining({ fix: "the OCI runtime specification has the field in config-linux.md" }),
    );
  });
});

describe("names of the machine", () => {
  test.each(["hostname", "domainname"])("a %s takes a UTS namespace, new or joined", (field) => {
    expect(problemOf({ [field]: "box", ...withLinux("pid")({}) }).message).toContain(
      `${field}: without a UTS namespace`,
    );
    expect(problemOf({ [field]: "box", ...withLinux("uts")({}) }).message).toBe("none");
    const joined = { linux: { namespaces: [{ type: "uts", path: "/proc/1/ns/uts" }] } };
    expect(problemOf({ [field]: "box", ...joined }).message).toBe("none");
    expect(problemOf({ [field]: "x".repeat(65), ...joined }).message).toContain("longer than the kernel's 64 bytes");
  });
});
