/**
 * One boot of the guest with cgroup v2 only: QEMU with Debian's cloud kernel, two processors, a read-only disk and an
 * initial RAM disk. QEMU is a process of our launcher, so it ends with this process, however that ends.
 */
import { closeSync, constants, openSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Launcher, openPipe } from "../../native/kernel.ts";
import { openStream } from "../../native/stream.ts";
import { startProcess } from "../../runtime/process/start.ts";
import type { Verdict } from "../../runtime/vm/accelerator.ts";
import { guestKernel } from "../../runtime/vm/guest-files.ts";
import { requireQemu } from "../../runtime/vm/host.ts";
import { chooseAccelerator } from "../../runtime/vm/vmm/qemu.ts";
import { guestArchive } from "./guest-archive.ts";
import { guestDisk } from "./guest-disk.ts";
import { type InnerTest, parseReportLine } from "./report.ts";

export interface GuestRun {
  readonly tests: readonly InnerTest[];
  /** What failed outside a test. */
  readonly outside: readonly string[];
  /** How the command in the guest ended; undefined when the guest ended without saying it. */
  readonly code: number | undefined;
  /** The last lines of the kernel and of what the guest wrote to its console. */
  readonly console: string;
  readonly accelerator: Verdict;
  readonly kernel: string;
}

export interface GuestOptions {
  /** What the guest's shell runs in the checkout; its standard output is the report. */
  readonly command: string;
  /** The guest's process 1 is systemd. */
  readonly systemd?: boolean;
  readonly onTest?: (test: InnerTest) => void;
  /** Lines of the command's output that are not of the report. */
  readonly onWords?: (line: string) => void;
  readonly onConsole?: (text: string) => void;
  readonly timeLimitMs?: number;
}

/** Enough for Node and a container that fills its limit; the guest takes of it what it touches. */
const MEMORY_MIB = 2048;
/** Only there to end what hangs: the guest shares its processors with all other tests. */
const TIME_LIMIT_MS = 1_200_000;
const CONSOLE_TAIL = 20_000;
const REPORT_FD = 3;
const ARCHIVE_FD = 4;

/** `cgroup_no_v1=all` leaves every controller to cgroup v2 (Documentation/admin-guide/kernel-parameters.txt). */
const KERNEL_ARGUMENTS = [
  "console=ttyS0 quiet panic=-1 tsc=reliable cryptomgr.notests initcall_blacklist=jent_mod_init",
  "cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1",
  // What guards against the processor's faults, and longer page tables, only cost time where the processor is made up.
  "mitigations=off no5lvl",
];

/** @returns the command that runs tests: paths as vitest takes them, below the checkout */
export function testCommand(paths: readonly string[]): string {
  const quoted = paths.map((path) => `'${path.replaceAll("'", "'\\''")}'`);
  return `exec node test/v2/guest/run-tests.ts ${quoted.join(" ")}`;
}

/**
 * Boots the guest and runs a command in it to the end.
 *
 * @throws Error when there is no QEMU, no kernel, no image, or no tool to make the disk with
 */
export async function runInGuest(options: GuestOptions): Promise<GuestRun> {
  await using launcher = await Launcher.open();
  using descriptors = new DisposableStack();
  const own = (fd: number): number => descriptors.adopt(fd, closeSync);
  const kernel = guestKernel();
  const accelerator = await chooseAccelerator(launcher);
  const archive = own(openUnnamed(guestArchive(kernel, { systemd: false, ...options })));
  const console = openPipe();
  const report = openPipe();
  const qemu = await startProcess(launcher, {
    argv: [requireQemu().path, ...qemuArguments(kernel.path, guestDisk(), accelerator)],
    env: [`PATH=${process.env.PATH ?? ""}`],
    stdout: own(console.writeFd),
    stderr: console.writeFd,
    extra: [own(report.writeFd), archive],
    title: "QEMU",
  });
  descriptors.dispose();
  const timer = setTimeout(() => qemu.kill("SIGKILL"), options.timeLimitMs ?? TIME_LIMIT_MS);
  const result = collector(options);
  await Promise.all([
    readLines(report.readFd, result.reportLine),
    readLines(console.readFd, result.consoleLine),
    qemu.exited,
  ]);
  clearTimeout(timer);
  return { ...result.run(), accelerator, kernel: kernel.version };
}

/**
 * Emulation counts instructions and derives the guest's time from their number, so no limit of time inside is met only
 * because this machine is busy (docs/devel/tcg-icount.rst of QEMU). While the guest waits, its time is ours: it may wait for
 * its disk.
 */
const EMULATION = ["-accel", "tcg", "-icount", "shift=0,sleep=on"];

function qemuArguments(kernel: string, disk: string, { accelerator }: Verdict): string[] {
  return [
    ...["-machine", "q35", "-cpu", "max", "-smp", "2", "-m", `${MEMORY_MIB}M`],
    ...(accelerator === "tcg" ? EMULATION : ["-accel", accelerator]),
    ...["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"],
    ...["-kernel", kernel, "-initrd", `/proc/self/fd/${ARCHIVE_FD}`, "-append", KERNEL_ARGUMENTS.join(" ")],
    ...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ...["-chardev", `file,id=report,path=/proc/self/fd/${REPORT_FD}`, "-serial", "chardev:report"],
    ...["-drive", `file=${disk},if=none,id=disk,format=raw,readonly=on`, "-device", "virtio-blk-pci,drive=disk"],
  ];
}

function collector({ onTest, onWords, onConsole }: GuestOptions) {
  const tests: InnerTest[] = [];
  const outside: string[] = [];
  let code: number | undefined;
  let tail = "";
  return {
    reportLine(text: string): void {
      const line = parseReportLine(text);
      if (line === undefined) onWords?.(text);
      else if (line.kind === "status") code = line.code;
      else if (line.kind === "outside") outside.push(`${line.file}: ${line.words}`);
      else {
        tests.push(line);
        onTest?.(line);
      }
    },
    consoleLine(text: string): void {
      tail = `${tail}${text}\n`.slice(-CONSOLE_TAIL);
      onConsole?.(text);
    },
    run: () => ({ tests, outside, code, console: tail }),
  };
}

/** Reads to the end: every copy of the writing end closes with QEMU. */
function readLines(fd: number, onLine: (line: string) => void): Promise<void> {
  const stream = openStream(fd);
  const decoder = new TextDecoder();
  let waiting = "";
  return new Promise((resolve) => {
    stream.onData((chunk) => {
      const lines = `${waiting}${decoder.decode(chunk, { stream: true })}`.split("\n");
      waiting = lines.pop() ?? "";
      for (const line of lines) onLine(line.replace(/\r$/, ""));
    });
    stream.onEnd(() => {
      if (waiting !== "") onLine(waiting);
      stream.close();
      resolve();
    });
  });
}

/** A file that nobody else can open and that goes with its last descriptor. */
function openUnnamed(content: Uint8Array): number {
  const path = join(tmpdir(), `.ringside-v2-${process.pid}-${Date.now()}`);
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    unlinkSync(path);
    for (let done = 0; done < content.length; ) done += writeSync(fd, content, done);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
