/** What is Linux's own: config-linux.md of the specification. */
import { type Chapter, type TestName, USER } from "./feature.ts";

const ROOTLESS = "rootless/run.test.ts";
const GIVEN_GROUP: TestName = [ROOTLESS, "is limited once root has followed that line"];

export const CONFIG_LINUX: readonly Chapter[] = [
  {
    title: "Namespaces and ids (config-linux.md)",
    rows: [
      {
        feature: "all eight, new",
        tests: [["process/namespaces.test.ts", "may be all eight, new"]],
        rootless: { run: USER },
      },
      {
        feature: "joined by path, and of the right type",
        tests: [
          ["process/namespaces.test.ts", "%s can be another process's"],
          ["process/namespaces.test.ts", "what is joined has to be a namespace, and of that type"],
        ],
      },
      { feature: "left out: the host's", tests: [["process/namespaces.test.ts", "left out are the host's"]] },
      {
        feature: "`uidMappings`, `gidMappings`",
        tests: [
          ["process/namespaces.test.ts", "has the maps of the configuration, and its root is nobody special outside"],
        ],
        rootless: { run: [ROOTLESS, "has them in its containers, and all that they leave is removed"] },
      },
      {
        feature: "`timeOffsets`",
        tests: [["process/namespaces.test.ts", "shows clocks with the offsets of the configuration"]],
      },
      {
        feature: "`hostname`, `domainname`",
        tests: [["process/attributes.test.ts", "knows its domain, and the host's stays what it was"]],
      },
      {
        feature: "`netDevices`",
        tests: [
          [
            "process/net-devices.test.ts",
            "moves in under its new name, up, with its settings and its global addresses",
          ],
        ],
        rootless: "refused",
      },
    ],
  },
  {
    title: "Devices, paths and settings (config-linux.md)",
    rows: [
      {
        feature: "default devices and links",
        tests: [["mounts/devices.test.ts", "%s has the default devices and links"]],
        rootless: { run: USER },
      },
      {
        feature: "`devices`",
        tests: [
          ["mounts/devices.test.ts", "makes nodes of every type, with owner and mode, wherever they are asked for"],
        ],
      },
      {
        feature: "`maskedPaths`",
        tests: [
          ["mounts/guards.test.ts", "hide files and directories, %s"],
          ["mounts/users.test.ts", "has its paths hidden and protected"],
        ],
      },
      {
        feature: "`readonlyPaths`",
        tests: [["mounts/guards.test.ts", "can be read and not written, nor what is mounted below them"]],
      },
      {
        feature: "`sysctl`: those of the container's namespaces only",
        tests: [
          ["mounts/guards.test.ts", "sets the container's own and not the host's"],
          ["oci/sysctl.test.ts", "%j is refused, whichever namespaces there are (CVE-2022-0811)"],
          ["mounts/users.test.ts", "has its own kernel settings"],
        ],
      },
      { feature: "`rootfsPropagation`", tests: [["mounts/root.test.ts", "%s makes the root %j inside"]] },
      {
        feature: "`personality`",
        tests: [["process/attributes.test.ts", "believes to run on a 32-bit machine when it is told so"]],
      },
      {
        feature: "`memoryPolicy`",
        tests: [["process/attributes.test.ts", "takes its memory from the nodes that it was given"]],
      },
      {
        feature: "`intelRdt` (no machine of ours has it: a directory stands for resctrl)",
        tests: [
          ["plan/intel-rdt.test.ts", "is the container's own unless one is named, and goes with it"],
          ["plan/intel-rdt.test.ts", "without resctrl the configuration is refused, not half-obeyed"],
        ],
      },
    ],
  },
  {
    title: "Seccomp (config-linux.md)",
    rows: [
      {
        feature: "actions, operators, arguments, three architectures of x86-64 and two of ARM",
        tests: [
          ["seccomp/libseccomp.test.ts", "agree on random profiles and calls on %s"],
          ["seccomp/profile-kernel.test.ts", "gives the errno that a rule names, to 64-bit calls and to 32-bit ones"],
          [
            "seccomp/profile-kernel.test.ts",
            "finds a call of 32-bit programs within socketcall, and leaves its neighbours alone",
          ],
        ],
      },
      {
        feature: "engines' own profiles",
        tests: [
          ["seccomp/libseccomp.test.ts", "agree on podman's default profile on %s"],
          ["seccomp/libseccomp.test.ts", "agree on the default profile for every call and many arguments on %s"],
        ],
      },
      {
        feature: "flags",
        tests: [["seccomp/profile-kernel.test.ts", "with the flag %s is taken, also where nobody listens"]],
      },
      {
        feature: "`SCMP_ACT_NOTIFY`, `listenerPath`, `listenerMetadata`",
        tests: [
          ["process/notify.test.ts", "hands its listener and the state over, with no_new_privs %s"],
          ["process/notify.test.ts", "is not started when nobody listens, or when it names nobody"],
        ],
      },
      {
        feature: "with and without `noNewPrivileges`",
        tests: [["process/rights.test.ts", "is in force with no_new_privs %s"]],
      },
    ],
  },
  {
    title: "Control groups (config-linux.md)",
    rows: [
      {
        feature: "`cgroupsPath`",
        onGroups: true,
        tests: [
          [
            "cgroup/paths.test.ts",
            "absolute from the top, relative below ours, with a service manager's colons as they are",
          ],
          ["cgroup/kernel.test.ts", "the process is in all of its groups and they hold the values"],
        ],
      },
      {
        feature: "ownership of the group",
        onGroups: true,
        v1: "none",
        tests: [
          ["cgroup/paths.test.ts", "the user of the program, where the mount is writable and the namespace new"],
          ["cgroup/live.test.ts", "lets its owner make groups below, and keeps its limits from it"],
        ],
      },
      {
        feature: "`memory`",
        onGroups: true,
        tests: [
          ["cgroup/kernel.test.ts", "a program that wants more memory than allowed is killed, and the report says so"],
          ["cgroup/live.test.ts", "with checkBeforeUpdate memory in use is never taken"],
        ],
      },
      {
        feature: "`cpu`",
        onGroups: true,
        tests: [
          [
            "cgroup/kernel.test.ts",
            "a program that wants more of the CPU than allowed is held back, and how long is counted",
          ],
        ],
      },
      {
        feature: "`cpu.cpus`, `cpu.mems`",
        onGroups: true,
        tests: [["cgroup/kernel.test.ts", "has a number for each CPU and node that it may use, on the way down too"]],
      },
      {
        feature: "`pids`",
        onGroups: true,
        tests: [["cgroup/kernel.test.ts", "a fork bomb ends at the limit, is counted, and leaves no process"]],
      },
      {
        feature: "`blockIO`, `hugepageLimits`, `network`, `rdma`: each value where it belongs",
        onGroups: true,
        tests: [
          ["cgroup/controllers.test.ts", "a weight of blkio becomes one of io, from least to most"],
          [
            "cgroup/controllers.test.ts",
            "huge pages are limited in use and in reservation, where the kernel knows reservations",
          ],
        ],
      },
      {
        feature: "`unified`",
        onGroups: true,
        v1: "refused",
        tests: [
          [
            "cgroup/fuzz.test.ts",
            "on %s are refused by name or written as plain words into the container's own groups",
          ],
        ],
      },
      {
        feature: "the list of devices: v1's own, a BPF program on v2",
        onGroups: true,
        tests: [
          ["cgroup/devices.test.ts", "v2's program answers as the specification means, whatever the rules"],
          ["cgroup/live.test.ts", "a node for the kernel's log can be made and not opened; harmless devices work"],
          ["cgroup/kernel.test.ts", "root may make a node for a disk and may not open it; harmless devices work"],
        ],
        rootless: "refused",
      },
      {
        feature: "a limit that cannot be enforced is an error that names it and the fix",
        onGroups: true,
        tests: [["cgroup/controllers.test.ts", "each refusal names the field and what to do"]],
        rootless: { run: [ROOTLESS, "is told of a limit which line gives it the group that it needs"] },
      },
      {
        feature: "systemd makes the group (`--systemd-cgroup`)",
        onGroups: true,
        tests: [
          ["cgroup/systemd.test.ts", "holds the container, with its limits, and goes with it"],
          ["cgroup/systemd.test.ts", "the unit's name, its slice, the process and every property counted"],
        ],
        rootless: "refused",
      },
      {
        feature: "delegated groups of an ordinary user",
        onGroups: true,
        tests: [
          ["cgroup/paths.test.ts", "on v1 in a group with its number, if somebody has given it that"],
          ["cgroup/paths.test.ts", "beside its own group on v2, where that group's parent is its own"],
          [ROOTLESS, "is told of a limit which line gives it the group that it needs"],
        ],
        rootless: { run: GIVEN_GROUP },
      },
    ],
  },
];
