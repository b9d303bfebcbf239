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
    edits: [{ file: "native/launcher/main.cc", from: "if (!runSealed(argv)) return 1;", to: "(void)argv;" }],
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
        from: "  return sys::close_range(from, ~0u, 0) < 0 ? Outcome::failed(errno) : Outcome::done();",
        to: "  return Outcome::done();",
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
];
