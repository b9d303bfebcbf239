/**
 * What was measured as costs of the simulator, by the ids that the published profile has too. A row is one cost: which
 * quantities it needs and how it is made of them. What needs something that was not measured is left out, so that the
 * published figure stays.
 */
import type { Cost, CostStatus, CostUnit } from "../../simulator/costs/cost.ts";
import type { Quantity } from "./document.ts";
import { wordsOf } from "./quantities.ts";

interface CostRow {
  readonly id: string;
  readonly unit?: CostUnit;
  readonly needs: readonly string[];
  /** From the medians, in the order of `needs`. */
  readonly value: (...medians: readonly number[]) => number;
  /** The arithmetic, where there is some. */
  readonly how?: string;
}

const COPIED_BYTES = 32 * 1024 * 1024;
/** A difference of two measured values may be nothing at all. */
const LEAST_NS = 1;
const CALLS = [
  ["openat", "openat.missing", "close", "read", "write", "lseek", "fstat", "stat", "getdents64", "dup"],
  ["mmap", "munmap", "mprotect", "pipe2", "uname", "socket", "sendto", "recvfrom"],
].flat();
const NAMESPACES = ["mount", "uts", "ipc", "pid", "network", "cgroup", "user", "time"] as const;

/**
 * The stages of our guest's boots by the simulator's rows that they mean: software emulation was measured on the machine
 * that the profile is of (`reference`), under KVM by others. How our init takes its time is a cost of its own.
 */
const BOOT_COSTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "microvm.tcg": bootIds("vm.microvm-qboot.reference"),
  "q35.tcg": bootIds("vm.q35-seabios.reference"),
  "microvm.kvm": {
    vmm: "vm.microvm-qboot.vmm",
    firmware: "vm.q35-qboot.bzimage.firmware",
    kernel: "vm.q35-qboot.bzimage.kernel",
    init: "vm.microvm-qboot.init",
    teardown: "vm.qemu.teardown",
  },
  "q35.kvm": {
    vmm: "vm.q35-seabios.bzimage.vmm",
    firmware: "vm.q35-seabios.bzimage.firmware",
    kernel: "vm.q35-seabios.bzimage.kernel",
    init: "vm.q35-seabios.init",
    teardown: "vm.q35-seabios.teardown",
  },
};

function bootIds(prefix: string): Record<string, string> {
  return Object.fromEntries(
    ["vmm", "firmware", "kernel", "init", "teardown"].map((stage) => [stage, `${prefix}.${stage}`]),
  );
}

const ROWS: readonly CostRow[] = [
  plain("linux.systemCall.entry", "systemCall"),
  plain("linux.clock", "clock"),
  less("linux.write.pipe", "pipe.write", "systemCall"),
  plain("linux.pageFault.read", "fault.read"),
  plain("linux.pageFault.zero", "fault.zero"),
  plain("linux.pageFault.write", "fault.write"),
  plain("linux.pageFault.copy", "fault.copy"),
  {
    id: "machine.copy.bytesPerMicrosecond",
    unit: "count",
    needs: ["copy.32MiB"],
    value: (ns = 1) => Math.round((COPIED_BYTES * 1000) / ns),
    how: "32 * 1048576 bytes by its time",
  },
  plain("linux.contextSwitch.process", "switch.process"),
  plain("linux.contextSwitch.thread", "switch.thread"),
  plain("linux.fork", "process.vfork"),
  {
    id: "linux.execve",
    needs: ["process.execve", "fault.read", "pipe.write"],
    value: (all = 0, fault = 0, write = 0) => Math.max(LEAST_NS, all - fault - write),
    how: "the first less a page fault and the write",
  },
  plain("linux.exit", "process.exit"),
  plain("linux.clone", "process.clone"),
  plain("linux.fork.copying", "process.fork"),
  plain("linux.thread.create", "thread.create"),
  ...["vmm", "entry", "exit.out", "exit.in", "exit.mmioWrite", "exit.mmioRead", "exit.halt", "cpuid", "teardown"].map(
    (part) => plain(`vm.tiny.${part}`, `tiny.${part}`),
  ),
  plain("hypervisor.exit.monitor", "exit.monitor"),
  plain("hypervisor.exit.kernel", "exit.kernel"),
  less("hypervisor.monitor.own", "exit.monitor", "exit.kernel"),
  ...Object.entries(BOOT_COSTS).flatMap(([boot, costs]) =>
    Object.entries(costs).map(([stage, id]) => plain(id, `boot.${boot}.${stage}`)),
  ),
  ...CALLS.map((name) => less(`linux.call.${name}`, `call.${name}`, "systemCall")),
  ...NAMESPACES.map((name) => plain(`linux.namespace.${name}`, `namespace.${name}`)),
];

function plain(id: string, quantity: string): CostRow {
  return { id, needs: [quantity], value: (median = 0) => Math.max(LEAST_NS, median) };
}

function less(id: string, whole: string, part: string): CostRow {
  return {
    id,
    needs: [whole, part],
    value: (all = 0, taken = 0) => Math.max(LEAST_NS, all - taken),
    how: "the first less the second",
  };
}

/** The costs of a container's start as they were measured are kept by this prefix; steps are made of them. */
export const START_PREFIX = "start.";

/**
 * @param quantities what was measured
 * @param inContainer names of the quantities that belong to a container's start
 * @param machine as the costs name it
 * @returns every cost that they give
 */
export function costsOf(quantities: readonly Quantity[], machine: string): Cost[] {
  const byName = new Map(quantities.map((quantity) => [quantity.name, quantity]));
  const known = ROWS.flatMap((row): Cost[] => {
    const needed = row.needs.flatMap((name) => byName.get(name) ?? []);
    const [first] = needed;
    if (first === undefined || needed.length < row.needs.length) return [];
    const status: CostStatus = row.how === undefined ? "measured" : "derived";
    const source = `ringside calibrate: ${needed.map(sourceOf).join("; ")}${row.how === undefined ? "" : `; ${row.how}`}`;
    const value = row.value(...needed.map(({ p50 }) => p50));
    return [{ id: row.id, value, unit: row.unit ?? "ns", status, source, date: dayOf(first), machine }];
  });
  const used = new Set(ROWS.flatMap(({ needs }) => needs));
  const ofStart = quantities.filter(({ name }) => !used.has(name));
  return [
    ...known,
    ...ofStart.map((quantity): Cost => {
      const { name, p50 } = quantity;
      const source = `ringside calibrate: ${sourceOf(quantity)}`;
      return {
        id: `${START_PREFIX}${name}`,
        value: p50,
        unit: "ns",
        status: "measured",
        source,
        date: dayOf(quantity),
        machine,
      };
    }),
  ];
}

function sourceOf({ name, n, p25, p50, p75, accelerator }: Quantity): string {
  const by = accelerator === undefined ? "" : `; ${accelerator}`;
  return `${wordsOf(name)}: median ${p50} ns of ${n}, middle half ${p25} to ${p75}${by}`;
}

function dayOf({ date }: Quantity): string {
  return date.slice(0, "2026-11-23".length);
}
