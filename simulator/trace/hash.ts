/**
 * The trace hash: one number for everything that a timeline says happened. Same seed, same hash, on every machine;
 * provenance is left out, since it says where the figures come from and not what happened.
 */
import type { TimelineRows } from "./recorder.ts";
import { Sha256, utf8 } from "./sha256.ts";

/** Lines are hashed together, since a piece for each costs more than the hash of it. */
const PIECE_CHARACTERS = 1 << 14;

/**
 * @param timeline a timeline, or a recorder's rows: of a long trace one piece at a time is there
 * @returns `sha256:` and 64 hexadecimal digits
 */
export function traceHash(timeline: TimelineRows): string {
  const hash = new Sha256();
  let piece = "";
  for (const line of canonicalLines(timeline)) {
    piece += `${line}\n`;
    if (piece.length < PIECE_CHARACTERS) continue;
    hash.update(utf8(piece));
    piece = "";
  }
  return `sha256:${hash.update(utf8(piece)).digest()}`;
}

/** One line a row, fields in a fixed order, so that two equal timelines have equal text whoever made them. */
function* canonicalLines(timeline: TimelineRows): Generator<string> {
  yield JSON.stringify(["timeline", timeline.title]);
  for (const { id, name, world, unit } of timeline.tracks) yield JSON.stringify(["track", id, name, world, unit]);
  for (const span of timeline.spans) {
    const { track, start, end, mode, stage, name, args } = span;
    yield JSON.stringify(["span", track, start, end, mode, stage, name, sorted(args)]);
  }
  for (const { track, name, at, args } of timeline.instants) {
    yield JSON.stringify(["instant", track, at, name, sorted(args)]);
  }
  for (const { track, name, at, value } of timeline.counters) {
    yield JSON.stringify(["counter", track, at, name, value]);
  }
}

function sorted(args: Readonly<Record<string, string | number>> | undefined): [string, string | number][] {
  return Object.entries(args ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
}
