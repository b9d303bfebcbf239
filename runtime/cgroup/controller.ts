/** What every controller of this room says of itself: one file per controller, one object in it. */
import type { Limits } from "./limits.ts";

/** One value written into one of a new group's files before anything runs in it. */
export interface Setting {
  readonly file: string;
  readonly value: string;
  /** One sentence for the learner. */
  readonly why: string;
}

/** A file of the group that is worth reading when the container has ended, just before the group is removed. */
export interface Report {
  /** The name that parseReports knows it by. */
  readonly name: string;
  readonly file: string;
}

export interface SettingsContext {
  readonly version: 1 | 2;
  /** Whether memory and swap can be limited together here (the kernel may have been built or booted without). */
  readonly swap: boolean;
}

export interface Controller {
  readonly name: string;
  /** One sentence: what a group of this controller does for a container. */
  readonly why: string;
  /** The option that asks for it, for error messages; undefined where no option does. */
  readonly option: string | undefined;
  /** Whether a container with these limits cannot do without it. */
  needed(limits: Limits): boolean;
  /** Whether it is joined on v1 even if nothing is limited. On v2 one group serves all controllers: nothing is saved. */
  readonly joinedOnV1: boolean;
  settings(limits: Limits, context: SettingsContext): Setting[];
  reports(version: 1 | 2): Report[];
}
