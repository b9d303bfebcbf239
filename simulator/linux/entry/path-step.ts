/** One action of an entry path, counted and not timed: what the hardware or one place of the source does. */
import type { Burst } from "../../machine/activity.ts";

export interface PathStep {
  readonly mode: "user" | "kernel" | "hypervisor";
  readonly name: string;
  readonly source: string;
}

/** @returns the step as one unit on a track that counts steps. */
export function pathActivity({ mode, name, source }: PathStep, stage: string): Burst {
  return { kind: "burst", mode, name, stage, duration: 1, args: { evidence: "verified", source } };
}

/** @returns a step in kernel mode. */
export function inKernel(name: string, source: string): PathStep {
  return { mode: "kernel", name, source };
}
