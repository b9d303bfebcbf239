/**
 * What a track had counted by a moment: crossings, and the running figures of its world. It is rebuilt from the track's
 * history, so it is at hand wherever the cursor jumps, forwards or back.
 */

import { COUNTERS } from "../../../simulator/trace/counters.ts";
import { History } from "../../../simulator/trace/history.ts";
import type { TrackState } from "../../../simulator/trace/state.ts";
import type { TimeUnit } from "../../../simulator/trace/timeline.ts";
import { formatTimes } from "./format.ts";
import type { TrackIndex } from "./track-index.ts";

const histories = new WeakMap<TrackIndex, History>();

/** These say the same as the crossings, at the ends of stages only. */
const CROSSINGS: ReadonlySet<string> = new Set(Object.values(COUNTERS));

/**
 * The state of a track at a moment.
 */
export function stateAt(index: TrackIndex, time: number): TrackState | undefined {
  let history = histories.get(index);
  if (history === undefined) {
    const { timeline, track, spans, instants } = index;
    const counters = timeline.counters.filter((sample) => sample.track === track.id);
    history = History.of({ title: timeline.title, tracks: [track], spans, instants, counters });
    histories.set(index, history);
  }
  return history.trackAt(index.track.id, time);
}

/**
 * The same in words; nothing where nothing has been counted yet.
 */
export function soFarWords(index: TrackIndex, time: number): string {
  const state = stateAt(index, time);
  if (state === undefined) return "";
  const { intoKernel, intoHypervisor } = state.crossings;
  const parts = [
    ...(intoKernel === 0 ? [] : [`${BELOW[index.track.unit]} ${formatTimes(intoKernel)}`]),
    ...(intoHypervisor === 0 ? [] : [`into the hypervisor ${formatTimes(intoHypervisor)}`]),
    ...[...state.counters].filter(([name]) => !CROSSINGS.has(name)).map(([name, value]) => `${name} ${value}`),
  ];
  return parts.length === 0 ? "" : `so far ${parts.join(", ")}`;
}

const BELOW: Readonly<Record<TimeUnit, string>> = { ns: "into the kernel", step: "into supervisor state" };
