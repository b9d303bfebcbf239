/**
 * Where a simulation writes down what happened: columns of integers and a table of strings, one row a span, so that a
 * long trace costs a few dozen bytes a row. `timeline()` turns it into the shape that every room shares.
 */
import { Column } from "./column.ts";
import { StringTable } from "./string-table.ts";
import type { CounterSample, Instant, Mode, Span, Timeline, Track } from "./timeline.ts";

export type Arguments = Readonly<Record<string, string | number>>;

const MODES: readonly Mode[] = ["user", "kernel", "hypervisor", "problem", "supervisor"];
/** Row 0 of the arguments stands for "none"; most spans of a busy trace have none. */
const NO_ARGUMENTS = 0;

export class TraceRecorder {
  readonly #strings = new StringTable();
  readonly #tracks: Track[] = [];
  readonly #arguments: (Arguments | undefined)[] = [undefined];
  readonly #spans = {
    track: new Column(),
    name: new Column(),
    start: new Column(),
    end: new Column(),
    mode: new Column(),
    stage: new Column(),
    args: new Column(),
  };
  readonly #instants: Instant[] = [];
  readonly #counters = { track: new Column(), name: new Column(), at: new Column(), value: new Column() };

  get spanCount(): number {
    return this.#spans.start.length;
  }

  /** Adds a track. Spans name it by its id. */
  track(track: Track): void {
    this.#tracks.push(track);
  }

  /**
   * Writes down one span.
   * @throws RangeError where its times are not integers or it does not end after it starts
   */
  span(span: Span): void {
    if (span.end <= span.start) {
      throw new RangeError(`record the span "${span.name}": it ends at ${span.end} and starts at ${span.start}`);
    }
    const columns = this.#spans;
    columns.track.push(this.#strings.index(span.track));
    columns.name.push(this.#strings.index(span.name));
    columns.start.push(span.start);
    columns.end.push(span.end);
    columns.mode.push(MODES.indexOf(span.mode));
    columns.stage.push(this.#strings.index(span.stage));
    columns.args.push(span.args === undefined ? NO_ARGUMENTS : this.#arguments.push(span.args) - 1);
  }

  instant(instant: Instant): void {
    this.#instants.push(instant);
  }

  counter(sample: CounterSample): void {
    this.#counters.track.push(this.#strings.index(sample.track));
    this.#counters.name.push(this.#strings.index(sample.name));
    this.#counters.at.push(sample.at);
    this.#counters.value.push(sample.value);
  }

  /** @returns everything recorded so far, in the order in which it was recorded. */
  timeline(title: string): Timeline {
    return {
      title,
      tracks: [...this.#tracks],
      spans: Array.from({ length: this.spanCount }, (_, row) => this.#spanAt(row)),
      instants: [...this.#instants],
      counters: Array.from({ length: this.#counters.at.length }, (_, row) => this.#counterAt(row)),
    };
  }

  #spanAt(row: number): Span {
    const columns = this.#spans;
    const mode = MODES[columns.mode.at(row)];
    if (mode === undefined) throw new RangeError(`trace: span ${row} has no mode`);
    const args = this.#arguments[columns.args.at(row)];
    return {
      track: this.#strings.text(columns.track.at(row)),
      name: this.#strings.text(columns.name.at(row)),
      start: columns.start.at(row),
      end: columns.end.at(row),
      mode,
      stage: this.#strings.text(columns.stage.at(row)),
      ...(args === undefined ? {} : { args }),
    };
  }

  #counterAt(row: number): CounterSample {
    const columns = this.#counters;
    return {
      track: this.#strings.text(columns.track.at(row)),
      name: this.#strings.text(columns.name.at(row)),
      at: columns.at.at(row),
      value: columns.value.at(row),
    };
  }
}
