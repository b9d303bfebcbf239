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
const SOURCE =
  "the launcher's stamps around each step of a real start of ringside/base: the fastest tenth (p10) of 400 starts, since the machine was busy with other work";

/** Operation of the plan, what it is about, nanoseconds. */
const STEP_NS: readonly (readonly [string, string, number])[] = [
  ["makeDirectory", "/sys/fs/cgroup/devices", 31286],
  ["writeFile", "/sys/fs/cgroup/devices/devices.deny", 14783],
  ["writeFile", "/sys/fs/cgroup/devices/devices.allow", 5398],
  ["makeDirectory", "/sys/fs/cgroup/memory", 54361],
  ["openPath", "/sys/fs/cgroup/devices/tasks", 5929],
  ["openPath", "/sys/fs/cgroup/memory/tasks", 8252],
  ["makeDirectory", "/var/lib/ringside/layers", 42904],
  ["makeDirectory", "/var/lib/ringside/layers/upper", 16114],
  ["makeDirectory", "/var/lib/ringside/layers/work", 14862],
  ["makeDirectory", "/var/lib/ringside/layers/root", 14652],
  ["newOverlay", "", 170164],
  ["clone", "pid mount network uts ipc", 559254],
  ["joinCgroup", "", 8172],
  ["unshare", "cgroup", 5819],
  ["setPropagation", "", 4517],
  ["newFilesystem", "tmpfs", 14582],
  ["attachRoot", "/var/lib/ringside/layers/root", 3015],
  ["newFilesystem", "proc", 15894],
  ["mountAt", "/proc", 15813],
  ["mountAt", "/dev", 9194],
  ["newFilesystem", "devpts", 18287],
  ["mountAt", "/dev/pts", 19759],
  ["mountAt", "/dev/shm", 12299],
  ["newFilesystem", "mqueue", 8443],
  ["mountAt", "/dev/mqueue", 11106],
  ["newFilesystem", "sysfs", 13540],
  ["mountAt", "/sys", 9104],
  ["makeNode", "null", 9083],
  ["makeNode", "zero", 6410],
  ["makeNode", "full", 6229],
  ["makeNode", "random", 6329],
  ["makeNode", "urandom", 6149],
  ["makeNode", "tty", 6089],
  ["makeSymlink", "fd", 5719],
  ["makeSymlink", "stdin", 4798],
  ["makeSymlink", "stdout", 4517],
  ["makeSymlink", "stderr", 4446],
  ["makeSymlink", "core", 4697],
  ["makeSymlink", "ptmx", 7110],
  ["makeFile", "/etc/hostname", 105888],
  ["makeFile", "/etc/hosts", 39519],
  ["makeDirectoryIn", "/", 1993],
  ["openIn", "null", 1402],
  ["maskPath", "/proc/acpi", 11477],
  ["maskPath", "/proc/interrupts", 9694],
  ["maskPath", "/proc/keys", 8793],
  ["maskPath", "/proc/timer_list", 8533],
  ["maskPath", "/sys/firmware", 9584],
  ["readonlyPath", "/proc/bus", 10285],
  ["readonlyPath", "/proc/fs", 9113],
  ["readonlyPath", "/proc/irq", 9034],
  ["readonlyPath", "/proc/sys", 9143],
  ["pivotRoot", "", 137134],
  ["setHostname", "", 1382],
  ["loopbackUp", "", 68292],
  ["newSession", "", 17747],
  ["setStdio", "", 1322],
  ["resetSignals", "", 14873],
  ["joinKeyring", "", 8142],
  ["setUmask", "", 261],
  ["setNoNewPrivileges", "", 631],
  ["dropBounding", "", 31557],
  ["setUser", "", 4157],
  ["setCapabilities", "", 2864],
  ["setDirectory", "/", 1963],
  ["dieWithParent", "", 1202],
  ["closeDescriptors", "", 22083],
  ["setSeccomp", "", 130304],
];

/** Each step of each operation, and for a step that nobody measured the median of its operation's. */
export const REFERENCE_CONTAINER_COSTS: readonly Cost[] = [
  ...STEP_NS.map(([op, subject, value]): Cost => ({ id: stepCostId(op, subject), value, source: SOURCE, ...MEASURED })),
  ...operationMedians(),
  {
    id: "container.cleanup.call",
    value: 22442,
    source: `from the end of the program until its owner knows that nothing is left, 202 us, the fastest tenth (p10) of 400 starts, since the machine was busy with other work; spread evenly over the 9 system calls of the cleanup`,
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
