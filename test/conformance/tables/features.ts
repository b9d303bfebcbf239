/**
 * The features of the OCI runtime specification 1.3, and the tests that hold them: from this table docs/conformance.md is
 * made (node test/conformance/document.ts), and test/style/conformance-document.test.ts finds every test that it names.
 */

/** A test: its file below test/, and its title as it stands there. */
export type TestName = readonly [file: string, title: string];

/** How a feature stands in a mode in which its tests do not run. */
export type Standing =
  /** Nothing in it depends on the mode. */
  | "same"
  /** Its logic is tested on made-up files of that kind. */
  | "made-up"
  /** Nobody has tried. */
  | "untried"
  /** It cannot be had there: an error that says what to do. */
  | "refused"
  /** The kernel has no such thing there. */
  | "none";

export interface FeatureRow {
  readonly feature: string;
  readonly tests: readonly TestName[];
  /** It works on control groups, so that their version matters. */
  readonly onGroups?: boolean;
  readonly v1?: Standing;
  readonly v2?: Standing;
  /** As an ordinary user; with the test that runs so, or that sees how it is refused. */
  readonly rootless?: Standing | { readonly run: TestName } | { readonly refused: TestName };
}

export interface Chapter {
  readonly title: string;
  readonly rows: readonly FeatureRow[];
}

const USER: TestName = [
  "mounts/users.test.ts",
  "has its root, its mounts and the host's devices, and is root in there",
];
const TEMPLATE: TestName = ["oci/template.test.ts", "runs for the user: %s"];
const ORDINARY: TestName = [
  "oci/template.test.ts",
  "gives an ordinary user what takes no control group; pause and update say what they lack",
];
const ROOTLESS = "rootless/run.test.ts";
const GIVEN_GROUP: TestName = [ROOTLESS, "is limited once root has followed that line"];
const ONLY_ROOT: TestName = ["mounts/users.test.ts", "is refused in words where only root could do it"];

