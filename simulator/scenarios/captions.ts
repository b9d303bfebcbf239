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

/** So many names are told to whoever has put a caption at none. */
const NAMES_TOLD = 8;

/** @returns the captions at names that nothing of the run has, and which names there are. */
export function captionsOnNothing(
  { captions }: Pick<AnyScenario, "captions">,
  timeline: Timeline,
): (Caption & { readonly fix: string })[] {
  const names = new Set([
    ...timeline.spans.flatMap(({ name, stage }) => [name, stage]),
    ...timeline.instants.map(({ name }) => name),
  ]);
  const wrong = captions.filter(({ at }) => !names.has(at));
  return wrong.map((caption) => ({ ...caption, fix: placesFor(caption.at, [...names]) }));
}

/** Names that begin alike come first: `write(1)` was meant for `write(1, …, 80)`. */
function placesFor(at: string, names: readonly string[]): string {
  const [word = at] = at.split(/[^A-Za-z0-9]/);
  const alike = names.filter((name) => name.toLowerCase().startsWith(word.toLowerCase()));
  const told = [...new Set([...alike, ...names])].slice(0, NAMES_TOLD);
  const more = names.length > told.length ? ", … (all of them are in what --trace writes)" : "";
  return `put it at one of ${told.map((name) => `"${name}"`).join(", ")}${more}`;
}
