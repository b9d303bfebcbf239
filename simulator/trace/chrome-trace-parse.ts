/**
 * Reads a timeline back from the Chrome Trace Event JSON that chrome-trace.ts writes. It comes from a file or a socket,
 * so nothing in it is believed: what does not fit is named by its path.
 */
import { NS_PER_TS, STEPS_PER_TS, TIMELINE_SCHEMA } from "./chrome-trace.ts";
import {
  type CounterSample,
  DEPTH_OF_MODE,
  type Instant,
  type Mode,
  type Provenance,
  type Span,
  type Timeline,
  type TimeUnit,
  type Track,
  type World,
} from "./timeline.ts";

type Fields = Readonly<Record<string, unknown>>;

const WORLDS: readonly World[] = ["process", "container", "vm", "address-space"];
const UNITS: readonly TimeUnit[] = ["ns", "step"];
const KINDS: readonly Provenance["kind"][] = ["measured", "simulated", "published"];

/**
 * @param input what JSON.parse made of a trace
 * @returns the timeline that was written
 * @throws TypeError naming the place that is not as the schema says
 */
export function parseChromeTrace(input: unknown): Timeline {
  const trace = fields(input, "trace");
  const other = fields(trace.otherData, "otherData");
  if (other.schema !== TIMELINE_SCHEMA) {
    throw new TypeError(`read a trace: otherData.schema is ${JSON.stringify(other.schema)}, not "${TIMELINE_SCHEMA}"`);
  }
  const tracks = list(other.tracks, "otherData.tracks").map((track, index) => parseTrack(track, `tracks[${index}]`));
  const spans: Span[] = [];
  const instants: Instant[] = [];
  const counters: CounterSample[] = [];
  for (const [index, raw] of list(trace.traceEvents, "traceEvents").entries()) {
    const where = `traceEvents[${index}]`;
    const event = fields(raw, where);
    if (event.ph === "X") spans.push(parseSpan(event, tracks, where));
    else if (event.ph === "i") instants.push(parseInstant(event, tracks, where));
    else if (event.ph === "C") counters.push(parseCounter(event, tracks, where));
  }
  return { title: text(other.title, "otherData.title"), tracks, spans, instants, counters };
}

function parseTrack(input: unknown, where: string): Track {
  const track = fields(input, where);
  return {
    id: text(track.id, `${where}.id`),
    name: text(track.name, `${where}.name`),
    world: oneOf(WORLDS, track.world, `${where}.world`),
    unit: oneOf(UNITS, track.unit, `${where}.unit`),
    provenance: parseProvenance(track.provenance, `${where}.provenance`),
  };
}

function parseProvenance(input: unknown, where: string): Provenance {
  const { kind, detail, n, date, accelerator } = fields(input, where);
  return {
    kind: oneOf(KINDS, kind, `${where}.kind`),
    detail: text(detail, `${where}.detail`),
    ...(n === undefined ? {} : { n: integer(n, `${where}.n`) }),
    ...(date === undefined ? {} : { date: text(date, `${where}.date`) }),
    ...(accelerator === undefined ? {} : { accelerator: text(accelerator, `${where}.accelerator`) }),
  };
}

function parseSpan(event: Fields, tracks: readonly Track[], where: string): Span {
  const track = trackOf(event, tracks, where);
  const args = fields(event.args, `${where}.args`);
  const start = position(event.ts, track, `${where}.ts`);
  return {
    track: track.id,
    name: text(event.name, `${where}.name`),
    start,
    end: start + position(event.dur, track, `${where}.dur`),
    mode: parseMode(args.mode, `${where}.args.mode`),
    stage: text(args.stage, `${where}.args.stage`),
    ...details(args, where),
  };
}

function parseInstant(event: Fields, tracks: readonly Track[], where: string): Instant {
  const track = trackOf(event, tracks, where);
  return {
    track: track.id,
    name: text(event.name, `${where}.name`),
    at: position(event.ts, track, `${where}.ts`),
    ...details(fields(event.args, `${where}.args`), where),
  };
}

function parseCounter(event: Fields, tracks: readonly Track[], where: string): CounterSample {
  const track = trackOf(event, tracks, where);
  const { value } = fields(event.args, `${where}.args`);
  if (typeof value !== "number") throw new TypeError(`read a trace: ${where}.args.value is not a number`);
  return {
    track: track.id,
    name: text(event.name, `${where}.name`),
    at: position(event.ts, track, `${where}.ts`),
    value,
  };
}

function trackOf(event: Fields, tracks: readonly Track[], where: string): Track {
  const track = typeof event.pid === "number" ? tracks[event.pid - 1] : undefined;
  if (track === undefined) throw new TypeError(`read a trace: ${where}.pid names no track of otherData.tracks`);
  return track;
}

function position(value: unknown, track: Track, where: string): number {
  if (typeof value !== "number") throw new TypeError(`read a trace: ${where} is not a number`);
  return integer(Math.round(value * (track.unit === "ns" ? NS_PER_TS : STEPS_PER_TS)), where);
}

function details(args: Fields, where: string): { args?: Readonly<Record<string, string | number>> } {
  if (args.details === undefined) return {};
  const entries = Object.entries(fields(args.details, `${where}.args.details`)).map(
    ([key, value]): [string, string | number] => {
      if (typeof value === "string" || typeof value === "number") return [key, value];
      throw new TypeError(`read a trace: ${where}.args.details.${key} is neither text nor a number`);
    },
  );
  return { args: Object.fromEntries(entries) };
}

function parseMode(value: unknown, where: string): Mode {
  if (typeof value === "string" && isMode(value)) return value;
  throw new TypeError(`read a trace: ${where} is not a mode: ${Object.keys(DEPTH_OF_MODE).join(", ")}`);
}

function isMode(value: string): value is Mode {
  return Object.hasOwn(DEPTH_OF_MODE, value);
}

function fields(value: unknown, where: string): Fields {
  if (isFields(value)) return value;
  throw new TypeError(`read a trace: ${where} is not an object`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`read a trace: ${where} is not a list`);
}

function text(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  throw new TypeError(`read a trace: ${where} is not text`);
}

function integer(value: unknown, where: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new TypeError(`read a trace: ${where} is not an integer`);
}

function oneOf<Value extends string>(known: readonly Value[], value: unknown, where: string): Value {
  const found = known.find((candidate) => candidate === value);
  if (found === undefined) throw new TypeError(`read a trace: ${where} is none of ${known.join(", ")}`);
  return found;
}
