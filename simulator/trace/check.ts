/** What every timeline has to be, whoever made it: integers, known tracks, spans that do not overlap, marks in order. */
import { inOrderOfTime } from "./stages.ts";
import { type Instant, MARKS, type Span, type Timeline } from "./timeline.ts";

/** @returns what is wrong, one sentence each; empty for a sound timeline. Every row is looked at once. */
export function checkTimeline(timeline: Timeline): string[] {
  const spans = Map.groupBy(timeline.spans, (span) => span.track);
  const instants = Map.groupBy(timeline.instants, (instant) => instant.track);
  return [
    ...checkTracks(timeline),
    ...timeline.tracks.flatMap(({ id }) => checkSpans(id, inOrderOfTime(spans.get(id) ?? []))),
    ...timeline.tracks.flatMap(({ id }) => checkMarks(id, instants.get(id) ?? [])),
  ];
}

function checkTracks({ tracks, spans, instants, counters }: Timeline): string[] {
  const ids = new Set<string>();
  const twice = tracks.filter(({ id }) => ids.size === ids.add(id).size);
  const named = [spans, instants, counters].flatMap((rows) => rows.map(({ track }) => track));
  const unknown = new Set(named.filter((id) => !ids.has(id)));
  const times = [...instants, ...counters].filter(({ at }) => !isTime(at));
  return [
    ...twice.map(({ id }) => `two tracks have the id "${id}"`),
    ...Array.from(unknown, (id) => `there is no track "${id}", but something is on it`),
    ...times.map(({ name, at }) => `"${name}" is at ${at}, which is not a non-negative integer`),
    ...tracks.filter((track) => track.provenance.detail === "").map((track) => `"${track.id}" has no provenance`),
  ];
}

function checkSpans(track: string, spans: readonly Span[]): string[] {
  const problems: string[] = [];
  let lastEnd = 0;
  for (const span of spans) {
    const where = `track "${track}", span "${span.name}"`;
    if (!isTime(span.start) || !isTime(span.end))
      problems.push(`${where}: ${span.start} to ${span.end} are not integers`);
    if (span.end <= span.start) problems.push(`${where}: ends at ${span.end}, starts at ${span.start}`);
    if (span.start < lastEnd) problems.push(`${where}: starts at ${span.start}, the span before ends at ${lastEnd}`);
    lastEnd = Math.max(lastEnd, span.end);
  }
  return problems;
}

function checkMarks(track: string, instants: readonly Instant[]): string[] {
  const order: string[] = Object.values(MARKS);
  const marks = instants.filter(({ name }) => order.includes(name));
  const first = new Map(marks.toReversed().map((mark) => [mark.name, mark]));
  const known = order.flatMap((name) => first.get(name) ?? []);
  return [
    ...marks
      .filter((mark) => first.get(mark.name) !== mark)
      .map(({ name }) => `track "${track}": "${name}" occurs twice`),
    ...known.flatMap((mark, index) => {
      const earlier = known.slice(index + 1).find(({ at }) => at < mark.at);
      return earlier === undefined ? [] : [`track "${track}": "${earlier.name}" lies before "${mark.name}"`];
    }),
  ];
}

function isTime(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
