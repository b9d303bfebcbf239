/**
 * What each step of a default container's start takes: measured by us on the reference machine with the stamps that the
 * launcher puts around every step of a real start. Steps that are not in here are reckoned by their system calls.
 */
import type { Cost } from "./cost.ts";

const MEASURED = {
  unit: "ns",
  status: "measured",
  date: "2026-11-23",
  machine: "reference machine: x86-64, 2 cores, 24 GiB, Linux 6.18, cgroups v1",
} as const;
const SOURCE = "the launcher's stamps around each step of a real start of ringside/base: median of 400 starts";

/** Operation of the plan, what it is about, nanoseconds. */
const STEP_NS: readonly (readonly [string, string, number])[] = [
  ["makeDirectory", "/sys/fs/cgroup/devices", 29855],
  ["writeFile", "/sys/fs/cgroup/devices/devices.deny", 14471],
  ["writeFile", "/sys/fs/cgroup/devices/devices.allow", 5258],
  ["makeDirectory", "/sys/fs/cgroup/memory", 49344],
  ["openPath", "/sys/fs/cgroup/devices/tasks", 5899],
  ["openPath", "/sys/fs/cgroup/memory/tasks", 8082],
  ["makeDirectory", "/var/lib/ringside/layers", 55573],
  ["makeDirectory", "/var/lib/ringside/layers/upper", 17346],
  ["makeDirectory", "/var/lib/ringside/layers/work", 15633],
  ["makeDirectory", "/var/lib/ringside/layers/root", 15483],
  ["newOverlay", "", 169453],
  ["clone", "pid mount network uts ipc", 585804],
  ["joinCgroup", "", 14221],
  ["unshare", "cgroup", 5789],
  ["setPropagation", "", 4847],
  ["newFilesystem", "tmpfs", 14472],
  ["attachRoot", "/var/lib/ringside/layers/root", 2924],
  ["makeFile", "hostname", 17246],
  ["makeFile", "hosts", 9214],
  ["newFilesystem", "proc", 15523],
  ["mountAt", "/proc", 15353],
  ["mountAt", "/dev", 8863],
  ["newFilesystem", "devpts", 17536],
  ["mountAt", "/dev/pts", 15614],
  ["mountAt", "/dev/shm", 10856],
  ["newFilesystem", "mqueue", 8102],
  ["mountAt", "/dev/mqueue", 10676],
  ["newFilesystem", "sysfs", 12699],
  ["mountAt", "/sys", 8773],
  ["mountAt", "/sys/fs/cgroup", 9354],
  ["newFilesystem", "cgroup", 11918],
  ["mountAt", "/sys/fs/cgroup/devices", 13800],
  ["mountAt", "/sys/fs/cgroup/memory", 13350],
  ["setMountAttributes", "", 1652],
  ["makeNode", "null", 9003],
  ["makeNode", "zero", 6239],
  ["makeNode", "full", 6069],
  ["makeNode", "random", 6039],
  ["makeNode", "urandom", 6169],
  ["makeNode", "tty", 5939],
  ["makeSymlink", "fd", 5748],
  ["makeSymlink", "stdin", 4526],
  ["makeSymlink", "stdout", 4567],
  ["makeSymlink", "stderr", 4437],
  ["makeSymlink", "core", 4507],
  ["makeSymlink", "ptmx", 7782],
  ["bindFile", "/etc/hostname", 18718],
  ["bindFile", "/etc/hosts", 11608],
  ["makeDirectoryIn", "/", 1593],
  ["openIn", "null", 1152],
  ["maskPath", "/proc/acpi", 10265],
  ["maskPath", "/proc/interrupts", 9444],
  ["maskPath", "/proc/keys", 8542],
  ["maskPath", "/proc/timer_list", 8323],
  ["maskPath", "/sys/firmware", 9103],
  ["readonlyPath", "/proc/bus", 9193],
  ["readonlyPath", "/proc/fs", 8933],
  ["readonlyPath", "/proc/irq", 8763],
  ["readonlyPath", "/proc/sys", 8944],
  ["pivotRoot", "", 97205],
  ["setHostname", "", 1782],
  ["loopbackUp", "", 78838],
  ["newSession", "", 9754],
  ["setStdio", "", 1312],
  ["resetSignals", "", 15603],
  ["joinKeyring", "", 9624],
  ["setUmask", "", 271],
  ["setNoNewPrivileges", "", 1031],
  ["dropBounding", "", 31577],
  ["setUser", "", 5048],
  ["setCapabilities", "", 2965],
  ["setDirectory", "/", 1953],
  ["dieWithParent", "", 1252],
  ["closeDescriptors", "", 22724],
  ["setSeccomp", "", 97746],
];

/** Each step of each operation, and for a step that nobody measured the median of its operation's. */
export const REFERENCE_CONTAINER_COSTS: readonly Cost[] = [
  ...STEP_NS.map(([op, subject, value]): Cost => ({ id: stepCostId(op, subject), value, source: SOURCE, ...MEASURED })),
  ...operationMedians(),
  {
    id: "container.cleanup.call",
    value: 23057,
    source: `from the end of the program until its owner knows that nothing is left, 208 us, median of 400 starts; spread evenly over the 9 system calls of the cleanup`,
    ...MEASURED,
    status: "derived",
  },
];

/** @returns the id of a step's cost; without a subject, of any step of its operation. */
export function stepCostId(op: string, subject: string): string {
  return subject === "" ? `container.${op}` : `container.${op}.${subject}`;
}

function operationMedians(): Cost[] {
  const operations = new Set(STEP_NS.filter(([, subject]) => subject !== "").map(([op]) => op));
  return Array.from(operations, (op): Cost => {
    const sorted = STEP_NS.filter(([name]) => name === op).map(([, , ns]) => ns);
    sorted.sort((left, right) => left - right);
    const value = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const source = `median of the ${sorted.length} steps of this operation: ${SOURCE}`;
    return { id: stepCostId(op, ""), value, source, ...MEASURED, status: "derived" };
  });
}
