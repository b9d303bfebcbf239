/**
 * The plan's wire format: one row for every kernel operation that the launcher can execute.
 *
 * Both sides are made from this table. TypeScript encodes from it (native/plan/encode.ts); the C++ header
 * native/plan/operations.h is generated from it (native/plan/generate.ts), and a test holds the two equal. A new
 * operation is one row here, one function in native/launcher/operations, and one test.
 *
 * Arguments are scalars or lists; nothing in a plan is a decision. A `slot` is an index into the launcher's table of
 * file descriptors: operations put descriptors into slots and later operations use them, so that no path has to be
 * resolved twice. NO_SLOT stands for "none".
 */

/** How one argument travels: see native/plan/encode.ts for the bytes. */
export type ArgumentType = "u64" | "i64" | "slot" | "string" | "strings" | "numbers" | "bytes";

export interface OperationRow {
  readonly code: number;
  readonly arguments: Readonly<Record<string, ArgumentType>>;
  /** The manual page that the operation follows. */
  readonly manual: string;
  /** The system calls that it makes, as strace would show them. */
  readonly calls: string;
}

export const NO_SLOT = 0xffff;
export const SLOT_COUNT = 256;

/**
 * When a step runs. `host` and `cleanup` run in the launcher itself, `child` in the process that becomes the container.
 * Steps run in the order of the plan: a host step after the clone runs when the child has come to it, and the child
 * waits for it. `pause` may stand in either phase.
 * `abandon` runs in addition to `cleanup` when the owner has gone, since nobody else is left to do it.
 */
export const PHASES = { host: 0, child: 1, cleanup: 2, abandon: 3 } as const;
export type Phase = keyof typeof PHASES;

