/** Captions: the words beside the picture, and the places of a run at which they stand. */
import type { Timeline } from "../trace/timeline.ts";
import type { AnyScenario, Caption } from "./scenario.ts";

/** A caption at the first place of a track that has its name. */
export interface PlacedCaption {
  readonly track: string;
  readonly at: number;
  readonly text: string;
}

/** @returns every caption at its first place in every track that has one, in the order of the tracks and of time. */
export function placeCaptions(captions: readonly Caption[], timeline: Timeline): PlacedCaption[] {
  return timeline.tracks.flatMap(({ id }) => {
    const spans = timeline.spans.filter(({ track }) => track === id);
    const instants = timeline.instants.filter(({ track }) => track === id);
    const placed = captions.flatMap(({ at: name, text }): PlacedCaption[] => {
      const times = [
        ...spans.filter((span) => span.name === name || span.stage === name).map(({ start }) => start),
        ...instants.filter((instant) => instant.name === name).map(({ at }) => at),
      ];
      return times.length === 0 ? [] : [{ track: id, at: earliest(times), text }];
    });
    return placed.sort((left, right) => left.at - right.at);
  });
}

function earliest(times: readonly number[]): number {
  return times.reduce((first, time) => (time < first ? time : first));
}

/** @returns the captions at names that nothing of the run has. */
export function captionsOnNothing({ captions }: Pick<AnyScenario, "captions">, timeline: Timeline): Caption[] {
  const names = new Set([
    ...timeline.spans.flatMap(({ name, stage }) => [name, stage]),
    ...timeline.instants.map(({ name }) => name),
  ]);
  return captions.filter(({ at }) => !names.has(at));
}
