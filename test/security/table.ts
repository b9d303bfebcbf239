/** Every hole of other runtimes that could be one of ours: its cause, our defence, and the tests that hold it. */
import type { Verdict } from "./peers.ts";

export interface SecurityRow {
  /** As a test's name begins, or what the case is called. */
  readonly cves: readonly string[];
  readonly cause: string;
  readonly defence: string;
  /** A file below test/ and a part of a name that stands in it. */
  readonly tests: readonly (readonly [file: string, title: string])[];
}

/** As Debian 12 has them. */
export const PEER_VERSIONS = { crun: "1.8.1", runc: "1.1.5" } as const;

type Verdicts = Readonly<Record<"ringside" | "crun" | "runc", Verdict>>;

/** What each of them did with the bundles of peers.ts; peers.test.ts looks again. */
export const PEER_VERDICTS: Readonly<Record<string, Verdicts>> = {
  "CVE-2019-19921": { ringside: "holds", crun: "holds", runc: "holds" },
  "CVE-2026-41579": { ringside: "holds", crun: "falls", runc: "falls" },
  "CVE-2025-31133": { ringside: "holds", crun: "holds", runc: "holds" },
  "CVE-2026-55686": { ringside: "holds", crun: "holds", runc: "holds" },
  "CVE-2024-21626": { ringside: "holds", crun: "falls", runc: "holds" },
  "CVE-2025-52881": { ringside: "holds", crun: "holds", runc: "holds" },
  "CVE-2022-29162": { ringside: "holds", crun: "holds", runc: "holds" },
  "CVE-2026-30892": { ringside: "holds", crun: "falls", runc: "falls" },
};

