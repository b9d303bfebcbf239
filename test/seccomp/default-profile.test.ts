/** The default profile's verdicts, held to Docker's. */
import { describe, expect, test } from "vitest";
import { CAPABILITIES, DEFAULT_CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { type MachineArchitecture, SERVED } from "../../runtime/plan/seccomp/architectures.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../runtime/plan/seccomp/default-profile.ts";
import { loadFilter } from "../support/bpf.ts";
import { ALLOW, ENOSYS, EPERM, errno } from "../support/seccomp-meaning.ts";

/** The verdict of the default filter for a call by name, on the machine's own architecture or another that it serves. */
function verdict(
  name: string,
  args: readonly bigint[] = [],
  { capabilities = DEFAULT_CAPABILITIES, machine = "x64", served = 0 }: Setting = {},
): number {
  const architecture = SERVED[machine][served];
  const number = architecture?.numbers().get(name);
  if (architecture === undefined || number === undefined) throw new Error(`${machine} has no ${name}`);
  const filter = loadFilter(compileSeccomp(defaultSeccomp(capabilities, machine), { arch: machine }));
  return filter({ number, audit: architecture.audit, args: [...args, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6) }).verdict;
}

interface Setting {
  readonly capabilities?: readonly string[];
  readonly machine?: MachineArchitecture;
  /** Index into what the machine serves: 0 its own, on x86-64 1 for 32-bit and 2 for x32. */
  readonly served?: number;
}

const SERVED_ON_X64 = [0, 1, 2];

describe("the default profile", () => {
  test.each(["read", "openat", "execve", "mmap", "futex", "ptrace", "statmount", "mseal", "landlock_create_ruleset"])(
    "lets %s through",
    (name) => {
      expect(verdict(name)).toBe(ALLOW);
    },
  );

  test.each([
    "mount",
    "umount2",
    "pivot_root",
    "setns",
    "unshare",
    "bpf",
    "perf_event_open",
    "keyctl",
    "add_key",
    "request_key",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "kexec_load",
    "init_module",
    "reboot",
    "swapon",
    "acct",
    "settimeofday",
    "open_by_handle_at",
    "syslog",
    "move_pages",
  ])("refuses %s with EPERM, whichever way it is called", (name) => {
    for (const served of SERVED_ON_X64) expect(verdict(name, [], { served })).toBe(errno(EPERM));
  });

  test("clone makes threads and processes, and no namespaces", () => {
    const [CLONE_VM, CLONE_THREAD, SIGCHLD] = [0x100n, 0x10000n, 17n];
    const namespaces = [0x20000n, 0x2000000n, 0x4000000n, 0x8000000n, 0x10000000n, 0x20000000n, 0x40000000n];
    for (const served of SERVED_ON_X64) {
      expect(verdict("clone", [CLONE_VM | CLONE_THREAD], { served })).toBe(ALLOW);
      expect(verdict("clone", [SIGCHLD], { served })).toBe(ALLOW);
      for (const flag of namespaces) expect(verdict("clone", [flag | SIGCHLD], { served })).toBe(errno(EPERM));
    }
  });

  test("clone3 seems to be missing, so that C libraries use clone, whose flags can be seen", () => {
    for (const served of SERVED_ON_X64) expect(verdict("clone3", [], { served })).toBe(errno(ENOSYS));
  });

  test.each<[string, bigint, number]>([
    ["AF_UNIX", 1n, ALLOW],
    ["AF_INET", 2n, ALLOW],
    ["AF_INET6", 10n, ALLOW],
    ["AF_NETLINK", 16n, ALLOW],
    ["AF_PACKET", 17n, ALLOW],
    ["AF_BLUETOOTH", 31n, ALLOW],
    ["AF_XDP", 44n, ALLOW],
    ["AF_DECnet", 12n, errno(EPERM)],
    ["AF_ALG", 38n, errno(EPERM)],
    ["AF_VSOCK", 40n, errno(EPERM)],
    ["a family yet to come", 46n, errno(EPERM)],
  ])("socket with %s: the verdict is Docker's", (_, family, expected) => {
    for (const served of SERVED_ON_X64) expect(verdict("socket", [family], { served })).toBe(expected);
  });

  test("a socket family is compared with all of its 64 bits", () => {
    expect(verdict("socket", [0x1_0000_0001n])).toBe(errno(EPERM));
  });

  test.each<[bigint, number]>([
    [0n, ALLOW],
    [8n, ALLOW],
    [0x20000n, ALLOW],
    [0x20008n, ALLOW],
    [0xffffffffn, ALLOW],
    [0x40000n, errno(EPERM)],
    [1n, errno(EPERM)],
  ])("personality(0x%x): the verdict is Docker's", (persona, expected) => {
    expect(verdict("personality", [persona])).toBe(expected);
  });

  test("calls newer than the profile seem to be missing, so that programs fall back", () => {
    for (const name of ["open_tree_attr", "file_getattr", "file_setattr"]) expect(verdict(name)).toBe(errno(ENOSYS));
  });

  test.each<[string, string[]]>([
    ["CAP_SYS_ADMIN", ["mount", "setns", "unshare", "bpf", "clone3", "fsopen", "move_mount", "umount2"]],
    ["CAP_DAC_READ_SEARCH", ["open_by_handle_at"]],
    ["CAP_SYS_BOOT", ["reboot"]],
    ["CAP_SYS_CHROOT", ["chroot"]],
    ["CAP_SYS_MODULE", ["init_module", "finit_module", "delete_module"]],
    ["CAP_SYS_PACCT", ["acct"]],
    ["CAP_SYS_PTRACE", ["kcmp", "pidfd_getfd", "process_madvise"]],
    ["CAP_SYS_RAWIO", ["iopl", "ioperm"]],
    ["CAP_SYS_TIME", ["settimeofday", "clock_settime"]],
    ["CAP_SYS_TTY_CONFIG", ["vhangup"]],
    ["CAP_SYS_NICE", ["mbind", "set_mempolicy", "get_mempolicy"]],
    ["CAP_SYSLOG", ["syslog"]],
    ["CAP_BPF", ["bpf"]],
    ["CAP_PERFMON", ["perf_event_open"]],
  ])("%s brings its calls along, and without it they are refused", (capability, names) => {
    for (const name of names) {
      expect(verdict(name, [], { capabilities: [capability] })).toBe(ALLOW);
      expect(verdict(name, [], { capabilities: [] })).not.toBe(ALLOW);
    }
  });

  test("with CAP_SYS_ADMIN clone may make namespaces", () => {
    expect(verdict("clone", [0x10000000n], { capabilities: ["CAP_SYS_ADMIN"] })).toBe(ALLOW);
  });

  test("some calls stay refused with every capability", () => {
    const capabilities = Object.keys(CAPABILITIES);
    for (const name of ["keyctl", "userfaultfd", "io_uring_setup", "kexec_load", "swapon", "pivot_root"]) {
      expect(verdict(name, [], { capabilities })).toBe(errno(EPERM));
    }
  });

  test("arch_prctl is for x86-64 and x32, cacheflush for 32-bit ARM on 64-bit", () => {
    expect(verdict("arch_prctl")).toBe(ALLOW);
    expect(verdict("arch_prctl", [], { served: 2 })).toBe(ALLOW);
    expect(verdict("cacheflush", [], { machine: "arm64", served: 1 })).toBe(ALLOW);
    expect(verdict("mount", [], { machine: "arm64" })).toBe(errno(EPERM));
  });

  test("an unknown capability is an error, not a smaller profile", () => {
    expect(() => defaultSeccomp(["CAP_SYS_ADMIM"], "x64")).toThrow(/CAP_SYS_ADMIM/);
  });
});
