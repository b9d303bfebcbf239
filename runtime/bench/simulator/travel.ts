/** A trace of ten million events: what it takes of memory, and how long any moment of it takes to rebuild. */

import { Random } from "../../../simulator/engine/random.ts";
import { History } from "../../../simulator/trace/history.ts";
import { TraceRecorder } from "../../../simulator/trace/recorder.ts";
import { percentile } from "../statistics.ts";
import { EVENTS_PER_CUSTOMER, runTraced } from "./one-server.ts";

export const TRACE_EVENTS = 10_000_000;
export const MOMENTS = 1000;

export interface Travel {
  readonly events: number;
  readonly rows: number;
  /** The largest memory that the process ever had, Node itself, the trace and its keyframes together (getrusage(2)). */
  readonly peakBytes: number;
  /** Of the trace's columns alone. */
  readonly columnBytes: number;
  /** What reading the trace once for its keyframes took. */
  readonly openMs: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

/**
 * Makes the trace, opens its history, and goes to random moments of it.
 * @param events how many; of a test fewer
 */
export function travel(seed: number, events = TRACE_EVENTS): Travel {
  const recorder = new TraceRecorder();
  const run = runTraced(seed, events / EVENTS_PER_CUSTOMER, recorder);
  const openedMs = performance.now();
  const history = new History(recorder);
  const openMs = performance.now() - openedMs;
  const random = new Random(seed, "moments");
  const last = recorder.sampleTime(recorder.sampleCount - 1);
  const times = Array.from({ length: MOMENTS }, () => {
    // Two draws, since a long trace has more moments than one word has values.
    const moment = Math.floor((last / 2 ** 32) * random.word()) + random.integer(0, 1000);
    const startedMs = performance.now();
    history.stateAt(moment);
    return performance.now() - startedMs;
  }).sort((left, right) => left - right);
  return {
    events: run.events,
    rows: recorder.spanCount + recorder.sampleCount,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    columnBytes: recorder.bytes,
    openMs,
    p99Ms: percentile(times, 0.99),
    worstMs: times.at(-1) ?? 0,
  };
}
