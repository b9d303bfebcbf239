/**
 * What a container gets when nobody says otherwise: mounts, devices, links, hidden and read-only paths. The values are
 * Docker's (moby, daemon/pkg/oci/defaults.go) and, for devices and links, the OCI runtime specification's
 * (config-linux.md, Default Devices; runtime-linux.md, Dev symbolic links), so that an image finds what it expects.
 */
import { existsSync, readFileSync } from "node:fs";
import type { OciMount } from "./config.ts";

/** A path with the reason why it is treated so. */
export interface GuardedPath {
  readonly path: string;
  readonly why: string;
}

/** Hidden: a directory under an empty one, a file under /dev/null. A path that the kernel does not have is skipped. */
export const DEFAULT_MASKED_PATHS: readonly GuardedPath[] = [
  { path: "/proc/acpi", why: "Firmware controls, such as power and fans." },
  { path: "/proc/asound", why: "Shows what the host's sound cards do, so who is at the machine." },
  {
    path: "/proc/interrupts",
    why: "Interrupt counts give away keystrokes and neighbours' work (GHSA-6fw5-f8r9-fgfm).",
  },
  { path: "/proc/kcore", why: "The host's memory as a file." },
  { path: "/proc/keys", why: "Key rings are not in any namespace: names of other containers' keys." },
  { path: "/proc/latency_stats", why: "Kernel stack traces of other processes." },
  { path: "/proc/sched_debug", why: "Names and addresses of every task on the host." },
  { path: "/proc/scsi", why: "Writing to it can take a host's disk away." },
  { path: "/proc/timer_list", why: "Timers of all processes, with kernel addresses." },
  { path: "/proc/timer_stats", why: "The same, in kernels before 4.11." },
  { path: "/sys/devices/virtual/powercap", why: "Energy counters leak secrets of neighbours (GHSA-jq35-85cj-fj4p)." },
  { path: "/sys/firmware", why: "Firmware tables and EFI variables." },
];

/** Seen but not written. */
export const DEFAULT_READONLY_PATHS: readonly GuardedPath[] = [
  { path: "/proc/bus", why: "Raw access to the host's buses." },
  { path: "/proc/fs", why: "Settings of the host's file systems." },
  { path: "/proc/irq", why: "Which CPU serves which interrupt." },
  { path: "/proc/sys", why: "Kernel settings; most of them are the host's." },
  { path: "/proc/sysrq-trigger", why: "One letter reboots the host." },
];

export const WHY_THROTTLING_HIDDEN =
  "Counts how often this CPU got too hot: a trace of other containers' work (GHSA-6fw5-f8r9-fgfm).";

/**
 * The masked paths of this machine: the fixed ones, and for each CPU its throttling counters, where there are any
 * (they tell of neighbours' work like the interrupts do; Docker hides them since the same advisory).
 *
 * @param sys where to look for CPUs; the paths in the result begin with /sys all the same
 */
export function maskedPaths(sys = "/sys"): readonly GuardedPath[] {
  const paths = maskedBelow.get(sys) ?? findMaskedPaths(sys);
  maskedBelow.set(sys, paths);
  return paths;
}

/** Which processors are possible is settled when the machine starts. */
const maskedBelow = new Map<string, readonly GuardedPath[]>();

function findMaskedPaths(sys: string): GuardedPath[] {
  const throttling = possibleCpus(`${sys}/devices/system/cpu/possible`)
    .map((cpu) => `/devices/system/cpu/cpu${cpu}/thermal_throttle`)
    .filter((path) => existsSync(`${sys}${path}`))
    .map((path) => ({ path: `/sys${path}`, why: WHY_THROTTLING_HIDDEN }));
  return [...DEFAULT_MASKED_PATHS, ...throttling];
}

/** Reads a list such as `0-3,8`; see cpuset(7), Formats. */
function possibleCpus(path: string): number[] {
  const ranges = existsSync(path) ? readFileSync(path, "utf8").trim().split(",") : [];
  return ranges.flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    return first <= last ? Array.from({ length: last - first + 1 }, (_, index) => first + index) : [];
  });
}

/** A node of the container's /dev. All are character devices that anyone may read and write. */
export interface DefaultDevice {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly why: string;
}

