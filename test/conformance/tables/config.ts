/** The file and the process: config.md of the specification. */
import { type Chapter, type TestName, USER } from "./feature.ts";

const ONLY_ROOT: TestName = ["mounts/users.test.ts", "is refused in words where only root could do it"];

export const CONFIG: readonly Chapter[] = [
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
          ["process/attributes.test.ts", "works where the configuration says, also where its user may not enter"],
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
];
