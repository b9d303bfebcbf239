/** The benchmark of the simulator: what it compares is the same queue each time, and what is missing is named. */
import { describe, expect, test } from "vitest";
import { BareHeap } from "../../runtime/bench/simulator/bare-heap.ts";
import { runBare, runTraced, runUntraced } from "../../runtime/bench/simulator/one-server.ts";
import { formatSimulatorSpeed } from "../../runtime/bench/simulator/report.ts";
import { simulatorReportSchema } from "../../runtime/bench/simulator/schema.ts";
import { findSimpy } from "../../runtime/bench/simulator/simpy.ts";
import { benchSimulator } from "../../runtime/bench/simulator/simulator-speed.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";
import { TraceRecorder } from "../../simulator/trace/recorder.ts";
import { chance } from "../support/chance.ts";

const small = { runs: 2, warmup: 1, customers: 2000, simpyCustomers: 200, traceEvents: 20_000 };
const quiet = { signal: new AbortController().signal, progress: () => {} };

describe("what is compared", () => {
  test("is the same queue with a trace, without one and in the bare loop: the same draws, events and waits", () => {
    const random = chance();
    for (let run = 0; run < 20; run++) {
      const seed = random.word();
      const bare = runBare(seed, 3000);
      expect(runUntraced(seed, 3000), `seed ${seed}`).toEqual(bare);
      expect(runTraced(seed, 3000), `seed ${seed}`).toEqual(bare);
      expect(bare.events).toBe(6000);
    }
  });

  test("writes a sound trace: a span for each service, the number of customers at each event", () => {
    const recorder = new TraceRecorder();
    runTraced(1, 1000, recorder);
    const timeline = recorder.timeline("M/M/1");
    expect(checkTimeline(timeline)).toEqual([]);
    expect(timeline.spans.length).toBeGreaterThan(990);
    expect(timeline.counters).toHaveLength(2000);
    expect(timeline.counters.at(-1)?.value).toBe(0);
  });

  test("has a floor that is a heap: it hands out what is earliest", () => {
    const random = chance();
    const heap = new BareHeap();
    const times = Array.from({ length: 200 }, () => random.integer(0, 50));
    for (const time of times) heap.push(time, time);
    const out = times.map(() => heap.pop());
    expect(out).toEqual(times.toSorted((left, right) => left - right));
  });
});

describe("the report", () => {
  test("judges every goal with its samples, or names what is missing and what to type", async () => {
    const report = await benchSimulator({ ...small, ...quiet, seed: 1 });
    expect(simulatorReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.rows).toHaveLength(6);
    expect(report.samples.traced).toHaveLength(small.runs);
    const unavailable = report.rows.filter(({ verdict }) => verdict === "unavailable");
    expect(unavailable.length).toBe(findSimpy() === undefined ? 1 : 0);
    for (const row of unavailable) expect(row).toMatchObject({ fix: expect.stringContaining("python3-simpy3") });
    const text = formatSimulatorSpeed(report);
    for (const { measure } of report.rows) expect(text).toContain(measure);
    expect(text).toContain("theory 8.10 ms");
  });

  test("keeps what had been measured when it is interrupted, and says so", async () => {
    const interrupt = new AbortController();
    const progress = ({ phase }: { readonly phase: string }) => {
      if (phase === "run") interrupt.abort();
    };
    const report = await benchSimulator({ ...small, seed: 1, signal: interrupt.signal, progress });
    expect(report.interrupted).toBe(true);
    expect(formatSimulatorSpeed(report)).toContain("Interrupted");
  });
});
