/**
 * The trace hash: one number for everything that a timeline says happened. Same seed, same hash, on every machine;
 * provenance is left out, since it says where the figures come from and not what happened.
 */
import { sha256, utf8 } from "./sha256.ts";
import type { Timeline } from "./timeline.ts";

/** @returns `sha256:` and 64 hexadecimal digits. */
export function traceHash(timeline: Timeline): string {
  return `sha256:${sha256(utf8(canonicalText(timeline)))}`;
}

/** One line a row, fields in a fixed order, so that two equal timelines have equal text whoever made them. */
function canonicalText(timeline: Timeline): string {
  const lines: unknown[][] = [["timeline", timeline.title]];
  for (const { id, name, world, unit } of timeline.tracks) lines.push(["track", id, name, world, unit]);
  for (const span of timeline.spans) {
    lines.push(["span", span.track, span.start, span.end, span.mode, span.stage, span.name, sorted(span.args)]);
  }
  for (const { track, name, at, args } of timeline.instants) lines.push(["instant", track, at, name, sorted(args)]);
  for (const { track, name, at, value } of timeline.counters) lines.push(["counter", track, at, name, value]);
  return lines.map((line) => JSON.stringify(line)).join("\n");
}

function sorted(args: Readonly<Record<string, string | number>> | undefined): [string, string | number][] {
  return Object.entries(args ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
}
