/**
 * The four worlds in words, in the order of the race.
 */

import type { World } from "../../../simulator/trace/timeline.ts";

export interface WorldRow {
  readonly world: World;
  readonly title: string;
  readonly subtitle: string;
  /** Why it is not run for real, where it never is. */
  readonly neverReal: string | undefined;
}

export const WORLDS: readonly WorldRow[] = [
  { world: "process", title: "Process", subtitle: "fork and exec on the kernel that is there", neverReal: undefined },
  {
    world: "container",
    title: "Container",
    subtitle: "a process with a view of its own, on the same kernel",
    neverReal: undefined,
  },
  {
    world: "vm",
    title: "Virtual machine",
    subtitle: "a second kernel, on a machine made of software",
    neverReal: undefined,
  },
  {
    world: "address-space",
    title: "Address space",
    subtitle: "z/OS, the START command",
    neverReal:
      "Always simulated: z/OS runs on its own hardware only. No timings of it are public, so this lane counts steps and has no place on the axis above.",
  },
];
