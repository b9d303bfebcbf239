/** What can be asked of a virtual machine, for the command line and the server alike, and what is refused at once. */

import type { ProgramOptions } from "../container/options.ts";
import type { TerminalSize } from "../container/running.ts";
import { RingsideError } from "../error.ts";
import type { ForeignArchitecture } from "../image/foreign.ts";
import type { AcceleratorName, GuestNetwork, GuestRequest, MachineType, RootKind, VmmName } from "./vmm.ts";

export interface VmOptions extends ProgramOptions {
  /** 256 MiB unless given. */
  readonly memoryBytes?: number;
  /** QEMU unless given. */
  readonly vmm?: Exclude<VmmName, "tiny">;
  readonly machine?: MachineType;
  /** A processor other than the host's, emulated: the host's own unless given. */
  readonly architecture?: ForeignArchitecture;
  /** A kernel's file; the one that the set-up has fetched unless given. */
  readonly kernel?: string;
  /** Chosen by the size of the image unless given. */
  readonly root?: RootKind;
  /** None unless given. */
  readonly network?: GuestNetwork;
  /** The agent's ports, for programs and questions beside the one that was asked for. False unless given. */
  readonly agent?: boolean;
  /** The serial line unless given. */
  readonly console?: GuestRequest["console"];
  /** The console is a terminal of this size. */
  readonly terminal?: TerminalSize;
  /** Without a terminal: the program reads what is written to the console, else nothing. */
  readonly input?: boolean;
  /** A descriptor that gets the console's output instead of `console`; the caller keeps owning it. */
  readonly stdout?: number;
  /** Chosen by a booted probe unless given. */
  readonly accelerator?: AcceleratorName;
  /** How long the guest may take until it starts the program; 60 s unless given. */
  readonly bootTimeoutMs?: number;
  /** Nothing is known of it any more once it has ended. True unless given. */
  readonly remove?: boolean;
  /** The kernel's own stamps, sent when the program has ended; they cost the end a few milliseconds. True unless given. */
  readonly kernelLog?: boolean;
}

export const DEFAULT_MEMORY_BYTES = 256 * 1024 ** 2;
export const DEFAULT_BOOT_TIMEOUT_MS = 60_000;

const MIB = 1024 ** 2;

/** What the kernel itself needs to reach its init; found by trying with Debian's 6.12: 72 MiB is too little. */
const KERNEL_NEEDS_BYTES = 80 * MIB;
/** The archive is in memory twice while the kernel unpacks it. */
const COPIES_OF_ARCHIVE = 2;

/**
 * Refuses less memory than a guest can start with: the kernel would stop without a word, before it has a console.
 *
 * @param memoryBytes what was asked for
 * @param archiveBytes the size of the initial RAM disk
 * @throws RingsideError naming the least that will do
 */
export function checkMemory(memoryBytes: number, archiveBytes: number): void {
  const least = Math.ceil((KERNEL_NEEDS_BYTES + COPIES_OF_ARCHIVE * archiveBytes) / MIB);
  if (memoryBytes >= least * MIB) return;
  throw new RingsideError(
    `a virtual machine with ${Math.floor(memoryBytes / 1024)} KiB of memory cannot start: its kernel and its root file system need ${least} MiB`,
    { fix: `--memory ${least}M or more; 256M is the default` },
  );
}