export const DEFAULT_DEVICES: readonly DefaultDevice[] = [
  { path: "/dev/null", major: 1, minor: 3, mode: 0o666, why: "Swallows all, and is empty." },
  { path: "/dev/zero", major: 1, minor: 5, mode: 0o666, why: "Zero bytes without end." },
  { path: "/dev/full", major: 1, minor: 7, mode: 0o666, why: "Always full, to test what a program does then." },
  { path: "/dev/random", major: 1, minor: 8, mode: 0o666, why: "The kernel's random bytes." },
  { path: "/dev/urandom", major: 1, minor: 9, mode: 0o666, why: "The same, never waiting." },
  { path: "/dev/tty", major: 5, minor: 0, mode: 0o666, why: "Stands for the terminal of whoever opens it." },
];

export interface DefaultLink {
  readonly path: string;
  readonly target: string;
  readonly why: string;
}

export const DEFAULT_LINKS: readonly DefaultLink[] = [
  { path: "/dev/fd", target: "/proc/self/fd", why: "A process's own descriptors as files." },
  { path: "/dev/stdin", target: "/proc/self/fd/0", why: "Standard input as a file." },
  { path: "/dev/stdout", target: "/proc/self/fd/1", why: "Standard output as a file." },
  { path: "/dev/stderr", target: "/proc/self/fd/2", why: "Standard error as a file." },
  { path: "/dev/core", target: "/proc/kcore", why: "An old name, kept by tradition; its target is hidden." },
  { path: "/dev/ptmx", target: "pts/ptmx", why: "New terminals come from the container's own devpts." },
];

/** What a mount may not do, as mount_setattr(2) knows it. */
export type MountFlag = "ro" | "nosuid" | "nodev" | "noexec" | "strictatime";

export interface DefaultMount {
  readonly destination: string;
  readonly type: "proc" | "tmpfs" | "devpts" | "mqueue" | "sysfs" | "cgroup";
  /** The name that shows as the mount's source. */
  readonly source: string;
  readonly flags: readonly MountFlag[];
  /** What the file system itself is told (fsconfig(2)). */
  readonly options: readonly string[];
  readonly why: string;
}

/** In the order in which they are mounted. */
export const DEFAULT_MOUNTS: readonly DefaultMount[] = [
  {
    destination: "/proc",
    type: "proc",
    source: "proc",
    flags: ["nosuid", "nodev", "noexec"],
    options: [],
    why: "The processes of the container's own pid namespace, and nobody else's.",
  },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    flags: ["nosuid", "strictatime"],
    options: ["mode=755", "size=65536k"],
    why: "A /dev of its own, with only harmless devices in it.",
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    flags: ["nosuid", "noexec"],
    options: ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    why: "Terminals of its own, numbered from 0; the group tty (5) may write to them.",
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    flags: ["nosuid", "nodev", "noexec"],
    options: ["mode=1777", "size=65536k"],
    why: "POSIX shared memory (shm_overview(7)), 64 MiB as in Docker.",
  },
  {
    destination: "/dev/mqueue",
    type: "mqueue",
    source: "mqueue",
    flags: ["nosuid", "nodev", "noexec"],
    options: [],
    why: "POSIX message queues of the container's own IPC namespace (mq_overview(7)).",
  },
  {
    destination: "/sys",
    type: "sysfs",
    source: "sysfs",
    flags: ["nosuid", "nodev", "noexec", "ro"],
    options: [],
    why: "The kernel's view of devices and of the container's own network, to read.",
  },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    flags: ["nosuid", "nodev", "noexec", "ro"],
    options: [],
    why: "Its own control groups, to read: runtimes of languages size their heaps by the limits.",
  },
];

/** A default as a configuration writes it. */
export function mountEntry({ destination, type, source, flags, options }: DefaultMount): OciMount {
  return { destination, type, source, options: [...flags, ...options] };
}

/** Where a program is looked for when neither image nor user sets PATH. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** None are set: a container inherits the resource limits of what starts it, as with Docker and crun. */
export const DEFAULT_RLIMITS: readonly { readonly resource: number; readonly soft: number; readonly hard: number }[] =
  [];