export const OPERATIONS = {
  // --- host: prepared where the host's mounts are visible ---------------------------------------------------------
  makeDirectory: {
    code: 1,
    arguments: { path: "string", mode: "u64", mayExist: "u64" },
    manual: "mkdir(2)",
    calls: "mkdir",
  },
  writeFile: { code: 2, arguments: { path: "string", value: "string" }, manual: "write(2)", calls: "openat, write" },
  openPath: { code: 3, arguments: { slot: "slot", path: "string", flags: "u64" }, manual: "open(2)", calls: "openat" },
  makeGroup: {
    code: 12,
    arguments: { path: "string", parents: "strings" },
    manual: "cgroups(7)",
    calls: "mkdir",
  },
  changeOwner: {
    code: 13,
    arguments: { path: "string", files: "strings", uid: "u64" },
    manual: "chown(2)",
    calls: "lchown",
  },
  attachDeviceFilter: {
    code: 14,
    arguments: { path: "string", program: "bytes" },
    manual: "bpf(2)",
    calls: "bpf",
  },
  newOverlay: {
    code: 5,
    arguments: {
      slot: "slot",
      lower: "strings",
      upper: "string",
      work: "string",
      options: "strings",
      attributes: "u64",
    },
    manual: "fsopen(2)",
    calls: "fsopen, fsconfig, fsmount",
  },
  openPidfd: {
    code: 6,
    arguments: { slot: "slot", pid: "u64", startTicks: "u64" },
    manual: "pidfd_open(2)",
    calls: "pidfd_open",
  },
  clone: {
    code: 7,
    arguments: { flags: "u64", cgroup: "slot" },
    manual: "clone3(2)",
    calls: "clone3",
  },

  keepLog: {
    code: 9,
    arguments: {
      directory: "string",
      firstFile: "u64",
      fileBytes: "u64",
      files: "u64",
      stdout: "slot",
      stderr: "slot",
    },
    manual: "pipe(7)",
    calls: "openat, pipe2",
  },
  serveViewers: {
    code: 10,
    arguments: { directory: "string", stdin: "slot" },
    manual: "unix(7)",
    calls: "pipe2, socket, bind, listen",
  },

  openNamespace: {
    code: 15,
    arguments: { slot: "slot", path: "string", flag: "u64" },
    manual: "ioctl_nsfs(2)",
    calls: "openat, fstatfs, ioctl(NS_GET_NSTYPE)",
  },
  writeIdMaps: {
    code: 16,
    arguments: { uidMap: "string", gidMap: "string", denySetgroups: "u64" },
    manual: "user_namespaces(7)",
    calls: "openat, write",
  },
  runIdMapper: {
    code: 18,
    arguments: { program: "string", map: "strings" },
    manual: "newuidmap(1)",
    calls: "clone3, execve, wait4",
  },
  moveNetDevice: {
    code: 17,
    arguments: { name: "string", newName: "string" },
    manual: "rtnetlink(7)",
    calls: "socket, sendto, recvfrom, setns, ioctl(SIOCSIFFLAGS)",
  },
  pause: { code: 8, arguments: { name: "string" }, manual: "unix(7)", calls: "sendmsg, recvmsg" },

  // --- host, or child of an ordinary user: file systems made ready before the container is entered -----------------
  cloneTree: {
    code: 100,
    arguments: { slot: "slot", path: "string", recursive: "u64" },
    manual: "open_tree(2)",
    calls: "open_tree",
  },
  cloneDevice: {
    code: 101,
    arguments: { slot: "slot", path: "string", mode: "u64", major: "u64", minor: "u64" },
    manual: "open_tree(2)",
    calls: "openat, fstat, open_tree",
  },
  makeUserNamespace: {
    code: 102,
    arguments: { slot: "slot", uidMap: "string", gidMap: "string" },
    manual: "user_namespaces(7)",
    calls: "clone3, openat, write, kill, wait4",
  },
  changeMount: {
    code: 103,
    arguments: {
      slot: "slot",
      set: "u64",
      clear: "u64",
      propagation: "u64",
      recursive: "u64",
      userNamespace: "slot",
    },
    manual: "mount_setattr(2)",
    calls: "mount_setattr",
  },
  lockTrees: {
    code: 109,
    arguments: { trees: "numbers" },
    manual: "mount_namespaces(7)",
    calls: "clone3, unshare, move_mount, open_tree, dup3",
  },
  connectSocket: {
    code: 104,
    arguments: { slot: "slot", path: "string" },
    manual: "unix(7)",
    calls: "socket, connect",
  },

  // --- child: the process that becomes the container ---------------------------------------------------------------
  joinCgroup: { code: 20, arguments: { slot: "slot" }, manual: "cgroups(7)", calls: "write" },
  joinNamespaces: { code: 21, arguments: { slot: "slot", flags: "u64" }, manual: "setns(2)", calls: "setns" },
  forkSibling: { code: 22, arguments: {}, manual: "clone(2)", calls: "clone3" },
  unshare: { code: 23, arguments: { flags: "u64" }, manual: "unshare(2)", calls: "unshare" },
  setPropagation: { code: 24, arguments: { flags: "u64" }, manual: "mount(2)", calls: "mount" },
  newFilesystem: {
    code: 25,
    arguments: { slot: "slot", type: "string", options: "strings", attributes: "u64" },
    manual: "fsopen(2)",
    calls: "fsopen, fsconfig, fsmount",
  },
  attachRoot: {
    code: 26,
    arguments: { slot: "slot", path: "string" },
    manual: "move_mount(2)",
    calls: "move_mount",
  },
  mountAt: {
    code: 27,
    arguments: { slot: "slot", root: "slot", path: "string", isFile: "u64", noSymlinks: "u64" },
    manual: "move_mount(2)",
    calls: "openat2, move_mount, fstat",
  },
  makeDirectoryIn: {
    code: 28,
    arguments: { root: "slot", path: "string", mode: "u64" },
    manual: "mkdir(2)",
    calls: "openat2, mkdirat",
  },
  openIn: {
    code: 29,
    arguments: { slot: "slot", root: "slot", path: "string", flags: "u64" },
    manual: "openat2(2)",
    calls: "openat2",
  },
  makeNode: {
    code: 30,
    arguments: {
      root: "slot",
      path: "string",
      mode: "u64",
      major: "u64",
      minor: "u64",
      uid: "u64",
      gid: "u64",
    },
    manual: "mknod(2)",
    calls: "mknodat, openat, fstat",
  },
  makeSymlink: {
    code: 31,
    arguments: { root: "slot", path: "string", target: "string" },
    manual: "symlink(2)",
    calls: "symlinkat",
  },
  makeFile: {
    code: 32,
    arguments: { root: "slot", path: "string", mode: "u64", value: "string" },
    manual: "open(2)",
    calls: "openat2, write",
  },
  bindFile: {
    code: 45,
    arguments: { root: "slot", path: "string", source: "slot", name: "string" },
    manual: "open_tree(2)",
    calls: "openat2, open_tree, openat2, move_mount",
  },
  maskPath: {
    code: 33,
    arguments: { root: "slot", path: "string", nullDevice: "slot", emptyDirectory: "slot" },
    manual: "open_tree(2)",
    calls: "openat2, open_tree, move_mount",
  },
  readonlyPath: {
    code: 34,
    arguments: { root: "slot", path: "string" },
    manual: "mount_setattr(2)",
    calls: "openat2, open_tree, mount_setattr, move_mount",
  },
  setMountAttributes: {
    code: 35,
    arguments: { slot: "slot", attributes: "u64" },
    manual: "mount_setattr(2)",
    calls: "mount_setattr",
  },
  pivotRoot: {
    code: 36,
    arguments: { root: "slot" },
    manual: "pivot_root(2)",
    calls: "fchdir, pivot_root, umount2, chdir",
  },
  changeRoot: { code: 105, arguments: { root: "slot" }, manual: "chroot(2)", calls: "fchdir, chroot, chdir" },
  remountIn: {
    code: 106,
    arguments: {
      root: "slot",
      path: "string",
      set: "u64",
      clear: "u64",
      recursiveSet: "u64",
      recursiveClear: "u64",
      propagation: "u64",
      options: "strings",
    },
    manual: "fspick(2)",
    calls: "openat2, fspick, fsconfig, mount_setattr",
  },
  copyUp: {
    code: 107,
    arguments: { slot: "slot", root: "slot", path: "string" },
    manual: "copy_file_range(2)",
    calls: "openat2, getdents64, openat, copy_file_range",
  },
  writeProc: {
    code: 108,
    arguments: { proc: "slot", path: "string", value: "string" },
    manual: "proc(5)",
    calls: "openat2, write",
  },
  setHostname: { code: 37, arguments: { name: "string" }, manual: "sethostname(2)", calls: "sethostname" },
  loopbackUp: { code: 38, arguments: {}, manual: "netdevice(7)", calls: "socket, ioctl" },
  openTerminal: {
    code: 39,
    arguments: { root: "slot", devices: "slot", columns: "u64", rows: "u64", uid: "u64", console: "slot" },
    manual: "ioctl_tty(2)",
    calls: "openat2, ioctl(TIOCSPTLCK), ioctl(TIOCGPTPEER), ioctl(TIOCSWINSZ), sendmsg",
  },
  setStdio: {
    code: 40,
    arguments: { stdin: "slot", stdout: "slot", stderr: "slot" },
    manual: "dup(2)",
    calls: "dup3",
  },
  placeDescriptor: { code: 44, arguments: { slot: "slot", target: "u64" }, manual: "dup(2)", calls: "dup3" },
  newSession: { code: 41, arguments: {}, manual: "setsid(2)", calls: "setsid" },
  takeTerminal: { code: 42, arguments: {}, manual: "ioctl_tty(2)", calls: "ioctl(TIOCSCTTY)" },
  joinKeyring: { code: 43, arguments: { name: "string" }, manual: "keyctl(2)", calls: "keyctl, keyctl" },
  setUmask: { code: 46, arguments: { mask: "u64" }, manual: "umask(2)", calls: "umask" },
  setNoNewPrivileges: { code: 47, arguments: {}, manual: "prctl(2)", calls: "prctl" },
  dropBounding: { code: 48, arguments: { keep: "u64" }, manual: "capabilities(7)", calls: "prctl" },
  setUser: {
    code: 49,
    arguments: { uid: "u64", gid: "u64", groups: "numbers" },
    manual: "credentials(7)",
    calls: "prctl, setgroups, setresgid, setresuid",
  },
  setCapabilities: {
    code: 50,
    arguments: { permitted: "u64", effective: "u64", inheritable: "u64", ambient: "u64" },
    manual: "capset(2)",
    calls: "capset, prctl",
  },
  setDirectory: { code: 51, arguments: { path: "string" }, manual: "chdir(2)", calls: "chdir, getcwd" },
  tryDirectory: { code: 110, arguments: { path: "string" }, manual: "chdir(2)", calls: "chdir" },
  setSeccomp: {
    code: 52,
    arguments: { filter: "bytes", flags: "u64", listener: "slot", state: "strings" },
    manual: "seccomp(2)",
    calls: "seccomp",
  },
  dieWithParent: { code: 53, arguments: { signal: "u64" }, manual: "prctl(2)", calls: "prctl, poll" },
  closeDescriptors: {
    code: 54,
    arguments: { from: "u64", keep: "slot" },
    manual: "close_range(2)",
    calls: "close_range",
  },
  resetSignals: { code: 55, arguments: {}, manual: "sigprocmask(2)", calls: "rt_sigprocmask" },
  execute: {
    code: 56,
    arguments: { candidates: "strings", argv: "strings", env: "strings" },
    manual: "execve(2)",
    calls: "execve",
  },
  waitForStart: { code: 57, arguments: { slot: "slot" }, manual: "fifo(7)", calls: "read, close" },
  runHook: {
    code: 58,
    arguments: {
      path: "string",
      args: "strings",
      env: "strings",
      timeoutMs: "u64",
      stateBefore: "string",
      stateAfter: "string",
    },
    manual: "clone(2)",
    calls: "memfd_create, clone3, poll, wait4",
  },
  resolveExecutable: {
    code: 59,
    arguments: { candidates: "strings" },
    manual: "access(2)",
    calls: "newfstatat, faccessat2",
  },
  setLimit: {
    code: 60,
    arguments: { resource: "u64", soft: "u64", hard: "u64" },
    manual: "setrlimit(2)",
    calls: "prlimit64",
  },
  setOomScore: {
    code: 61,
    arguments: { value: "string" },
    manual: "proc_pid_oom_score_adj(5)",
    calls: "openat, write",
  },
  setScheduler: {
    code: 62,
    arguments: {
      policy: "u64",
      flags: "u64",
      nice: "i64",
      priority: "u64",
      runtime: "u64",
      deadline: "u64",
      period: "u64",
    },
    manual: "sched_setattr(2)",
    calls: "sched_setattr",
  },
  setIoPriority: {
    code: 63,
    arguments: { class: "u64", priority: "u64" },
    manual: "ioprio_set(2)",
    calls: "ioprio_set",
  },
  setAffinity: {
    code: 64,
    arguments: { mask: "bytes" },
    manual: "sched_setaffinity(2)",
    calls: "sched_setaffinity",
  },
  setPersonality: { code: 65, arguments: { persona: "u64" }, manual: "personality(2)", calls: "personality" },
  setMemoryPolicy: {
    code: 66,
    arguments: { mode: "u64", nodes: "bytes" },
    manual: "set_mempolicy(2)",
    calls: "set_mempolicy",
  },
  setDomainname: { code: 67, arguments: { name: "string" }, manual: "setdomainname(2)", calls: "setdomainname" },
  setTimeOffsets: { code: 68, arguments: { text: "string" }, manual: "time_namespaces(7)", calls: "openat, write" },
  becomeRoot: {
    code: 69,
    arguments: { uid: "u64", gid: "u64" },
    manual: "user_namespaces(7)",
    calls: "setgroups, setresgid, setresuid",
  },

  // --- cleanup and abandon: in the launcher, when the process is gone ---------------------------------------------
  readReport: { code: 80, arguments: { name: "string", path: "string" }, manual: "read(2)", calls: "openat, read" },
  killCgroup: { code: 81, arguments: { path: "string" }, manual: "cgroups(7)", calls: "openat, write, kill" },
  removeGroup: {
    code: 90,
    arguments: { path: "string", parents: "strings" },
    manual: "cgroups(7)",
    calls: "rmdir",
  },
  removeDirectory: { code: 82, arguments: { path: "string" }, manual: "rmdir(2)", calls: "rmdir" },
  removeTree: { code: 83, arguments: { path: "string" }, manual: "unlink(2)", calls: "openat2, unlinkat" },
  removeFile: { code: 84, arguments: { path: "string" }, manual: "unlink(2)", calls: "unlink" },
  recordExit: {
    code: 85,
    arguments: { path: "string", socket: "string", events: "string", event: "string", remove: "u64" },
    manual: "rename(2)",
    calls: "read, openat, write, rename, unlink",
  },
  recordEvent: {
    code: 86,
    arguments: { events: "string", event: "string" },
    manual: "open(2)",
    calls: "openat, write",
  },
} as const satisfies Record<string, OperationRow>;

export type OperationName = keyof typeof OPERATIONS;

interface ArgumentValues {
  u64: number | bigint;
  i64: number | bigint;
  slot: number;
  string: string;
  strings: readonly string[];
  numbers: readonly number[];
  bytes: Uint8Array;
}

/** The arguments of one operation, by name, as TypeScript hands them to the encoder. */
export type OperationArguments<Name extends OperationName> = {
  readonly [Argument in keyof (typeof OPERATIONS)[Name]["arguments"]]: ArgumentValues[(typeof OPERATIONS)[Name]["arguments"][Argument] &
    ArgumentType];
};

/** One operation with its arguments: `{ op: "setHostname", name: "lab" }`. */
export type Operation = { [Name in OperationName]: { readonly op: Name } & OperationArguments<Name> }[OperationName];
