/**
 * Defences taken out one at a time, and the test that must see each of them gone: `npm run test:mutants`. What an edit
 * replaces stands in its file exactly once; test/security/mutants.test.ts keeps that true.
 */
export interface Edit {
  /** From the top of the checkout. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Mutant {
  /** What `npm run test:mutants NAME` takes. */
  readonly name: string;
  readonly cve: string;
  /** The file with the test, from the top of the checkout. */
  readonly test: string;
  /** What vitest's -t takes: a part of the test's full name. */
  readonly only: string;
  /** The defence that is taken out. */
  readonly defence: string;
  readonly edits: readonly Edit[];
}

const ROOTS = "test/security/hostile-root.test.ts";
const PATHS = "test/security/paths.test.ts";
const LAUNCHER = "test/security/launcher.test.ts";
const CONFIGURATION = "test/security/configuration.test.ts";
const RIGHTS = "test/security/rights.test.ts";
const EXHAUSTION = "test/security/exhaustion.test.ts";
const GROUPS = "test/security/groups.test.ts";

/** Paths are followed as a naive runtime does it: by the host's links. */
const NAIVE_WALK: Edit = {
  file: "native/launcher/walk.cc",
  from: "sys::openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);",
  to: 'sys::openat2(root, path[strspn(path, "/")] != 0 ? path + strspn(path, "/") : ".", flags, resolve & ~RESOLVE_IN_ROOT);',
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: "links-at-proc",
    cve: "CVE-2019-19921, CVE-2023-27561, CVE-2025-62596",
    test: ROOTS,
    only: "CVE-2019-19921",
    defence: "no link where /proc, /sys or the control groups are mounted",
    edits: [
      {
        file: "runtime/plan/mount-context.ts",
        from: 'new Set(["proc", "sysfs", "cgroup", "cgroup2"])',
        to: "new Set<string>()",
      },
    ],
  },
  {
    name: "dev-through-links",
    cve: "CVE-2026-41579, CVE-2026-47766",
    test: ROOTS,
    only: "CVE-2026-41579",
    defence: "paths below a root are resolved in it (RESOLVE_IN_ROOT)",
    edits: [NAIVE_WALK],
  },
  {
    name: "exchanged-names",
    cve: "CVE-2021-30465, CVE-2024-45310",
    test: PATHS,
    only: "no mount, no directory and no file lands on the host",
    defence: "paths below a root are resolved in it (RESOLVE_IN_ROOT)",
    edits: [NAIVE_WALK],
  },
  {
    name: "working-directory-through-link",
    cve: "CVE-2026-55686",
    test: PATHS,
    only: "through a link is made inside",
    defence: "paths below a root are resolved in it (RESOLVE_IN_ROOT)",
    edits: [NAIVE_WALK],
  },
  {
    name: "unchecked-nodes",
    cve: "CVE-2025-31133, CVE-2025-62161",
    test: ROOTS,
    only: "CVE-2025-31133",
    defence: "a node that is there already must be the very device",
    edits: [
      {
        file: "native/launcher/nodes.cc",
        from: "if (!isOfKind(status, node)) {",
        to: "if (!isOfKind(status, node)) return 0;\n    if (!isOfKind(status, node)) {",
      },
    ],
  },
  {
    name: "any-ptmx",
    cve: "CVE-2025-52565",
    test: ROOTS,
    only: "CVE-2025-52565",
    defence: "a terminal comes from the ptmx of a devpts and from nothing else, and /dev/console is no link",
    edits: [
      {
        file: "native/launcher/terminal.cc",
        from: "if (!isPtmx(master.get())) return Outcome::failed(ENOTTY);",
        to: "(void)isPtmx;",
      },
    ],
  },
  {
    name: "seen-proc",
    cve: "CVE-2019-16884, CVE-2025-52881",
    test: ROOTS,
    only: "a kernel setting is made although a tmpfs covers /proc/sys/net",
    defence: "kernel settings are written below a procfs that nobody else has",
    edits: [
      {
        file: "runtime/plan/private-proc.ts",
        from: 'op: "newFilesystem",\n      slot: proc,\n      type: "proc",\n      options: ["source=proc"],\n      attributes: nosuid | nodev | noexec,',
        to: 'op: "cloneTree",\n      slot: proc,\n      path: "/proc",\n      recursive: 1,',
      },
    ],
  },
  {
    name: "unsealed-launcher",
    cve: "CVE-2019-5736",
    test: LAUNCHER,
    only: "CVE-2019-5736",
    defence: "the launcher runs as a sealed copy in memory",
    edits: [{ file: "native/launcher/main.cc", from: "if (!runSealed(argv)) return errno;", to: "(void)argv;" }],
  },
  {
    name: "dumpable",
    cve: "CVE-2016-9962",
    test: LAUNCHER,
    only: "cannot be looked into",
    defence: "what is still ours in a container is not dumpable",
    edits: [
      {
        file: "native/launcher/main.cc",
        from: "prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)",
        to: "prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)",
      },
      {
        file: "native/launcher/identity.cc",
        from: "prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)",
        to: "prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)",
      },
    ],
  },
  {
    name: "descriptors-stay-open",
    cve: "CVE-2024-21626",
    test: LAUNCHER,
    only: "are closed before the program",
    defence: "descriptors are closed, and not only marked, before the program is looked up",
    edits: [
      {
        file: "native/launcher/execute.cc",
        from: "  return closeAllBut(from, kept, 2) ? Outcome::done() : Outcome::failed(errno);",
        to: "  return from == 0 && kept[0] == kept[1] ? Outcome::failed(EINVAL) : Outcome::done();",
      },
    ],
  },
  {
    name: "unreachable-directory",
    cve: "CVE-2024-21626",
    test: LAUNCHER,
    only: "even where the host's directory was handed over",
    defence: "a working directory must have a name inside (getcwd)",
    edits: [
      {
        file: "native/launcher/identity.cc",
        from: "return path[0] == '/' ? Outcome::done() : Outcome::failed(ENOENT);",
        to: "return Outcome::done();",
      },
    ],
  },
  {
    name: "naive-users",
    cve: "CVE-2026-30892",
    test: CONFIGURATION,
    only: "CVE-2026-30892",
    defence: "a user is a plain decimal number from end to end",
    edits: [
      {
        file: "runtime/cli/oci/exec-options.ts",
        from: "const id = /^(0|[1-9]\\d{0,9})$/.test(text) ? Number(text) : Number.NaN;",
        to: "const id = Number.parseInt(text);",
      },
    ],
  },
  {
    name: "smuggled-settings",
    cve: "CVE-2022-0811",
    test: CONFIGURATION,
    only: "CVE-2022-0811",
    defence: "a kernel setting must be in a namespace of the container's own",
    edits: [
      {
        file: "runtime/oci/sysctl.ts",
        from: "  if (owner === undefined) {",
        to: "  if (owner === undefined) return undefined;\n  if (owner === undefined) {",
      },
    ],
  },
  {
    name: "groups-above",
    cve: "crun 1.28 (.. in cgroup paths)",
    test: CONFIGURATION,
    only: "crun 1.28",
    defence: "a path of groups has no . or ..",
    edits: [{ file: "runtime/cgroup/path.ts", from: 'component === ".." ||', to: "" }],
  },
  {
    name: "prepared-state",
    cve: "CVE-2015-1331, CVE-2022-47952",
    test: CONFIGURATION,
    only: "CVE-2015-1331",
    defence: "a state directory is made anew, or the id is taken",
    edits: [
      {
        file: "runtime/container/oci/store.ts",
        from: "mkdirSync(directory, { mode: 0o700 });",
        to: "mkdirSync(directory, { mode: 0o700, recursive: true });",
      },
    ],
  },
  {
    name: "inheritable",
    cve: "CVE-2022-24769, CVE-2022-27649, CVE-2022-27650, CVE-2022-29162",
    test: RIGHTS,
    only: "CVE-2022-24769",
    defence: "inheritable is what the configuration says, and nothing unless it says so",
    edits: [
      {
        file: "runtime/plan/capability-sets.ts",
        from: "const inheritable = take(sets.inheritable);",
        to: "const inheritable = permitted;",
      },
    ],
  },
  {
    name: "no-filter",
    cve: "CVE-2022-0492",
    test: RIGHTS,
    only: "CVE-2022-0492",
    defence: "the filter lets nobody make namespaces",
    edits: [{ file: "runtime/container/spec.ts", from: "...(seccomp !== null && { seccomp }),", to: "" }],
  },
  {
    name: "callers-session",
    cve: "CVE-2017-5226",
    test: RIGHTS,
    only: "CVE-2017-5226",
    defence: "each process begins a session of its own",
    edits: [
      {
        file: "native/launcher/terminal.cc",
        from: "return setsid() < 0 ? Outcome::failed(errno) : Outcome::done();",
        to: "return Outcome::done();",
      },
    ],
  },
  {
    name: "containers-proc",
    cve: "CVE-2015-1334",
    test: RIGHTS,
    only: "CVE-2015-1334",
    defence: "exec asks no /proc of the container's",
    edits: [
      { file: "runtime/container/oci/exec-plan.ts", from: '      ...oomSteps(process, "child"),\n', to: "" },
      {
        file: "runtime/container/oci/exec-plan.ts",
        from: "...enterSteps(entrance, slots),",
        to: '...enterSteps(entrance, slots), ...oomSteps(process, "child"),',
      },
    ],
  },
  {
    name: "groups-of-others",
    cve: "CVE-2023-25809",
    test: GROUPS,
    only: "CVE-2023-25809",
    defence: "without a cgroup namespace the own group is what is mounted",
    edits: [
      {
        file: "runtime/cgroup/mounts.ts",
        from: 'op: "cloneTree", slot, path: directory, recursive: 0',
        to: 'op: "cloneTree", slot, path: directory + "/..", recursive: 0',
      },
    ],
  },
  {
    name: "left-frozen",
    cve: "crun 1.29 (frozen container left frozen)",
    test: GROUPS,
    only: "crun 1.29",
    defence: "whoever is killed is thawed too",
    edits: [
      {
        file: "native/launcher/container-end.cc",
        from: "if (step.operation() == Operation::killCgroup) cgroups::thawCgroup(step);",
        to: "(void)step;",
      },
    ],
  },
  {
    name: "open-socket",
    cve: "CVE-2020-15257",
    test: GROUPS,
    only: "CVE-2020-15257",
    defence: "a monitor's socket is its owner's alone",
    edits: [{ file: "native/launcher/monitor-viewers.cc", from: "umask(0177)", to: "umask(0)" }],
  },
  {
    name: "unbounded-lengths",
    cve: "CVE-2021-43784, malformed plans",
    test: "test/native/decoder.test.ts",
    only: "the plan decoder",
    defence: "no length in a plan leads beyond its end",
    edits: [
      { file: "native/launcher/plan.cc", from: "if (!good_ || length > end_ - at_) {", to: "if (!good_) {" },
      { file: "native/launcher/plan.cc", from: "    if (at_ > end_) good_ = false;\n", to: "" },
    ],
  },
  {
    name: "unbounded-log",
    cve: "CVE-2022-31030",
    test: "test/monitor/logs.test.ts",
    only: "stays within its bounds whatever is printed",
    defence: "a log's files are bounded, and the oldest goes first",
    edits: [
      {
        file: "native/launcher/monitor-log.cc",
        from: "if (file >= files_) unlinkat(directory_.get(), FileName(file - files_).text, 0);",
        to: "",
      },
    ],
  },
  {
    name: "no-process-limit",
    cve: "fork bomb",
    test: EXHAUSTION,
    only: "by a fork bomb",
    defence: "a limit of processes is written to the kernel",
    edits: [{ file: "runtime/container/spec.ts", from: "pids: { limit: pidsLimit }", to: "" }],
  },
  {
    name: "no-memory-limit",
    cve: "memory bomb",
    test: EXHAUSTION,
    only: "with a memory bomb",
    defence: "a limit of memory is written to the kernel",
    edits: [{ file: "runtime/container/spec.ts", from: "memory: { ...resources.memory, limit: memoryBytes }", to: "" }],
  },
];
