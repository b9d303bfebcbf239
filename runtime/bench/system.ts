/**
 * The words of the startup benchmark: a *system* starts one program in one world; *preparing* it does everything that
 * must not be timed and proves that it works here.
 */

import type { Launcher } from "../../native/kernel.ts";
import type { World } from "../../simulator/trace/timeline.ts";
import type { Image } from "../image/image.ts";
import type { Journal } from "./journal.ts";
import type { Workload } from "./protocol.ts";
import type { MarkName } from "./schema.ts";

/** What one start is asked for. */
export interface RunRequest {
  /** Ends a run that would take long; a short one comes to its end. */
  readonly signal: AbortSignal;
  /** 0 … concurrency − 1. What runs at the same time has another slot: directories, ids and ports follow from it. */
  readonly slot: number;
  readonly workload: Workload;
  /** Where `serve` has to listen, as seen from the host's loopback: always `bench.portOf(slot)`; undefined for `byte`. */
  readonly port: number | undefined;
}

/** A part of a start's time, in its order. */
export interface Stage {
  readonly name: string;
  readonly ms: number;
}

/** Milliseconds from the request to each mark that the run could see. */
export type Sample = Readonly<Partial<Record<MarkName, number>>> & {
  /** The request, for a command its fork, by CLOCK_MONOTONIC: the marks count from it. */
  readonly requestedNs: number;
  readonly firstByte: number;
  readonly gone: number;
  /** Where the time went; the same names in the same order in every run of a system. */
  readonly stages?: readonly Stage[];
};

/** Ready to be timed. */
export interface System {
  readonly version: string;
  readonly accelerator: string | null;
  /** What is compared, and every way in which its work differs from the others'. */
  readonly notes: readonly string[];
  /** What it can be asked to do; what it has not got, and why, is one of its notes. */
  readonly workloads: readonly Workload[];
  /** At most what one start takes of the host's memory; the workbench's limit unless said otherwise. */
  readonly memoryBytes?: number;
  /** How many can be under way at once, where that is fewer than any number; why is one of its notes. */
  readonly mostAtOnce?: number;
  /**
   * One start.
   * @throws Error when the program did not run or did not end with 0
   */
  measure(run: RunRequest): Promise<Sample>;
}

/** What the probe is told: nothing for a byte and the end, else the port to serve (native/probe.c). */
export function probeArguments({ workload, port }: Pick<RunRequest, "workload" | "port">): string[] {
  return workload === "serve" ? ["serve", String(port)] : [];
}

export interface Reason {
  readonly reason: string;
  readonly fix: string;
}

/** A system that cannot be measured here. */
export class Unusable extends Error {
  override readonly name = "Unusable";
  readonly fix: string;

  constructor({ reason, fix }: Reason, options?: ErrorOptions) {
    super(reason, options);
    this.fix = fix;
  }
}

/** What preparing a system may use. */
export interface Workbench {
  readonly launcher: Launcher;
  /** A directory of this benchmark's own; goes when the benchmark ends. */
  readonly directory: string;
  /** The image's root file system as one directory, a copy: peers may create mount points in it. */
  readonly rootDirectory: string;
  readonly image: Image;
  /** The probe as a program of the host. */
  readonly hostProbe: string;
  /** The probe inside the image. */
  readonly guestProbe: string;
  readonly memoryBytes: number;
  readonly pidsLimit: number;
  /** How many starts are under way at once at most: slots are 0 … slots − 1. */
  readonly slots: number;
  /** The workloads that will be asked for. */
  readonly workloads: readonly Workload[];
  /** A port that was free when the benchmark began, the same one for a slot as long as it lasts. */
  portOf(slot: number): number;
  /** Where whatever is made on the host is written down before it is made, so that a kill -9 leaves nothing for good. */
  readonly journal: Journal;
  /** What has to be undone when the benchmark ends, however it ends, while the launcher is still there. */
  readonly cleanup: AsyncDisposableStack;
  /** What can only be undone when every process that the launcher started has gone. */
  readonly afterwards: AsyncDisposableStack;
}

/** A container that takes longer than this has failed; the virtual machine has a limit of its own. */
export const TIME_LIMIT_MS = 15_000;

/** Where a run's standard error goes: one file a slot. */
export function errorFileOf(bench: Pick<Workbench, "directory">, slot = 0): string {
  return `${bench.directory}/stderr-${slot}`;
}

/** One row of the table of systems. */
export interface SystemRow {
  readonly world: World;
  /** One line for `--help` and the table. */
  readonly what: string;
  /**
   * Does what must not be timed.
   * @throws Unusable with the reason and the fix
   */
  prepare(bench: Workbench): Promise<System>;
}
