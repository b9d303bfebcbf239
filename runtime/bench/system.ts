/**
 * The words of the startup benchmark: a *system* starts one program in one world; *preparing* it does everything that
 * must not be timed and proves that it works here.
 */

import type { Launcher } from "../../native/kernel.ts";
import type { World } from "../../simulator/trace/timeline.ts";
import type { Image } from "../image/image.ts";
import type { MarkName } from "./schema.ts";

/** Milliseconds from the request to each mark that the run could see. */
export type Sample = Readonly<Partial<Record<MarkName, number>>> & {
  readonly firstByte: number;
  readonly gone: number;
};

/** Ready to be timed. */
export interface System {
  readonly version: string;
  readonly accelerator: string | null;
  /** What is compared, and every way in which its work differs from the others'. */
  readonly notes: readonly string[];
  /**
   * One start.
   * @param signal ends a run that would take long; a short one comes to its end
   * @throws Error when the program did not run or did not end with 0
   */
  measure(signal: AbortSignal): Promise<Sample>;
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
  /** What has to be undone when the benchmark ends, however it ends, while the launcher is still there. */
  readonly cleanup: AsyncDisposableStack;
  /** What can only be undone when every process that the launcher started has gone. */
  readonly afterwards: AsyncDisposableStack;
}

/** A container that takes longer than this has failed; the virtual machine has a limit of its own. */
export const TIME_LIMIT_MS = 15_000;

/** Where a run's standard error goes; one run at a time. */
export function errorFileOf(bench: Workbench): string {
  return `${bench.directory}/stderr`;
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
