/** What every controller of this room says of itself: one file per controller, one object in it. */
import type { OciResources } from "../oci/config.ts";

/** One value written into one of a group's files. */
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
  /**
   * Whether a group of this hierarchy has a file: kernels differ in how they were built. undefined where there is no
   * group yet that could tell.
   */
  has(file: string): boolean | undefined;
  /** The group is being made: what it has anyway need not be written, and an older kernel may not have the file. */
  readonly isNew: boolean;
  /** What a file of the group holds now; undefined where there is no such file, or no group yet. */
  now(file: string): string | undefined;
  /** A file at the top of the hierarchy; undefined where it is not there. */
  atTop(file: string): string | undefined;
}

export interface Controller {
  /** The kernel's name on v1. */
  readonly name: string;
  /** The kernel's name on v2, where it differs; null where v2 has no such controller. */
  readonly unifiedName?: string | null;
  /** One sentence: what a group of this controller does for a container. */
  readonly why: string;
  /** What of these resources cannot be had without it, as users know it: `--memory (linux.resources.memory.limit)`. */
  asked(resources: OciResources): readonly string[];
  /** Whether it is joined on v1 even if nothing is limited. On v2 one group serves all controllers: nothing is saved. */
  readonly joinedOnV1: boolean;
  /** @throws RingsideError for a value that makes no sense, or that this version cannot hold */
  settings(resources: OciResources, context: SettingsContext): Setting[];
  reports(version: 1 | 2): Report[];
}

/** A controller's name where the layout would list it. */
export function nameOn({ name, unifiedName }: Controller, version: 1 | 2): string | undefined {
  if (version === 1 || unifiedName === undefined) return name;
  return unifiedName ?? undefined;
}

/** The names of the fields that have a value; a 0 or an empty list from an engine stands for "not set" (Go's omitempty). */
export function given(prefix: string, fields: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const isUnset =
      value === undefined ||
      value === 0 ||
      value === "" ||
      value === false ||
      (Array.isArray(value) && value.length === 0);
    return isUnset ? [] : [`${prefix}.${name}`];
  });
}
