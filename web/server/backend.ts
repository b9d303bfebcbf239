/**
 * What the server needs of whoever really runs things. The server that people use has the real runtime behind it
 * (runtime-backend.ts); tests of the protocol put something without privilege there.
 */

import type { BenchReport } from "../../runtime/bench/schema.ts";
import type {
  BenchmarkComparison,
  BenchmarkLimits,
  BenchmarkLine,
  BenchmarkRequest,
  BenchmarkSystem,
  HistoryEntry,
} from "../protocol/benchmark.ts";
import type { DoctorReport } from "../protocol/doctor.ts";
import type { ExitStatus } from "../protocol/exit-status.ts";
import type { TaskResult } from "../protocol/lesson.ts";
import type { MachineKind } from "../protocol/machine.ts";
import type { MachinePlan } from "../protocol/machine-plan.ts";
import type { RaceLine, RealWorld } from "../protocol/race.ts";
import type { TerminalSize } from "../protocol/terminal-size.ts";

/** A pty as the server sees it: the master of a container's terminal, or a VM's serial console. */
export interface TerminalStream {
  onData(listener: (chunk: Uint8Array) => void): void;
  onEnd(listener: () => void): void;
  pause(): void;
  resume(): void;
  /** @returns once the program's side has taken it */
  write(data: Uint8Array): Promise<void>;
  resize(size: TerminalSize): void;
  /** Harmless when repeated. */
  close(): void;
}

/** A program with a terminal. */
export interface StartedProgram {
  readonly command: readonly string[];
  readonly stream: TerminalStream;
  readonly exited: Promise<ExitStatus>;
}

/** A machine that runs. */
export interface StartedMachine {
  readonly program: StartedProgram;
  /** VMs only. */
  readonly accelerator?: string;
  plan(): MachinePlan;
  /**
   * Another shell in it.
   *
   * @throws RingsideError where this machine can have none
   */
  openShell(size: TerminalSize): Promise<StartedProgram>;
  /** Ends everything in it and waits until nothing of it is left. Harmless when it has ended by itself. */
  remove(): Promise<void>;
}

export interface MachineRequest {
  readonly kind: MachineKind;
  readonly name: string;
  readonly image: string;
  /** The image's own where there is none. */
  readonly command: readonly string[] | undefined;
  readonly memoryBytes: number;
  readonly cpus: number | undefined;
  readonly pidsLimit: number | undefined;
  readonly size: TerminalSize;
}

/** The machine of a lesson, and its checks. */
export interface StartedLesson {
  readonly machine: StartedMachine;
  readonly image: string;
  readonly memoryBytes: number;
  /** @throws RingsideError where the lesson has no such task */
  check(task: string, input: string | undefined, signal: AbortSignal): Promise<TaskResult>;
}

/** The benchmark of starts, and what became of earlier ones. */
export interface BenchmarkBackend {
  systems(): readonly BenchmarkSystem[];
  /** What it would take at most. @throws RingsideError where a system is not known, or the machine has not so much */
  limits(request: BenchmarkRequest): BenchmarkLimits;
  /**
   * Measures, tells what happens, and keeps the report in the history, also when the signal ends it early. The last line
   * is `done`.
   *
   * @throws RingsideError where nothing could be measured at all
   */
  run(request: BenchmarkRequest, signal: AbortSignal): AsyncIterable<BenchmarkLine>;
  /** The newest first. */
  history(): readonly HistoryEntry[];
  /** @throws RingsideError where there is none */
  report(id: string): BenchReport;
  /** @throws RingsideError where one is not there, or they cannot be compared, with the reason */
  compare(before: string, after: string): BenchmarkComparison;
}

export interface Backend {
  readonly benchmark: BenchmarkBackend;
  /** @throws RingsideError with the reason and the fix */
  start(request: MachineRequest): Promise<StartedMachine>;
  /** @throws RingsideError with the reason and the fix */
  startLesson(slug: string, request: { readonly name: string; readonly size: TerminalSize }): Promise<StartedLesson>;
  /** Runs the probe in one world and says how it went: progress, then a lane or the reason why there is none. */
  race(world: RealWorld, signal: AbortSignal): AsyncIterable<RaceLine>;
  doctor(): Promise<DoctorReport>;
  /** Ends whatever is still running. Harmless when repeated. */
  close(): Promise<void>;
}
