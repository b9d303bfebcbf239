/**
 * What a track comes to: how long in each mode, how often it went down across a border of privilege, and its marks.
 */

import { type Crossings, crossingsOf } from "../../../simulator/trace/crossings.ts";
import { DEPTH_OF_MODE, MARKS, type Mode } from "../../../simulator/trace/timeline.ts";
import type { TrackIndex } from "./track-index.ts";

export interface Summary {
  /** Time by mode, only modes that occur, from the surface down. */
  readonly modes: readonly { readonly mode: Mode; readonly total: number; readonly share: number }[];
  readonly crossings: Crossings;
}

const summaries = new WeakMap<TrackIndex, Summary>();

/**
 * Adds up a track.
 */
export function summarize(index: TrackIndex): Summary {
  const known = summaries.get(index);
  if (known !== undefined) return known;
  const summary = { modes: timeByMode(index), crossings: crossingsOf(index.timeline, index.track.id) };
  summaries.set(index, summary);
  return summary;
}

function timeByMode({ spans }: TrackIndex): Summary["modes"] {
  const totals = new Map<Mode, number>();
  for (const { mode, start, end } of spans) totals.set(mode, (totals.get(mode) ?? 0) + end - start);
  const all = [...totals.values()].reduce((sum, value) => sum + value, 0);
  return [...totals]
    .map(([mode, total]) => ({ mode, total, share: all === 0 ? 0 : total / all }))
    .sort((a, b) => DEPTH_OF_MODE[a.mode] - DEPTH_OF_MODE[b.mode]);
}

export interface Mark {
  readonly name: string;
  readonly at: number;
}

/** The order in which a world's marks are told. */
const ORDER: readonly string[] = Object.values(MARKS);

/**
 * The shared marks that a track carries, the first of each name.
 */
export function marksOf({ instants }: TrackIndex): Mark[] {
  return ORDER.flatMap((name) => {
    const instant = instants.find((candidate) => candidate.name === name);
    return instant === undefined ? [] : [{ name, at: instant.at }];
  });
}
