/**
 * One track of a timeline, sorted and split into columns, so that drawing and looking up are binary searches. Made once
 * a timeline and kept as long as it.
 */

import {
  DEPTH_OF_MODE,
  type Instant,
  type Mode,
  type Span,
  type Timeline,
  type Track,
} from "../../../simulator/trace/timeline.ts";

export interface TrackIndex {
  readonly timeline: Timeline;
  readonly track: Track;
  /** By start; spans of one track never overlap. */
  readonly spans: readonly Span[];
  readonly instants: readonly Instant[];
  readonly start: number;
  readonly end: number;
  /** The deepest level that the track reaches. */
  readonly maxDepth: number;
}

const indexed = new WeakMap<Timeline, readonly TrackIndex[]>();

/**
 * The tracks of a timeline in its own order; tracks without spans are left out.
 */
export function indexTracks(timeline: Timeline): readonly TrackIndex[] {
  const known = indexed.get(timeline);
  if (known !== undefined) return known;
  const spans = Map.groupBy(timeline.spans, (span) => span.track);
  const instants = Map.groupBy(timeline.instants, (instant) => instant.track);
  const made = timeline.tracks.flatMap((track) => {
    const own = spans.get(track.id);
    return own === undefined ? [] : [indexTrack(timeline, track, own, instants.get(track.id) ?? [])];
  });
  indexed.set(timeline, made);
  return made;
}

function indexTrack(
  timeline: Timeline,
  track: Track,
  spans: readonly Span[],
  instants: readonly Instant[],
): TrackIndex {
  const sorted = spans.filter((span) => span.end > span.start).sort((a, b) => a.start - b.start);
  const marks = [...instants].sort((a, b) => a.at - b.at);
  const last = sorted.at(-1)?.end ?? 0;
  return {
    timeline,
    track,
    spans: sorted,
    instants: marks,
    start: Math.min(sorted[0]?.start ?? 0, marks[0]?.at ?? Infinity),
    end: Math.max(last, marks.at(-1)?.at ?? 0),
    maxDepth: sorted.reduce((deepest, span) => Math.max(deepest, DEPTH_OF_MODE[span.mode]), 1),
  };
}

/**
 * The position of the last span that starts at or before a moment; -1 where none does.
 */
export function lastStartedBy(index: TrackIndex, time: number): number {
  let low = 0;
  let high = index.spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const span = index.spans[middle];
    if (span !== undefined && span.start <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The span that a moment lies in.
 */
export function spanAt(index: TrackIndex, time: number): Span | undefined {
  const span = index.spans[lastStartedBy(index, time)];
  return span !== undefined && time < span.end ? span : undefined;
}

/**
 * The next moment at which something begins or is marked on any of the tracks, or the one before.
 *
 * @param direction 1: after `time`, -1: before it
 */
export function neighbourEvent(tracks: readonly TrackIndex[], time: number, direction: 1 | -1): number | undefined {
  const found = tracks.flatMap((index) => {
    const at = lastStartedBy(index, time);
    const starts =
      direction === 1 ? [index.spans[at + 1]?.start] : [index.spans[at]?.start, index.spans[at - 1]?.start];
    return [...starts, ...index.instants.map((instant) => instant.at), index.start, index.end];
  });
  const beyond = found.filter((at): at is number => at !== undefined && (at - time) * direction > 0);
  if (beyond.length === 0) return undefined;
  return direction === 1 ? Math.min(...beyond) : Math.max(...beyond);
}

/**
 * The modes of a track by depth, in the words of its kernel: z/OS has problem and supervisor state. A track of steps may
 * be of either kind, so its spans say.
 */
export function modesByDepth({ spans, track }: TrackIndex): readonly [Mode, Mode, Mode] {
  const told = spans.find(({ mode }) => mode !== "hypervisor")?.mode;
  const isZos = told === undefined ? track.unit === "step" : told === "problem" || told === "supervisor";
  return isZos ? ["problem", "supervisor", "hypervisor"] : ["user", "kernel", "hypervisor"];
}

/** The letter that repeats a mode's depth. */
export const LETTER_OF_MODE: Readonly<Record<Mode, string>> = {
  user: "U",
  problem: "P",
  kernel: "K",
  supervisor: "S",
  hypervisor: "H",
};

/** The mode in the words of its field. */
export const WORDS_OF_MODE: Readonly<Record<Mode, string>> = {
  user: "user mode",
  problem: "problem state",
  kernel: "kernel mode",
  supervisor: "supervisor state",
  hypervisor: "hypervisor",
};
