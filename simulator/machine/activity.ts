/**
 * What a processor can be told to do. Kernels, workloads and hypervisors are generators of activities; each layer takes
 * the activities of the layer above it and hands its own down, so that worlds are composed and not copied.
 */
import type { Arguments } from "../trace/recorder.ts";
import type { Mode } from "../trace/timeline.ts";

/**
 * Something that a guest cannot do without its hypervisor: on bare metal it is part of the burst and costs nothing
 * extra; under a hypervisor each one is an exit.
 */
export interface Trap {
  /** `user` where the monitor, a process of the host, has to act; `kernel` where the host's kernel can. */
  readonly handledIn: "host kernel" | "monitor";
  /** What the guest did: `port I/O: serial console`. */
  readonly reason: string;
  readonly count: number;
  /** Whether the burst's duration was measured in a guest and so has the exits in it already. */
  readonly included: boolean;
}

/** Running in one mode for some time. */
export interface Burst {
  readonly kind: "burst";
  readonly mode: Mode;
  readonly name: string;
  readonly stage: string;
  /** In the track's unit, a positive integer. */
  readonly duration: number;
  readonly args?: Arguments;
  readonly traps?: readonly Trap[];
}

/** Nothing of this track runs: it sleeps, or waits for somebody else. */
export interface Pause {
  readonly kind: "pause";
  readonly duration: number;
}

/** A moment worth naming. */
export interface Mark {
  readonly kind: "mark";
  readonly name: string;
  readonly args?: Arguments;
}

export type Activity = Burst | Pause | Mark;
export type Activities = Iterable<Activity>;
