/**
 * What a program does, said once in words that every world understands. Each kernel carries the same workload out in
 * its own way: Linux by system calls, z/OS by SVCs; in a guest, a container or a process.
 */
import type { MARKS } from "../trace/timeline.ts";
import type { Service } from "./services.ts";

/** Instructions that need nothing from anybody: no border is crossed, whatever the world. */
export interface Compute {
  readonly kind: "compute";
  readonly instructions: number;
}

/** A service of the kernel. What does not belong to the service is left out. */
export interface SystemCall {
  readonly kind: "systemCall";
  readonly service: Service;
  /** The file, program or name that it is about; for `connect` and the like the address. */
  readonly path?: string;
  /** How much is read, written, sent, received or mapped. */
  readonly bytes?: number;
  readonly descriptor?: number;
  /** For `open`, what for. A file opened for writing may have to be copied up, or created, first. */
  readonly access?: "read" | "write" | "create";
  /** The error that the program is told, `ENOENT`: the kernel has done the way to it, and nothing more. */
  readonly error?: string;
}

/** Parts of an address space that differ in what lies behind their pages. */
export const REGIONS = ["text", "data", "heap", "stack", "file", "shared"] as const;
/**
 * `text`: the program's instructions, of a file, shared by all who run it. `data`: its variables, of the same file, copied
 * when they are written. `heap` and `stack`: pages of zeros. `file`: a mapped file. `shared`: memory that several share.
 */
export type Region = (typeof REGIONS)[number];

/** First use of pages: each one is a fault that the kernel resolves without the program noticing. */
export interface PageTouch {
  readonly kind: "pageTouch";
  readonly pages: number;
  readonly access: "read" | "write";
  /** The heap, where it is left out. */
  readonly region?: Region;
  /** The first page within the region: pages touched before need no fault. Left out, they follow those touched last. */
  readonly firstPage?: number;
}

/** Blocks that have to come from the disk, or to reach it, below any cache. The program waits for them. */
export interface DiskTransfer {
  readonly kind: "disk";
  readonly access: "read" | "write";
  readonly bytes: number;
}

/** A message to or from another machine. `roundTrip` sends one and waits for an answer of the same size. */
export interface NetworkTransfer {
  readonly kind: "network";
  readonly action: "send" | "receive" | "roundTrip";
  readonly bytes: number;
}

/** Another process, or another thread of this one, that carries a program out. */
export interface Spawn {
  readonly kind: "spawn";
  readonly program: Workload;
  /** A process, where it is left out. */
  readonly as?: "process" | "thread";
  /** Whether the one that spawns waits for its end; yes unless it says no. */
  readonly wait?: boolean;
  /** Whether a process begins with execve(2); yes unless it says no, and then its own operations say when. */
  readonly executes?: boolean;
}

export interface Sleep {
  readonly kind: "sleep";
  readonly durationNs: number;
}

export const PRIVILEGED_INSTRUCTIONS = ["halt", "loadPageTable", "disableInterrupts", "startInputOutput"] as const;
/** What only a kernel may execute: HLT or LPSWE with the wait bit, MOV CR3 or LCTLG, CLI or STNSM, OUT or SSCH. */
export type PrivilegedInstruction = (typeof PRIVILEGED_INSTRUCTIONS)[number];

/** The program tries it all the same. */
export interface Privileged {
  readonly kind: "privileged";
  readonly instruction: PrivilegedInstruction;
}

export interface MarkReached {
  readonly kind: "mark";
  readonly mark: keyof typeof MARKS;
}

export type Operation =
  | Compute
  | SystemCall
  | PageTouch
  | DiskTransfer
  | NetworkTransfer
  | Spawn
  | Sleep
  | Privileged
  | MarkReached;

export interface Workload {
  readonly name: string;
  readonly operations: readonly Operation[];
}
