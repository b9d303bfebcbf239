/** Small timelines for the tests of the drawing: written as one line a span, `mode start end stage`. */

import type { Mode, Timeline, TimeUnit } from "../../simulator/trace/timeline.ts";
import { indexTracks, type TrackIndex } from "../../web/client/timeline/track-index.ts";

export interface SpanWords {
  readonly mode: Mode;
  readonly start: number;
  readonly end: number;
  readonly stage?: string;
  readonly name?: string;
}

/** A timeline with one track. */
export function timelineOf(
  spans: readonly SpanWords[],
  options: { readonly unit?: TimeUnit; readonly marks?: Readonly<Record<string, number>> } = {},
): Timeline {
  return {
    title: "test",
    tracks: [
      {
        id: "t",
        name: "Test",
        world: "process",
        unit: options.unit ?? "ns",
        provenance: { kind: "simulated", detail: "test" },
      },
    ],
    spans: spans.map(({ mode, start, end, stage = "stage", name = mode }) => ({
      track: "t",
      name,
      start,
      end,
      mode,
      stage,
    })),
    instants: Object.entries(options.marks ?? {}).map(([name, at]) => ({ track: "t", name, at })),
    counters: [],
  };
}

/** The index of the one track of `timelineOf`. */
export function trackOf(...args: Parameters<typeof timelineOf>): TrackIndex {
  const index = indexTracks(timelineOf(...args))[0];
  if (index === undefined) throw new Error("the test's track has no spans");
  return index;
}
