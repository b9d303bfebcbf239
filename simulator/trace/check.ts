/** What every timeline has to be, whoever made it: integers, known tracks, spans that do not overlap, marks in order. */
import { spansOf } from "./stages.ts";
import { MARKS, type Timeline } from "./timeline.ts";

/** @returns what is wrong, one sentence each; empty for a sound timeline. */
export function checkTimeline(timeline: Timeline): string[] {
  return [
    ...checkTracks(timeline),
    ...timeline.tracks.flatMap((track) => checkSpans(timeline, track.id)),
    ...timeline.tracks.flatMap((track) => checkMarks(timeline, track.id)),
  ];
}

function checkTracks(timeline: Timeline): string[] {
  const ids = timeline.tracks.map((track) => track.id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  const named = [...timeline.spans, ...timeline.instants, ...timeline.counters].map((entry) => entry.track);
  const unknown = new Set(named.filter((id) => !ids.includes(id)));
  const times = [...timeline.instants, ...timeline.counters].filter(({ at }) => !isTime(at));
  return [
    ...twice.map((id) => `two tracks have the id "${id}"`),
    ...Array.from(unknown, (id) => `there is no track "${id}", but something is on it`),
    ...times.map(({ name, at }) => `"${name}" is at ${at}, which is not a non-negative integer`),
    ...timeline.tracks
      .filter((track) => track.provenance.detail === "")
      .map((track) => `"${track.id}" has no provenance`),
  ];
}

function checkSpans(timeline: Timeline, track: string): string[] {
  const problems: string[] = [];
  let lastEnd = 0;
  for (const span of spansOf(timeline, track)) {
    const where = `track "${track}", span "${span.name}"`;
    if (!isTime(span.start) || !isTime(span.end))
      problems.push(`${where}: ${span.start} to ${span.end} are not integers`);
    if (span.end <= span.start) problems.push(`${where}: ends at ${span.end}, starts at ${span.start}`);
    if (span.start < lastEnd) problems.push(`${where}: starts at ${span.start}, the span before ends at ${lastEnd}`);
    lastEnd = Math.max(lastEnd, span.end);
  }
  return problems;
}

function checkMarks(timeline: Timeline, track: string): string[] {
  const order: string[] = Object.values(MARKS);
  const marks = timeline.instants.filter((instant) => instant.track === track && order.includes(instant.name));
  return marks.flatMap((mark, index) => {
    const next = marks.find((other) => order.indexOf(other.name) > order.indexOf(mark.name) && other.at < mark.at);
    const again = marks.findIndex((other) => other.name === mark.name) !== index;
    return [
      ...(next === undefined ? [] : [`track "${track}": "${next.name}" lies before "${mark.name}"`]),
      ...(again ? [`track "${track}": "${mark.name}" occurs twice`] : []),
    ];
  });
}

function isTime(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
