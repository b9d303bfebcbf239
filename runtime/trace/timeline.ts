/**
 * What a tracer saw as a timeline: a track for each thread, its time in user mode, its calls in the kernel, and, told
 * apart from both, the time in which the tracer held it: that is in the kernel too (ptrace_stop), but not the program's.
 */
import { readFileSync } from "node:fs";
import { type Instant, MARKS, type Provenance, type Span, type Timeline } from "../../simulator/trace/timeline.ts";
import type { DecodedCall } from "./decode.ts";
import type { CallRecord, TraceRecord } from "./records.ts";
import { signalName } from "./words.ts";

/** A long trace makes a file that no viewer opens. */
const MOST_SPANS = 400_000;
const HELD = "stopped by the tracer";

interface Thread {
  name: string;
  /** By an execve that was seen. */
  isNamed: boolean;
  process: number;
  /** Until when its track is drawn. */
  endNs: number | undefined;
}

function nameOf(thread: number): string {
  try {
    return readFileSync(`/proc/${thread}/comm`, "utf8").trim();
  } catch {
    return "process";
  }
}

export class TraceTimeline {
  readonly #threads = new Map<number, Thread>();
  readonly #spans: Span[] = [];
  readonly #instants: Instant[] = [];
  #zeroNs: number | undefined;
  #left = 0;

  /** Spans that found no room any more. */
  get leftOut(): number {
    return this.#left;
  }

  #thread(record: TraceRecord): Thread {
    const known = this.#threads.get(record.thread);
    if (known !== undefined) {
      // Its parent knew only its number, not whether it is a thread.
      known.process = record.process;
      return known;
    }
    const thread = { name: nameOf(record.thread), isNamed: false, process: record.process, endNs: undefined };
    this.#threads.set(record.thread, thread);
    return thread;
  }

  #at(ns: number): number {
    this.#zeroNs ??= ns;
    return ns - this.#zeroNs;
  }

  #span(id: number, startNs: number, endNs: number, rest: Pick<Span, "name" | "mode" | "stage" | "args">): void {
    const start = this.#at(startNs);
    const end = this.#at(endNs);
    if (end <= start) return;
    if (this.#spans.length < MOST_SPANS) this.#spans.push({ track: String(id), start, end, ...rest });
    else this.#left++;
  }

  /** Adds a call with its words. */
  addCall(record: CallRecord, { name, args, result }: DecodedCall): void {
    const thread = this.#thread(record);
    const id = record.thread;
    if (thread.endNs !== undefined) {
      this.#span(id, thread.endNs, record.atNs, { name: "the program's own code", mode: "user", stage: "program" });
    }
    this.#span(id, record.atNs, record.enterNs, { name: HELD, mode: "kernel", stage: "tracing" });
    const words = { call: `${name}(${args.join(", ")})`, result };
    this.#span(id, record.enterNs, record.exitNs, { name, mode: "kernel", stage: "call", args: words });
    this.#span(id, record.exitNs, record.resumedNs, { name: HELD, mode: "kernel", stage: "tracing" });
    thread.endNs = record.resumedNs;
    if (name === "execve" && record.hasReturned && !record.isError) this.#becomes(record, thread);
  }

  /** Its name is what it was called by, its first argument: the path may be a link to a program of many names. */
  #becomes(record: CallRecord, thread: Thread): void {
    const texts = record.captures.find(({ argument }) => argument === 1)?.bytes ?? new Uint8Array();
    const calledBy = Buffer.from(texts).toString().split("\0")[0] ?? "";
    thread.name = calledBy.split("/").at(-1) || thread.name;
    thread.isNamed = true;
    const at = this.#at(record.resumedNs);
    this.#instants.push({ track: String(record.thread), name: MARKS.firstInstruction, at });
  }

  /** Adds what is not a call: signals, ends, births. */
  addEvent(record: Exclude<TraceRecord, CallRecord>): void {
    const thread = this.#thread(record);
    const at = this.#at(record.atNs);
    const track = String(record.thread);
    if (record.kind === "exit") {
      if (thread.endNs !== undefined && thread.endNs < record.atNs) {
        this.#span(record.thread, thread.endNs, record.atNs, { name: "ending", mode: "kernel", stage: "program" });
      }
      this.#instants.push({ track, name: MARKS.gone, at });
    }
    if (record.kind === "signal") this.#instants.push({ track, name: `signal ${signalName(record.signal)}`, at });
    if (record.kind === "spawn") {
      // The news of a birth may come after the child's first calls.
      const child = this.#threads.get(record.child);
      if (child !== undefined && !child.isNamed) child.name = thread.name;
      const fresh = { name: thread.name, isNamed: false, process: record.child, endNs: record.atNs };
      if (child === undefined) this.#threads.set(record.child, fresh);
    }
  }

  /** @returns everything so far, one track a thread, in nanoseconds since the first thing seen */
  timeline(title: string, provenance: Provenance): Timeline {
    const tracks = [...this.#threads].map(([id, { name, process }]) => ({
      id: String(id),
      name: id === process ? `${name} (${id})` : `${name} (thread ${id} of ${process})`,
      world: "container" as const,
      unit: "ns" as const,
      provenance,
    }));
    return { title, tracks, spans: this.#spans, instants: this.#instants, counters: [] };
  }
}