export const CHAPTERS: readonly Chapter[] = [
  {
    title: "The file (config.md)",
    rows: [
      {
        feature: "every field read once; unknown ones kept, wrong ones named by their JSON path",
        tests: [
          ["oci/hostile-config.test.ts", "come back as they went in"],
          [
            "oci/hostile-config.test.ts",
            "with anything in any place are understood, or refused with the path of a field",
          ],
          ["oci/config.test.ts", "fields that nobody knows are kept as they were"],
        ],
      },
      {
        feature: "numbers of 64 bits, exact",
        tests: [
          ["oci/config.test.ts", "of 64 bits are exact"],
          ["oci/config.test.ts", "that a profile compares with are exact"],
        ],
      },
      {
        feature: "every 1.x of `ociVersion`",
        tests: [["oci/features.test.ts", "names %s, which is taken"]],
      },
      {
        feature: "nothing of a configuration is dropped: it is in the plan, or refused",
        tests: [
          ["plan/any-config.test.ts", "who the program is, where it begins and what it may use"],
          ["plan/any-config.test.ts", "every mount, device, guarded path, kernel setting and interface"],
        ],
      },
      {
        feature: "hostile files: depth, size, `__proto__`, doubled keys",
        tests: [
          ["oci/hostile-config.test.ts", "deep nesting ends with a word, not with the stack"],
          ["oci/hostile-config.test.ts", "__proto__ and constructor are keys like any other"],
          ["oci/hostile-config.test.ts", "lists and files are bounded"],
        ],
      },
      {
        feature: "`annotations`, in the state",
        tests: [
          [
            "process/hooks.test.ts",
            "gets the container's state on its standard input, with the pid as the host has it",
          ],
        ],
      },
    ],
  },
  {
    title: "Root and mounts (config.md)",
    rows: [
      {
        feature: "`root.path`",
        tests: [["mounts/root.test.ts", "is all that the inside sees, with its own mounts and no others"]],
        rootless: { run: USER },
      },
      {
        feature: "`root.readonly`",
        tests: [["mounts/root.test.ts", "cannot be written to when it is read-only, but what is mounted below it can"]],
      },
      {
        feature: "bind mounts, of directories and of files, with sources relative to the bundle",
        tests: [
          ["mounts/binds.test.ts", "shows a directory of the host, where files go both ways"],
          [
            "mounts/binds.test.ts",
            "takes a source that is relative to the bundle, and a destination without its slash",
          ],
          ["mounts/binds.test.ts", "of a file makes the file that it is shown at, and the directories on the way"],
        ],
        rootless: { run: USER },
      },
      {
        feature: "file systems: proc, tmpfs, devpts, mqueue, sysfs, and any other of the kernel's",
        tests: [
          [
            "mounts/filesystems.test.ts",
            "has the options of the mount and those of the file system each where it belongs",
          ],
          ["mounts/filesystems.test.ts", "of a type that the kernel does not know is refused"],
        ],
        rootless: { run: USER },
      },
      {
        feature: "every mount option of the specification",
        tests: [["mounts/options.test.ts", "has all that the specification names"]],
      },
      {
        feature: "recursive options (`rro` and the like)",
        tests: [
          ["mounts/binds.test.ts", "rro lets nothing be written anywhere, ro only not at the top"],
          ["mounts/binds.test.ts", "relatime and strictatime replace each other, alone and recursively"],
        ],
      },
      { feature: "propagation options", tests: [["mounts/filesystems.test.ts", "with %s has the propagation %j"]] },
      { feature: "`remount`", tests: [["mounts/filesystems.test.ts", "changes what it names and leaves the rest"]] },
      {
        feature: "`tmpcopyup`",
        tests: [
          [
            "mounts/filesystems.test.ts",
            "begins with the image's files: contents, owners, modes, times, links and nodes",
          ],
        ],
      },
      {
        feature: "id-mapped mounts (`uidMappings`, `gidMappings`, `idmap`, `ridmap`)",
        tests: [
          ["mounts/binds.test.ts", "shows files as those of other users, and writes them as the disk has them"],
          ["mounts/binds.test.ts", "maps what is mounted below it with ridmap only"],
        ],
        rootless: { refused: ONLY_ROOT },
      },
      {
        feature: "cgroup mounts",
        onGroups: true,
        tests: [
          [
            "cgroup/kernel.test.ts",
            "a container sees its own groups at /sys/fs/cgroup, as the root of the tree, and cannot write to them",
          ],
          ["cgroup/kernel.test.ts", "finds itself in each that it is shown, with a namespace of its own: %s"],
        ],
      },
    ],
  },
  {
    title: "Process (config.md)",
    rows: [
      {
        feature: "`terminal`, `consoleSize`, console socket",
        tests: [
          [
            "mounts/terminal.test.ts",
            "is the container's own, of the size asked for, and the process's controlling one",
          ],
          ["mounts/terminal.test.ts", "is /dev/console too, by descriptor and not by a link"],
          [
            "conformance/interfaces.test.ts",
            "the terminal's other end comes through the console socket, for create and for exec",
          ],
        ],
      },
      {
        feature: "`user`: uid, gid, additional groups",
        tests: [["process/attributes.test.ts", "is the user, in the groups, that the configuration names"]],
        rootless: { run: USER },
      },
      {
        feature: "`user.umask`",
        tests: [["process/attributes.test.ts", "makes files with the umask that it was given, or 022"]],
      },
      {
        feature: "`cwd`, `args`, `env`",
        tests: [
          [
            "process/attributes.test.ts",
            "works where the configuration says, and not in a directory that is another's",
          ],
          ["process/rights.test.ts", "is known before the start"],
        ],
      },
      {
        feature: "`capabilities`: five sets; unknown ones are a warning",
        tests: [
          ["process/rights.test.ts", "are exactly the five sets of the configuration"],
          ["oci/config.test.ts", "that no kernel has are left out with a warning, as the specification wants it"],
        ],
      },
      {
        feature: "`rlimits`",
        tests: [["process/attributes.test.ts", "has every resource limit that the configuration names, soft and hard"]],
      },
      {
        feature: "`noNewPrivileges`",
        tests: [["process/attributes.test.ts", "may gain rights again only without no_new_privs"]],
      },
      {
        feature: "`oomScoreAdj`",
        tests: [["process/attributes.test.ts", "is ended sooner than others when memory runs out, as asked"]],
      },
      {
        feature: "`scheduler`",
        tests: [
          ["process/attributes.test.ts", "is scheduled by %s"],
          ["process/attributes.test.ts", "has a deadline where the configuration gives one"],
        ],
        rootless: "refused",
      },
      { feature: "`ioPriority`", tests: [["process/attributes.test.ts", "has the I/O priority that it was given"]] },
      {
        feature: "`apparmorProfile`, `selinuxLabel`, `linux.mountLabel`",
        tests: [
          ["process/rights.test.ts", "name the module that the kernel lacks"],
          ["process/rights.test.ts", "are written where the module reads them"],
          ["mounts/filesystems.test.ts", "with a security label needs a kernel that has labels"],
        ],
      },
      {
        feature: "`execCPUAffinity`",
        tests: [["process/exec.test.ts", "runs on the processors that it was given in the end"]],
      },
      {
        feature: "session key ring",
        tests: [
          ["process/rights.test.ts", "is the container's own, named after it, unless it is to keep the caller's"],
        ],
      },
      {
        feature: "descriptors: none leaks, `--preserve-fds` hands some over",
        tests: [
          ["process/rights.test.ts", "are 0 to 2 and no more, whatever we hold ourselves"],
          ["process/rights.test.ts", "handed over are 3 and those that follow: %i of them"],
        ],
      },
    ],
  },
  {
    title: "Hooks (config.md)",
    rows: [
      {
        feature: "all six, in their order",
        tests: [
          [
            "conformance/interfaces.test.ts",
            "all six hooks run, in order and in their place, with the state on their standard input",
          ],
        ],
      },
      {
        feature: "prestart, createRuntime",
        tests: [
          ["process/hooks.test.ts", "comes when the namespaces and mounts are there and the root is still the host's"],
          ["engines/podman.test.ts", "runs the hooks of its hooks directory with the state on their standard input"],
        ],
      },
      {
        feature: "createContainer",
        tests: [
          [
            "process/hooks.test.ts",
            "is found on the host and runs in the container's namespaces, before the root is entered",
          ],
        ],
      },
      {
        feature: "startContainer",
        tests: [["process/hooks.test.ts", "is found in the container, runs there, and before the program"]],
      },
      {
        feature: "poststart, poststop",
        tests: [
          ["conformance/interfaces.test.ts", "a failing poststart hook makes start fail, and ends the container"],
          ["engines/podman.test.ts", "runs the hooks of its hooks directory with the state on their standard input"],
        ],
      },
      {
        feature: "timeout",
        tests: [["process/hooks.test.ts", "that takes longer than its timeout is ended, with all that it started"]],
      },
      {
        feature: "a hook that fails ends the start",
        tests: [
          ["process/hooks.test.ts", "that fails ends the start and leaves nothing, and the next one does not run"],
        ],
      },
    ],
  },
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
  {
    title: "Commands (runtime.md, and what engines call)",
    rows: [
      {
        feature: "create, start, delete: in that order, each once",
        tests: [
          [
            "conformance/lifecycle.test.ts",
            "create makes all but the program; start runs it once; delete leaves nothing",
          ],
          ["conformance/lifecycle.test.ts", "operations in the wrong state fail and change nothing"],
          ["conformance/lifecycle.test.ts", "what is in config.json after create does not matter any more"],
        ],
        rootless: { run: ORDINARY },
      },
      {
        feature: "run",
        tests: [
          [
            "conformance/lifecycle.test.ts",
            "run passes the program's exit code on, and a signal as 128 and its number",
          ],
        ],
        rootless: { run: TEMPLATE },
      },
      {
        feature: "exec",
        tests: [
          ["conformance/lifecycle.test.ts", "exec runs a program beside the first one and passes its exit code on"],
          ["conformance/lifecycle.test.ts", "exec --detach comes back at once and writes the process's number"],
          ["process/exec.test.ts", "is another user with limits and rights of its own"],
          ["process/exec.test.ts", "is under the container's filter, and not in the caller's session"],
        ],
        rootless: { run: ORDINARY },
      },
      {
        feature: "state, list",
        tests: [["conformance/lifecycle.test.ts", "list shows every container, as a table, as JSON, and by id"]],
        rootless: { run: ORDINARY },
      },
      {
        feature: "ps",
        onGroups: true,
        tests: [["cgroup/live.test.ts", "are listed, also those in groups that it made itself"]],
        rootless: { run: ORDINARY },
      },
      {
        feature: "kill, and delete by force",
        tests: [
          ["conformance/lifecycle.test.ts", "kill takes a signal as %s"],
          ["conformance/lifecycle.test.ts", "kill --all reaches every process"],
          ["conformance/lifecycle.test.ts", "a process that was never started can be killed, and deleted by force"],
        ],
        rootless: { run: ORDINARY },
      },
      {
        feature: "pause, resume",
        onGroups: true,
        tests: [
          ["conformance/lifecycle.test.ts", "pause holds every process, resume lets them go on"],
          ["cgroup/live.test.ts", "stands still and then goes on as if nothing had been"],
        ],
        rootless: { refused: ORDINARY },
      },
      {
        feature: "update",
        onGroups: true,
        tests: [
          [
            "conformance/lifecycle.test.ts",
            "update changes limits by file, by standard input and by option; events counts",
          ],
          ["cgroup/live.test.ts", "are all as they were when the kernel refuses one of them"],
        ],
        rootless: { refused: ORDINARY },
      },
      {
        feature: "events",
        onGroups: true,
        tests: [
          ["cgroup/live.test.ts", "as runc's event have its names, and numbers everywhere"],
          ["cgroup/live.test.ts", "is told at the moment when it happens, with the number of processes killed"],
        ],
        rootless: "untried",
      },
      {
        feature: "features",
        tests: [["oci/features.test.ts", "has all that runc's has, but what runc keeps to itself"]],
      },
      { feature: "spec", tests: [["oci/template.test.ts", "runs for the user: %s"]], rootless: { run: TEMPLATE } },
      {
        feature: "ids",
        tests: [["runtime/oci-command-line.test.ts", "nothing that names another directory is ever one"]],
      },
      {
        feature: "`--log`, `--log-format`, `--root`, `--pid-file`",
        tests: [
          ["conformance/lifecycle.test.ts", "errors go to the log in the form that was asked for"],
          ["runtime/oci-command-line.test.ts", "has one object alone for one error, as podman reads it"],
          ["conformance/lifecycle.test.ts", "--pid-file has the first process's number, and nothing else"],
        ],
      },
      {
        feature: "`--no-pivot`",
        tests: [["mounts/root.test.ts", "is all that the inside sees, upwards and in its mounts"]],
      },
      {
        feature: "what fails leaves nothing",
        tests: [["conformance/lifecycle.test.ts", "create fails when %s, and nothing is left"]],
      },
    ],
  },
  {
    title: "Beside crun and runc",
    rows: [
      {
        feature: "the same bundle: what the inside sees, and what is left outside, but for a table of reasons",
        onGroups: true,
        tests: [
          ["conformance/differential.test.ts", "agree on $what"],
          ["conformance/differential.test.ts", "agrees on what is left outside: nothing"],
        ],
        v2: "untried",
        rootless: "untried",
      },
    ],
  },
  {
    title: "Under engines",
    rows: [
      {
        feature: "docker",
        tests: [
          ["engines/docker.test.ts", "runs a program: its output, both streams, and its exit code"],
          ["engines/docker.test.ts", "leaves nothing behind: no group, no mount, no process, no state"],
        ],
        rootless: "untried",
      },
      {
        feature: "podman",
        tests: [
          ["engines/podman.test.ts", "runs a program: its output, both streams, and its exit code"],
          ["engines/podman.test.ts", "leaves nothing behind: no group, no mount, no process"],
        ],
        rootless: "untried",
      },
      {
        feature: "containerd",
        tests: [["engines/containerd.test.ts", "runs, lists, executes in, pauses, counts, and ends a task"]],
        rootless: "untried",
      },
    ],
  },
];
