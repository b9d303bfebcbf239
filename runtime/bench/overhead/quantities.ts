/** What `ringside bench overhead` measures: one row a quantity, in the order in which it is told. */

export type Unit = "ns" | "bytes/s";

export interface QuantityRow {
  readonly name: string;
  readonly unit: Unit;
  readonly what: string;
}

/** The quantities that native/bench/overhead measures, by the measurement that takes them. */
export const MEASUREMENTS: Readonly<Record<string, readonly QuantityRow[]>> = {
  getpid: [ns("getpid", "getpid(2), the least visit to the kernel; mean of 2000 in a row")],
  pageFault: [ns("pageFault", "the first write to a page of zeros; mean of 512 pages of 4 KiB")],
  switches: [
    ns("pipeRoundTrip", "a byte to another process and back over two pipes, both on one processor; mean of 200"),
    ns("contextSwitch", "half of that round trip, less a write and a read of a pipe without anybody to switch to"),
  ],
  forkExec: [ns("forkExec", "fork(2), execve(2) of a static program that ends at once, wait4(2); mean of 4")],
  files: [
    ns("fileWrite", "pwrite(2) of 4 KiB to a fresh file, into the page cache; mean of 256"),
    ns("fileRead", "pread(2) of 4 KiB that are in the page cache; mean of 256"),
  ],
  fsync: [ns("fsync", "pwrite(2) of 4 KiB and fsync(2); mean of 4")],
  tcpRoundTrip: [ns("tcpRoundTrip", "a byte to another process and back over TCP on the loopback; mean of 100")],
  memoryCopy: [
    { name: "memoryCopy", unit: "bytes/s", what: "16 MiB copied from memory to memory, 16 bytes an instruction" },
  ],
  compute: [ns("compute", "one turn of a loop without memory and kernel: a multiplication, an addition; mean of 10^6")],
  portExit: [
    ns("portExit", "an `in` from a port that only the monitor answers: out of the guest and back; mean of 200"),
  ],
};

/** What only the tiny guest measures; each is one exit with its way back. */
export const EXIT_QUANTITIES = {
  in: MEASUREMENTS.portExit?.[0] ?? ns("portExit", ""),
  out: ns("outExit", "an `out` to a port: out of the guest to its monitor and back"),
  "MMIO write": ns("mmioWriteExit", "a write to where no memory is: out of the guest to its monitor and back"),
  "MMIO read": ns("mmioReadExit", "a read of where no memory is: out of the guest to its monitor and back"),
  HLT: ns("haltExit", "HLT: out of the guest to its monitor and back"),
} as const;

/** CPUID goes no further than the host's kernel. */
export const CPUID_QUANTITY = ns(
  "cpuidExit",
  "CPUID with the loop around it: out of the guest to the host's kernel and back",
);

/** Every measurement but the one that only a guest is asked for: on the machine itself the port may be anything. */
export const HOST_MEASUREMENTS: readonly string[] = Object.keys(MEASUREMENTS).filter((name) => name !== "portExit");
export const GUEST_MEASUREMENTS: readonly string[] = Object.keys(MEASUREMENTS);

/** Every quantity, in its order. */
export const QUANTITIES: readonly QuantityRow[] = [
  ...Object.values(MEASUREMENTS).flat(),
  ...Object.values(EXIT_QUANTITIES).filter(({ name }) => name !== "portExit"),
  CPUID_QUANTITY,
];

function ns(name: string, what: string): QuantityRow {
  return { name, unit: "ns", what };
}
