/**
 * Where a simulation writes down what happened: columns of integers and tables of names, one row a span, so that a long
 * trace costs a dozen bytes a row. `timeline()` turns it into the shape that every room shares; `rows()` hands the same
 * out one by one; history.ts finds what was going on at any time.
 *
 * What is written millions of times is named once (`kind`, `series`) and written by that number (`row`, `sample`).
 */
import { SparseArguments } from "./arguments.ts";
import { Column } from "./column.ts";
import { KindTable, NameTable, type SpanKind } from "./name-table.ts";
import type { CounterSample, Instant, Span, Timeline, Track } from "./timeline.ts";

export type { Arguments } from "./arguments.ts";

/** A timeline that is handed out row by row; every `Timeline` is one. */
export interface TimelineRows {
  readonly title: string;
  readonly tracks: Iterable<Track>;
  readonly spans: Iterable<Span>;
  readonly instants: Iterable<Instant>;
  readonly counters: Iterable<CounterSample>;
}

export class TraceRecorder {
  readonly #tracks: Track[] = [];
  readonly #kinds = new KindTable();
  readonly #spans = { kind: new Column(), start: new Column(), length: new Column(), args: new SparseArguments() };
  readonly #moments = new NameTable();
  readonly #instants = { moment: new Column(), at: new Column(), args: new SparseArguments() };
  readonly #series = new NameTable();
  readonly #samples = { series: new Column(), at: new Column(), value: new Column() };

  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  get spanCount(): number {
    return this.#spans.start.length;
  }

  get instantCount(): number {
    return this.#instants.at.length;
  }

  get sampleCount(): number {
    return this.#samples.at.length;
  }

  /** Bytes of the columns; names and arguments come on top. */
  get bytes(): number {
    const { kind, start, length } = this.#spans;
    const { moment, at } = this.#instants;
    const samples = this.#samples;
    return [kind, start, length, moment, at, samples.series, samples.at, samples.value].reduce(
      (sum, column) => sum + column.bytes,
      0,
    );
  }

