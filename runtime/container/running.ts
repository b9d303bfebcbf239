/** Something that Ringside has started and watches: a process, a container, a process in a container, a VM. */
import type { ExitRecord } from "../../native/kernel.ts";
import type { ByteStream } from "../../native/stream.ts";
import type { Timeline, World } from "../../simulator/trace/timeline.ts";
import type { Finding } from "./post-mortem/finding.ts";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Terminal extends ByteStream {
  resize(size: TerminalSize): void;
}

/** One step of the plan as it really went. */
export interface PlanReportRow {
  readonly stage: string;
  readonly op: string;
  readonly why: string;
  readonly manual: string;
  readonly calls: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly errno: number;
}

/** Moments that only the one who reads the output can know, CLOCK_MONOTONIC. */
export interface ObservedMarks {
  readonly firstByteNs?: number;
}

/** How something ended, and what is found about why. */
export interface WorldExit extends ExitRecord {
  readonly findings?: readonly Finding[];
}

export interface RunningWorld {
  readonly id: string;
  readonly name: string;
  readonly world: World;
  readonly pid: number;
  readonly terminal: Terminal | undefined;
  /** When execve succeeded, CLOCK_MONOTONIC. */
  readonly startedNs: number;
  /** Nanoseconds since the request; complete once `exited` is settled. */
  timeline(marks?: ObservedMarks): Timeline;
  readonly exited: Promise<WorldExit>;
  kill(signal: string): void;
  readonly planReport: readonly PlanReportRow[];
}
