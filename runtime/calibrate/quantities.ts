/**
 * What `ringside calibrate` measures: groups, each one run of native/bench/calibrate or, where a virtual machine is needed, of
 * machines.ts; and what the names in them are.
 */

/** What a group needs beside the number of samples. */
export type GroupNeeds = "nothing" | "probe" | "container" | "kvm" | "guest";

export interface Group {
  readonly name: string;
  readonly what: string;
  /** In each of the rounds, so that a neighbour's burst of work does not decide a whole group. */
  readonly samples: number;
  readonly needs: GroupNeeds;
}

/** @returns whether a virtual machine is measured, which a container's start has nothing to do with. */
export function isOfMachines(needs: GroupNeeds): boolean {
  return needs === "kvm" || needs === "guest";
}

export const ROUNDS = 3;

export const GROUPS: readonly Group[] = [
  { name: "calls", what: "a system call, the clock, a byte into a pipe", samples: 60, needs: "nothing" },
  { name: "memory", what: "page faults, copying", samples: 40, needs: "nothing" },
  { name: "switches", what: "one processor changes hands", samples: 40, needs: "nothing" },
  { name: "processes", what: "fork, clone, exec, exit, threads", samples: 120, needs: "probe" },
  { name: "namespaces", what: "each namespace by itself", samples: 50, needs: "nothing" },
  { name: "container", what: "what a container's start is made of", samples: 80, needs: "container" },
  { name: "exits", what: "a virtual machine without a kernel, and leaving it", samples: 40, needs: "kvm" },
  { name: "boot", what: "the stages of a guest's boot, on each machine of QEMU's", samples: 1, needs: "guest" },
];

const BOOT_STAGES = {
  vmm: "from the request until the guest's processor starts",
  firmware: "until the firmware hands over to the kernel",
  kernel: "until the guest's init runs",
  init: "our init, until it executes the program",
  teardown: "from the program's end until the monitor has gone",
};

