/**
 * Travel in time: what was going on at any moment of a trace, forwards and backwards alike. Every 64 spans of a track a
 * keyframe says what had been counted before them; a moment is the keyframe before it, found by halving, and a replay of
 * the few spans from there. So a moment costs the same however long the trace is.
 */
import { countGiven, SURFACE, visits } from "./crossings.ts";
import { recorded, type TimelineRows, type TraceRecorder } from "./recorder.ts";
import { RowIndex } from "./row-index.ts";
import type { TraceState, TrackState } from "./state.ts";

/** Spans of a track from one keyframe to the next: five numbers each, for 64 rows of a dozen bytes. */
export const SPANS_PER_KEYFRAME = 64;

/** Where the sums of a keyframe lie; the time at each depth follows. */
const INTO_KERNEL = 0;
const INTO_HYPERVISOR = 1;
const TIME_BY_DEPTH = 2;
const SUMS = 5;

export class History {
  readonly #recorder: TraceRecorder;
  /** The tracks by id; spans and instants of none of them belong to an owner beyond the last. */
  readonly #tracks: ReadonlyMap<string, number>;
  readonly #seriesOfTrack: ReadonlyMap<string, readonly number[]>;
  readonly #spans: RowIndex;
  readonly #instants: RowIndex;
  readonly #samples: RowIndex;
  readonly #depths: Uint8Array;
  readonly #counts: Float64Array;
  readonly #keyframes: readonly Float64Array[];

  /**
   * Reads the whole trace once; afterwards any moment is at hand.
   * @param recorder what has been recorded so far; what is recorded later is not part of this history
   */
  constructor(recorder: TraceRecorder) {
    this.#recorder = recorder;
    this.#tracks = new Map(recorder.tracks.map(({ id }, index) => [id, index]));
    this.#depths = recorder.kinds.depths();
    this.#counts = recorder.kinds.counts();
    const owners = recorder.tracks.length + 1;
    const { spans, instants, samples } = recorder.columns;
    this.#spans = new RowIndex({ ...spans, ownerOf: this.#owners(recorder.kinds), owners });
    this.#instants = new RowIndex({ ...instants, ownerOf: this.#owners(recorder.moments), owners });
    const names = recorder.counterNames.size;
    const itself = Uint32Array.from({ length: names }, (_, number) => number);
    this.#samples = new RowIndex({ ...samples, ownerOf: itself, owners: names });
    this.#seriesOfTrack = Map.groupBy(itself, (number) => recorder.counterNames.at(number).track);
    this.#keyframes = recorder.tracks.map((_, track) => this.#keyframesOf(track));
  }

  /** @returns the history of any timeline. */
  static of(timeline: TimelineRows): History {
    return new History(recorded(timeline));
  }

  /** @returns what every track was doing at a time, and what had been counted by then. */
  stateAt(time: number): TraceState {
    return { time, tracks: this.#recorder.tracks.map((track, index) => this.#trackAt(track.id, index, time)) };
  }

  /** @returns the same of one track; undefined where the trace has no such track */
  trackAt(track: string, time: number): TrackState | undefined {
    const index = this.#tracks.get(track);
    return index === undefined ? undefined : this.#trackAt(track, index, time);
  }

  #trackAt(track: string, index: number, time: number): TrackState {
    const position = this.#spans.lastBy(index, time);
    const row = this.#spans.row(index, position);
    const span = row === undefined ? undefined : this.#recorder.spanAt(row);
    const instant = this.#instants.lastBy(index, time);
    const instantRow = this.#instants.row(index, instant);
    const sums = this.#sumsAt(index, position, time);
    return {
      track,
      doing: span !== undefined && time < span.end ? span : undefined,
      spans: position + 1,
      instants: instant + 1,
      lastInstant: instantRow === undefined ? undefined : this.#recorder.instantAt(instantRow),
      crossings: { intoKernel: sums[INTO_KERNEL] ?? 0, intoHypervisor: sums[INTO_HYPERVISOR] ?? 0 },
      timeByDepth: [sums[TIME_BY_DEPTH] ?? 0, sums[TIME_BY_DEPTH + 1] ?? 0, sums[TIME_BY_DEPTH + 2] ?? 0],
      counters: this.#countersAt(track, time),
    };
  }

  #countersAt(track: string, time: number): Map<string, number> {
    const values = new Map<string, number>();
    for (const series of this.#seriesOfTrack.get(track) ?? []) {
      const row = this.#samples.row(series, this.#samples.lastBy(series, time));
      if (row !== undefined) values.set(this.#recorder.counterNames.at(series).name, this.#recorder.sampleValue(row));
    }
    return values;
  }

  /** The sums over a track's spans up to a position: the keyframe before it, and the spans since. */
  #sumsAt(track: number, position: number, time: number): Float64Array {
    const keyframe = Math.floor(Math.max(position, 0) / SPANS_PER_KEYFRAME);
    const sums = (this.#keyframes[track] ?? new Float64Array(SUMS)).slice(keyframe * SUMS, (keyframe + 1) * SUMS);
    const first = keyframe * SPANS_PER_KEYFRAME;
    let before = this.#depthAt(track, first - 1);
    for (let at = first; at <= position; at++) before = this.#add(sums, this.#spans.row(track, at), before, time);
    return sums;
  }

  #keyframesOf(track: number): Float64Array {
    const count = this.#spans.count(track);
    const keyframes = new Float64Array(SUMS * Math.max(1, Math.ceil(count / SPANS_PER_KEYFRAME)));
    const sums = new Float64Array(SUMS);
    let before: number = SURFACE;
    for (let at = 0; at < count; at++) {
      if (at % SPANS_PER_KEYFRAME === 0) keyframes.set(sums, (at / SPANS_PER_KEYFRAME) * SUMS);
      before = this.#add(sums, this.#spans.row(track, at), before, Number.POSITIVE_INFINITY);
    }
    return keyframes;
  }

  /** Adds what a span has come to by a time. @returns its depth */
  #add(sums: Float64Array, row: number | undefined, before: number, time: number): number {
    if (row === undefined) return before;
    const recorder = this.#recorder;
    const kind = recorder.spanKind(row);
    const depth = this.#depths[kind] ?? 0;
    const own = recorder.spanArguments.empty ? undefined : recorder.spanArguments.at(row);
    const count = own === undefined ? (this.#counts[kind] ?? 0) : countGiven(own);
    const added = visits(before, depth, count);
    if (depth > 0 && added > 0) sums[depth - 1] = (sums[depth - 1] ?? 0) + added;
    const ran = Math.min(recorder.spanLength(row), time - recorder.spanStart(row));
    sums[TIME_BY_DEPTH + depth] = (sums[TIME_BY_DEPTH + depth] ?? 0) + ran;
    return depth;
  }

  #depthAt(track: number, position: number): number {
    const row = this.#spans.row(track, position);
    return row === undefined ? SURFACE : (this.#depths[this.#recorder.spanKind(row)] ?? SURFACE);
  }

  /** The track of each name or kind, by number. */
  #owners(names: { readonly size: number; readonly at: (number: number) => { readonly track: string } }): Uint32Array {
    const stray = this.#recorder.tracks.length;
    return Uint32Array.from({ length: names.size }, (_, number) => this.#tracks.get(names.at(number).track) ?? stray);
  }
}
