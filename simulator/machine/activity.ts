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
  /** Whether the processor may be taken away in the middle of it; yes unless it says no. */
  readonly preemptible?: boolean;
  /**
   * Whether an interrupt may cut it: a thread's burst unless it says no, and then nobody may preempt it either; a burst of
   * an interrupt's handler only if it says yes.
   */
  readonly interruptible?: boolean;
}

/** Nothing of this track runs: it sleeps, or waits for somebody else. */
export interface Pause {
  readonly kind: "pause";
  readonly duration: number;
}

/** Nothing runs until somebody wakes the thread: an event, a lock, a request that is answered (CpuSet.wake). */
export interface Block {
  readonly kind: "block";
  /** What for, as it is shown: `read from the disk`, `futex`. */
  readonly reason: string;
  /** Called when it has gone to sleep: the place to queue it where its waker looks. Returning true lets it go on at once. */
  readonly enter?: () => boolean;
}

/**
 * Running for as long as something else says: a vCPU in its guest. The processor tells when it is there and when it is
 * taken away; CpuSet.close ends it.
 */
export interface Open {
  readonly kind: "open";
  readonly mode: Mode;
  readonly name: string;
  readonly stage: string;
  readonly given: (now: number) => void;
  readonly taken: (now: number) => void;
}

/** A moment worth naming. */
export interface Mark {
  readonly kind: "mark";
  readonly name: string;
  readonly args?: Arguments;
}

export type Activity = Burst | Pause | Block | Open | Mark;
export type Activities = Iterable<Activity>;