/** Every quantity in words; those of the namespaces are named by them. */
export const WORDS: Readonly<Record<string, string>> = {
  systemCall: "getpid(2), mean of 1000 in a row",
  clock: "clock_gettime(2) by the vDSO, mean of 1000 in a row",
  "pipe.write": "write(2) of one byte into a pipe, mean of 1000 in a row",
  "fault.zero": "first read of a page of zeros, mean of 256",
  "fault.write": "first write to a page of zeros, mean of 256",
  "fault.read": "first read of a file's page that is in memory; the 15 around it are mapped with it; mean of 16",
  "fault.copy": "first write to a page shared after fork(2), mean of 256",
  "copy.32MiB": "memcpy(3) of 32 MiB",
  "switch.process": "a switch between two processes over pipes on one processor, mean of 400",
  "switch.thread": "a switch between two threads over pipes on one processor, mean of 400",
  "process.vfork": "vfork(2) until the child runs",
  "process.execve": "from the child's execve(2) until the probe's byte is read",
  "process.exit": "from the probe's byte until wait(2) returns",
  "process.clone": "clone3(2) of a small process, until it returns in the parent",
  "process.fork": "clone3(2) of a small process, until the child runs",
  "thread.create": "pthread_create(3)",
  ...words("call.", "mean of 100 in a row", {
    openat: "openat(2) of a file in the same directory",
    "openat.missing": "openat(2) of a file that is not there",
    close: "close(2)",
    read: "pread(2) of one byte that is in memory",
    write: "pwrite(2) of one byte to a file in memory",
    lseek: "lseek(2)",
    fstat: "fstat(2)",
    stat: "stat(2) of a file in the same directory",
    getdents64: "getdents64(2) of a directory of 14 entries",
    dup: "dup(2)",
    mmap: "mmap(2) of 8 pages of zeros, none used",
    munmap: "munmap(2) of them",
    mprotect: "mprotect(2) of a page, there and back by turns",
    pipe2: "pipe2(2)",
    uname: "uname(2)",
    socket: "socket(2), IPv4 stream",
    sendto: "sendto(2) of 100 bytes over a socketpair(2)",
    recvfrom: "recvfrom(2) of them",
  }),
  ...words("", "in a fresh container each time", {
    "cgroup.make": "mkdir(2) of a group",
    "cgroup.make.devices": "mkdir(2) of a group, hierarchy devices",
    "cgroup.make.memory": "mkdir(2) of a group, hierarchy memory",
    "cgroup.write": "a limit of a group: openat(2), write(2)",
    "cgroup.write.devices.deny": "devices.deny: openat(2), write(2)",
    "cgroup.write.devices.allow": "devices.allow: openat(2), write(2)",
    "cgroup.devices": "a filter of devices for a group: bpf(2), loaded and attached",
    "cgroup.open": "openat(2) of a group's tasks",
    "cgroup.join": "a process joins a group: write(2)",
    "cgroup.report": "a counter of a group: openat(2), read(2)",
    "cgroup.look": "who is left in a group: openat(2), read(2)",
    "cgroup.remove": "rmdir(2) of a group",
    "cgroup.remove.devices": "rmdir(2) of a group, hierarchy devices",
    "cgroup.remove.memory": "rmdir(2) of a group, hierarchy memory",
    "layer.make": "mkdir(2) of a layer on the disk",
    "layer.directory": "mkdir(2) of a directory in it",
    "mount.overlay": "an overlay: fsopen(2), fsconfig(2), fsmount(2)",
    "mount.tmpfs": "a tmpfs: fsopen(2), fsconfig(2), fsmount(2)",
    "mount.proc": "a procfs: fsopen(2), fsconfig(2), fsmount(2)",
    "mount.devpts": "a devpts: fsopen(2), fsconfig(2), fsmount(2)",
    "mount.mqueue": "an mqueue: fsopen(2), fsconfig(2), fsmount(2)",
    "mount.sysfs": "a sysfs: fsopen(2), fsconfig(2), fsmount(2)",
    "mount.cgroup": "a mount of control groups: fsopen(2), fsconfig(2), fsmount(2)",
    "mount.propagation": "all mounts made private: mount(2)",
    "mount.attachRoot": "move_mount(2) to a path",
    "mount.attach": "at a directory that is there: openat2(2), move_mount(2), statx(2)",
    "mount.attach.new": "at a directory that is made first: mkdirat(2), move_mount(2), statx(2)",
    "mount.attributes": "mount_setattr(2)",
    "namespace.cgroup.joined": "unshare(2) of the control groups, from within a group",
    "file.make": "a file in a tmpfs: openat(2), write(2)",
    "file.bind.first": "the first file shown over another: open_tree(2), move_mount(2)",
    "file.bind": "a file shown over another: open_tree(2), move_mount(2)",
    "file.open": "openat2(2) below a root",
    "directory.known": "openat2(2) of a directory that is there",
    "node.make": "mknodat(2), and looked at: openat(2), fstat(2)",
    "link.make": "symlinkat(2)",
    "path.mask": "a file hidden: openat2(2), open_tree(2), move_mount(2)",
    "path.mask.directory": "a directory hidden: openat2(2), open_tree(2), move_mount(2)",
    "path.absent": "openat2(2) of a path that is not there",
    "path.readonly": "a path made read-only: open_tree(2), mount_setattr(2), move_mount(2)",
    "root.pivot": "pivot_root(2), and the old root let go: umount2(2)",
    "hostname.set": "sethostname(2)",
    "loopback.up": "socket(2), ioctl(2)",
    "session.new": "setsid(2)",
    "descriptors.place": "dup3(2), three times",
    "descriptors.close": "close_range(2)",
    "signals.reset": "rt_sigprocmask(2)",
    "keyring.join": "keyctl(2), twice",
    "umask.set": "umask(2)",
    "privileges.none": "prctl(2), PR_SET_NO_NEW_PRIVS",
    "bounding.drop": "prctl(2) for each capability that is given up",
    "user.set": "setgroups(2), setresgid(2), setresuid(2)",
    "capabilities.set": "capset(2), prctl(2)",
    "directory.enter": "chdir(2), getcwd(2)",
    "parent.watch": "prctl(2), poll(2)",
    "program.execute": "execve(2) of the probe, until a pipe that closes on exec tells its parent",
    "seccomp.load": "seccomp(2) with the default filter",
  }),
  ...words("tiny.", "the tiny guest", {
    vmm: "open(2) of /dev/kvm, KVM_CREATE_VM, memory, KVM_CREATE_VCPU, registers",
    entry: "the first KVM_RUN, until the guest's first instruction has left it",
    teardown: "from its last exit until nothing of it is left",
    "exit.out": "KVM_RUN until its return with an `out`",
    "exit.in": "KVM_RUN until its return with an `in`",
    "exit.mmioWrite": "KVM_RUN until its return with a write to where no memory is",
    "exit.mmioRead": "KVM_RUN until its return with a read of where no memory is",
    "exit.halt": "KVM_RUN until its return with HLT",
    cpuid: "CPUID with the loop around it, within one KVM_RUN",
  }),
  ...words("exit.", "by the processor itself, on a machine that is no guest", {
    monitor: "an `out`, out of the guest to its monitor and back",
    kernel: "CPUID with the loop around it, out of the guest to the host's kernel and back",
  }),
  ...Object.assign(
    {},
    ...["microvm", "q35"].flatMap((machine) =>
      ["kvm", "tcg"].map((accelerator) =>
        words(`boot.${machine}.${accelerator}.`, `QEMU ${machine}, our guest with the probe`, BOOT_STAGES),
      ),
    ),
  ),
};

function words(prefix: string, how: string, each: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(each).map(([name, what]) => [`${prefix}${name}`, `${what}; ${how}`]));
}

/** @returns what a quantity is; the program has none without words, which a test holds. */
export function wordsOf(name: string): string {
  const known = WORDS[name];
  if (known !== undefined) return known;
  return name.startsWith("namespace.") ? `unshare(2) in a fresh child: ${name.slice("namespace.".length)}` : name;
}
