/**
 * The words that every room shares for "what happened when": a timeline is tracks with spans on them, each span in one
 * mode of the processor. A real container start, a real VM boot and every simulation produce this same thing, and one
 * viewer draws them all.
 */

/**
 * The four worlds. One hue each on screen, one lane each in the race.
 */
export type World = "process" | "container" | "vm" | "address-space";

/**
 * The processor's mode during a span. `user` and `kernel` are Linux's words, `problem` and `supervisor` are
 * z/Architecture's for the same border (Principles of Operation, SA22-7832, PSW bit 15).
 */
export type Mode = "user" | "kernel" | "hypervisor" | "problem" | "supervisor";

/** How deep below the waterline a mode lies: 0 is on the surface, each border of privilege is one level. */
export const DEPTH_OF_MODE: Readonly<Record<Mode, 0 | 1 | 2>> = {
  user: 0,
  problem: 0,
  kernel: 1,
  supervisor: 1,
  hypervisor: 2,
};

/**
 * Where a figure comes from. A figure without provenance is a defect.
 * `detail` says what in words: for measured the machine's kernel and the accelerator, for simulated the scenario, seed
 * and cost model, for published the source.
 */
export interface Provenance {
  readonly kind: "measured" | "simulated" | "published";
  readonly detail: string;
  readonly n?: number;
  /** ISO 8601. */
  readonly date?: string;
  readonly accelerator?: string;
}

/**
 * What a track's positions count. `step` is for z/OS, where no public timings exist: the lane is drawn against steps
 * and says so.
 */
export type TimeUnit = "ns" | "step";

export interface Track {
  readonly id: string;
  readonly name: string;
  readonly world: World;
  readonly unit: TimeUnit;
  readonly provenance: Provenance;
}

/** Time in one mode on one track, `[start, end)` in the track's unit, integers. Spans of one track never overlap. */
export interface Span {
  readonly track: string;
  /** What was done: `openat2, move_mount /proc`, `SVC 42 ATTACH`. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly mode: Mode;
  /** The coarse stage that the span belongs to: consecutive spans of one stage make one stage bar. */
  readonly stage: string;
  /** Why, in words; the manual page; an errno; a count. */
  readonly args?: Readonly<Record<string, string | number>>;
}

/** A moment: `first user instruction`, `first byte`, `gone`. */
export interface Instant {
  readonly track: string;
  readonly name: string;
  readonly at: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** One sample of a running figure: mode switches so far, VM exits so far. */
export interface CounterSample {
  readonly track: string;
  readonly name: string;
  readonly at: number;
  readonly value: number;
}

export interface Timeline {
  readonly title: string;
  readonly tracks: readonly Track[];
  readonly spans: readonly Span[];
  readonly instants: readonly Instant[];
  readonly counters: readonly CounterSample[];
}

/** The names of the marks that every world's start has, in order. Benchmarks and lanes use the same ones. */
export const MARKS = {
  firstInstruction: "first user instruction",
  firstByte: "first byte",
  gone: "gone",
} as const;

/**
 * The argument by which one span stands for several crossings in a row: a plan's step that makes three system calls is
 * one span with `count: 3`. Spans without it stand for one.
 */
export const COUNT_ARG = "count";
