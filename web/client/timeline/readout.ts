/**
 * What a strip says about one moment.
 */

import type { Span } from "../../../simulator/trace/timeline.ts";
import { lastStartedBy, spanAt, type TrackIndex } from "./track-index.ts";

export type Readout =
  | { readonly kind: "before"; readonly wait: number }
  | { readonly kind: "in"; readonly span: Span }
  /** Between two spans: nothing ran, or nobody looked. */
  | { readonly kind: "idle"; readonly since: number; readonly until: number }
  | { readonly kind: "after"; readonly ago: number };

/**
 * What a track was doing at a moment.
 */
export function readoutAt(index: TrackIndex, time: number): Readout {
  if (time < index.start) return { kind: "before", wait: index.start - time };
  const span = spanAt(index, time);
  if (span !== undefined) return { kind: "in", span };
  const last = index.spans.at(-1);
  if (last === undefined || time >= last.end) return { kind: "after", ago: time - index.end };
  const at = lastStartedBy(index, time);
  return {
    kind: "idle",
    since: index.spans[at]?.end ?? index.start,
    until: index.spans[at + 1]?.start ?? last.end,
  };
}