  /** The columns by which rows are found again: what each row is, and when. */
  get columns(): Readonly<Record<"spans" | "instants" | "samples", { readonly what: Column; readonly time: Column }>> {
    return {
      spans: { what: this.#spans.kind, time: this.#spans.start },
      instants: { what: this.#instants.moment, time: this.#instants.at },
      samples: { what: this.#samples.series, time: this.#samples.at },
    };
  }

  /** Adds a track. Spans name it by its id. */
  track(track: Track): void {
    this.#tracks.push(track);
  }

  /** @returns the number by which `row` writes spans of this kind, the same one every time. */
  kind(kind: SpanKind): number {
    return this.#kinds.number(kind);
  }

  /**
   * Writes down one span by the number of its kind.
   * @throws RangeError where its times are not non-negative integers or it does not end after it starts
   */
  row(kind: number, start: number, end: number): void {
    const areTimes = end > start && start >= 0 && Number.isSafeInteger(start) && Number.isSafeInteger(end);
    if (!areTimes || !(kind < this.#kinds.size)) {
      throw this.#unsound(kind, start, end);
    }
    const columns = this.#spans;
    columns.kind.push(kind);
    columns.start.push(start);
    columns.length.push(end - start);
  }

  /**
   * Writes down one span.
   * @throws RangeError where its times are not non-negative integers or it does not end after it starts
   */
  span({ track, name, mode, stage, start, end, args }: Span): void {
    this.row(this.#kinds.number({ track, name, mode, stage }), start, end);
    if (args !== undefined) this.#spans.args.push(this.spanCount - 1, args);
  }

  /** @throws RangeError where its time is not an integer */
  instant({ track, name, at, args }: Instant): void {
    this.#instants.at.push(at);
    this.#instants.moment.push(this.#moments.number(track, name));
    if (args !== undefined) this.#instants.args.push(this.instantCount - 1, args);
  }

  /** @returns the number by which `sample` writes values of a counter, the same one every time. */
  series(track: string, name: string): number {
    return this.#series.number(track, name);
  }

  /**
   * Writes down one value of a counter by its number.
   * @throws RangeError where time or value are not integers
   */
  sample(series: number, at: number, value: number): void {
    if (!(series < this.#series.size)) throw new RangeError(`record a counter: there is no series ${series}`);
    if (!Number.isSafeInteger(at) || !Number.isSafeInteger(value)) {
      throw new RangeError(`record a counter: ${value} at ${at} are not integers`);
    }
    this.#samples.series.push(series);
    this.#samples.at.push(at);
    this.#samples.value.push(value);
  }

  /** @throws RangeError where time or value are not integers */
  counter({ track, name, at, value }: CounterSample): void {
    this.sample(this.series(track, name), at, value);
  }

  /** @returns everything recorded so far, in the order in which it was recorded. */
  timeline(title: string): Timeline {
    const { tracks, spans, instants, counters } = this.rows(title);
    return { title, tracks: [...tracks], spans: [...spans], instants: [...instants], counters: [...counters] };
  }

  /** @returns the same, made row by row as it is asked for: a long trace need not be there twice. */
  rows(title: string): TimelineRows {
    return {
      title,
      tracks: this.#tracks,
      spans: each(
        () => this.spanCount,
        (row) => this.spanAt(row),
      ),
      instants: each(
        () => this.instantCount,
        (row) => this.instantAt(row),
      ),
      counters: each(
        () => this.sampleCount,
        (row) => this.sampleAt(row),
      ),
    };
  }

  /** @throws RangeError where there is no such row; so do the others below */
  spanAt(row: number): Span {
    const start = this.spanStart(row);
    const { args: ofKind, ...kind } = this.#kinds.at(this.spanKind(row));
    const args = this.#spans.args.at(row) ?? ofKind;
    return { ...kind, start, end: start + this.spanLength(row), ...(args === undefined ? {} : { args }) };
  }

  spanKind(row: number): number {
    return this.#spans.kind.at(row);
  }

  spanStart(row: number): number {
    return this.#spans.start.at(row);
  }

  spanLength(row: number): number {
    return this.#spans.length.at(row);
  }

  /** The arguments that a row has for itself; those of its kind are not among them. */
  get spanArguments(): SparseArguments {
    return this.#spans.args;
  }

  get kinds(): KindTable {
    return this.#kinds;
  }

  instantAt(row: number): Instant {
    const args = this.#instants.args.at(row);
    const moment = this.#moments.at(this.instantMoment(row));
    return { ...moment, at: this.instantTime(row), ...(args === undefined ? {} : { args }) };
  }

  instantMoment(row: number): number {
    return this.#instants.moment.at(row);
  }

  instantTime(row: number): number {
    return this.#instants.at.at(row);
  }

  /** What instants are called, and on which tracks. */
  get moments(): NameTable {
    return this.#moments;
  }

  sampleAt(row: number): CounterSample {
    return { ...this.#series.at(this.sampleSeries(row)), at: this.sampleTime(row), value: this.sampleValue(row) };
  }

  sampleSeries(row: number): number {
    return this.#samples.series.at(row);
  }

  sampleTime(row: number): number {
    return this.#samples.at.at(row);
  }

  sampleValue(row: number): number {
    return this.#samples.value.at(row);
  }

  /** What counters are called, and on which tracks. */
  get counterNames(): NameTable {
    return this.#series;
  }

  #unsound(kind: number, start: number, end: number): RangeError {
    const { name } = this.#kinds.at(kind);
    const times =
      end <= start ? `it ends at ${end} and starts at ${start}` : `${start} to ${end} are not non-negative integers`;
    return new RangeError(`record the span "${name}": ${times}`);
  }
}

/** @returns a recorder with everything of a timeline in it: for what is asked of a recorder only, its history. */
export function recorded(timeline: TimelineRows): TraceRecorder {
  const recorder = new TraceRecorder();
  for (const track of timeline.tracks) recorder.track(track);
  for (const span of timeline.spans) recorder.span(span);
  for (const instant of timeline.instants) recorder.instant(instant);
  for (const sample of timeline.counters) recorder.counter(sample);
  return recorder;
}

function each<Row>(count: () => number, at: (row: number) => Row): Iterable<Row> {
  return {
    *[Symbol.iterator]() {
      for (let row = 0; row < count(); row++) yield at(row);
    },
  };
}