export const ROWS: readonly SecurityRow[] = [
  {
    cves: ["CVE-2019-5736"],
    cause: "a container opens its runtime's own program by /proc/PID/exe and overwrites it",
    defence: "the launcher runs as a sealed copy in memory; Node is never in a container",
    tests: [["security/launcher.test.ts", "CVE-2019-5736"]],
  },
  {
    cves: ["CVE-2016-9962"],
    cause: "a process that enters a container can be traced, and its descriptors taken, before its program runs",
    defence: "it is not dumpable, and has closed its descriptors, before the program runs",
    tests: [["security/launcher.test.ts", "CVE-2016-9962"]],
  },
  {
    cves: ["CVE-2024-21626"],
    cause: "a descriptor of the host stays open, and the working directory goes through it",
    defence: "every descriptor is closed before the program is looked up; a working directory must have a name inside",
    tests: [
      ["security/launcher.test.ts", "CVE-2024-21626"],
      ["security/paths.test.ts", "CVE-2024-21626"],
    ],
  },
  {
    cves: ["CVE-2019-19921", "CVE-2023-27561", "CVE-2023-28642", "CVE-2025-62596", "CVE-2025-54867"],
    cause: "/proc or /sys of an image is a link, and what is mounted or written there lands elsewhere",
    defence: "no link is followed to where /proc, /sys and control groups are mounted; what is no directory is refused",
    tests: [["security/hostile-root.test.ts", "CVE-2019-19921"]],
  },
  {
    cves: ["CVE-2019-16884", "CVE-2025-52881"],
    cause: "something is mounted over the files of /proc that a start writes: labels and settings go elsewhere",
    defence: "they are written below a procfs that is attached nowhere, checked by its magic number, no mount crossed",
    tests: [["security/hostile-root.test.ts", "CVE-2019-16884"]],
  },
  {
    cves: ["CVE-2021-30465", "CVE-2024-45310"],
    cause: "a directory becomes a link between the check and the mount",
    defence: "targets are opened in the root (openat2, RESOLVE_IN_ROOT), made by handle, and mounted on by descriptor",
    tests: [["security/paths.test.ts", "CVE-2021-30465"]],
  },
  {
    cves: ["CVE-2025-31133", "CVE-2025-62161"],
    cause: "an image's /dev/null is a link, and its target is what covers hidden files",
    defence: "the cover is held by descriptor and must be the device 1:3; a node that is there must be the very device",
    tests: [["security/hostile-root.test.ts", "CVE-2025-31133"]],
  },
  {
    cves: ["CVE-2025-52565"],
    cause: "/dev/console is bound from a /dev/pts/N that somebody else has put there",
    defence:
      "the terminal comes from the ptmx of a devpts (5:2) and is bound by descriptor (TIOCGPTPEER), never by path",
    tests: [["security/hostile-root.test.ts", "CVE-2025-52565"]],
  },
  {
    cves: ["CVE-2026-41579", "CVE-2026-47766"],
    cause: "/dev of an image is a link, and devices are made outside of the root",
    defence: "/dev is opened once, in the root; each node is made below its descriptor and looked at again",
    tests: [["security/hostile-root.test.ts", "CVE-2026-41579"]],
  },
  {
    cves: ["CVE-2026-55686"],
    cause: "a working directory through a link is made on the host",
    defence: "it is made inside the root, by handle",
    tests: [["security/paths.test.ts", "CVE-2026-55686"]],
  },
  {
    cves: ["CVE-2022-24769", "CVE-2022-27649", "CVE-2022-27650", "CVE-2022-29162"],
    cause: "inheritable capabilities are not empty, so files with inheritable ones gain them",
    defence: "inheritable is exactly what the configuration says, and otherwise nothing; the same for exec",
    tests: [["security/rights.test.ts", "CVE-2022-24769"]],
  },
  {
    cves: ["CVE-2022-0492"],
    cause: "a container makes a user namespace, mounts a hierarchy of control groups, and writes its release_agent",
    defence: "the filter refuses namespaces and mounts, the capability is not there, and groups are read-only",
    tests: [["security/rights.test.ts", "CVE-2022-0492"]],
  },
  {
    cves: ["CVE-2023-25809"],
    cause: "without a cgroup namespace, groups of others are mounted, and may be written",
    defence: "the own group alone is mounted, with the flags of the configuration",
    tests: [["security/groups.test.ts", "CVE-2023-25809"]],
  },
  {
    cves: ["CVE-2021-43784"],
    cause: "a length of 16 bits overflows in the message to the process that sets up the container",
    defence: "every length of a plan is checked against what is there; decoding is fuzzed under sanitizers",
    tests: [
      ["security/configuration.test.ts", "CVE-2021-43784"],
      ["native/decoder.test.ts", "survives every damaged one"],
    ],
  },
  {
    cves: ["CVE-2026-30892"],
    cause: "a lenient parser of users takes what is no number for another user",
    defence: "plain decimal numbers from end to end, within range; everything else is refused",
    tests: [["security/configuration.test.ts", "CVE-2026-30892"]],
  },
  {
    cves: ["CVE-2022-0811"],
    cause: "the value of one kernel setting smuggles in another one, of the host",
    defence: "only settings of namespaces that the container has; a name that was checked is the path that is written",
    tests: [
      ["security/configuration.test.ts", "CVE-2022-0811"],
      ["oci/sysctl.test.ts", "CVE-2022-0811"],
    ],
  },
  {
    cves: ["crun 1.28"],
    cause: "a path of control groups with .. in it leads out of the own ones",
    defence: "each component is checked; only plain names go down",
    tests: [["security/configuration.test.ts", "crun 1.28"]],
  },
  {
    cves: ["crun 1.29"],
    cause: "a container that was frozen is left so when its runtime ends",
    defence: "whoever is to be killed is thawed, whoever has frozen it",
    tests: [
      ["security/groups.test.ts", "crun 1.29"],
      ["monitor/life.test.ts", "that is paused when its monitor is killed is swept up too"],
    ],
  },
  {
    cves: ["CVE-2020-15257"],
    cause: "an abstract socket of the runtime can be reached from a container on the host's network",
    defence: "sockets have names of files, 0600, in a directory for their owner alone",
    tests: [["security/groups.test.ts", "CVE-2020-15257"]],
  },
  {
    cves: ["CVE-2022-31030"],
    cause: "output without end fills the memory of whoever keeps it",
    defence: "files of bounded size and number; a reader that does not read is left behind, and told so",
    tests: [["monitor/logs.test.ts", "costs the monitor no more memory when a container prints without end"]],
  },
  {
    cves: ["CVE-2017-5226"],
    cause: "a program types into the terminal that it was started from (TIOCSTI)",
    defence: "each process has a session of its own, and a terminal of its own or none; the capability is not there",
    tests: [["security/rights.test.ts", "CVE-2017-5226"]],
  },
  {
    cves: ["CVE-2015-1331", "CVE-2017-5985", "CVE-2022-47952"],
    cause: "state in directories that others can prepare; helpers with set-user-ID",
    defence: "state directories are made anew for their owner alone; there is no set-user-ID program",
    tests: [["security/configuration.test.ts", "CVE-2015-1331"]],
  },
  {
    cves: ["CVE-2015-1334"],
    cause: "attaching trusts the /proc of the container",
    defence: "exec enters by a pidfd and asks the host's /proc, or one that it has made",
    tests: [["security/rights.test.ts", "CVE-2015-1334"]],
  },
];

/** What is no hole of anybody's but has to hold all the same. */
export const PROMISES: readonly SecurityRow[] = [
  {
    cves: ["fork bomb", "memory bomb", "full disk", "descriptors"],
    cause: "a container takes all that it can get",
    defence: "limits of processes, memory, file systems and descriptors; the host and a neighbour go on",
    tests: [
      ["security/exhaustion.test.ts", "by a fork bomb"],
      ["security/exhaustion.test.ts", "with a memory bomb"],
      ["security/exhaustion.test.ts", "with a full disk"],
      ["security/exhaustion.test.ts", "by opening files"],
    ],
  },
  {
    cves: ["malformed plans"],
    cause: "the launcher is sent bytes that are no plan",
    defence: "the plan is sealed, then checked whole, before its first step",
    tests: [
      ["native/plan-format.test.ts", "without having touched anything"],
      ["native/decoder.test.ts", "refuses bytes that are no plan at all"],
    ],
  },
];
