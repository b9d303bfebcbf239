/**
 * The queue that simulators are compared with: M/M/1, nine tenths busy. Ours three times: by the engine with a trace and
 * without, and the floor, the bare loop that one would write for this queue alone.
 */

import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import { Random } from "../../../simulator/engine/random.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { poissonArrivals } from "../../../simulator/queueing/poisson.ts";
import { Station } from "../../../simulator/queueing/station.ts";
import { TraceRecorder } from "../../../simulator/trace/recorder.ts";
import { BareHeap } from "./bare-heap.ts";

export const MEAN_GAP_NS = 1_000_000;
export const MEAN_SERVICE_NS = 900_000;
/** Arrival and end of service. */
export const EVENTS_PER_CUSTOMER = 2;

export interface QueueResult {
  readonly events: number;
  /** Nanoseconds in the queue, over all customers. */
  readonly waited: number;
}

/** Runs it without writing anything down. */
export function runUntraced(seed: number, customers: number): QueueResult {
  const simulation = new Simulation();
  const random = new Random(seed, "one-server");
  const services = random.stream("services");
  let waited = 0;
  const station = new Station({
    simulation,
    servers: 1,
    service: () => services.exponential(MEAN_SERVICE_NS),
    served: (_, arrivedAt, beganAt) => {
      waited += beganAt - arrivedAt;
    },
  });
  const arrive = (): void => station.arrive();
  poissonArrivals({ simulation, random: random.stream("arrivals"), meanGap: MEAN_GAP_NS, customers, arrive });
  return { events: simulation.run({ maxEvents: Number.POSITIVE_INFINITY }).events, waited };
}

/** The same, with the length of the queue at every event and a span for every service. */
export function runTraced(seed: number, customers: number, recorder = new TraceRecorder()): QueueResult {
  const track = "server";
  const provenance = { kind: "simulated", detail: `M/M/1, seed ${seed}` } as const;
  recorder.track({ id: track, name: "Server", world: "process", unit: "ns", provenance });
  const kind = recorder.kind({ track, name: "serve", mode: "user", stage: "serve" });
  const length = recorder.series(track, "customers");
  const simulation = new Simulation();
  const random = new Random(seed, "one-server");
  const services = random.stream("services");
  let waited = 0;
  const station = new Station({
    simulation,
    servers: 1,
    service: () => services.exponential(MEAN_SERVICE_NS),
    served: (_, arrivedAt, beganAt, endedAt) => {
      waited += beganAt - arrivedAt;
      // A service of less than a nanosecond takes no time on the track.
      if (endedAt > beganAt) recorder.row(kind, beganAt, endedAt);
      recorder.sample(length, endedAt, station.inSystem);
    },
  });
  const arrive = (): void => {
    station.arrive();
    recorder.sample(length, simulation.now, station.inSystem);
  };
  poissonArrivals({ simulation, random: random.stream("arrivals"), meanGap: MEAN_GAP_NS, customers, arrive });
  return { events: simulation.run({ maxEvents: Number.POSITIVE_INFINITY }).events, waited };
}

/** The floor: the same draws and the same events, by a heap of times and a loop that knows this queue only. */
export function runBare(seed: number, customers: number): QueueResult {
  const random = new Random(seed, "one-server");
  const services = random.stream("services");
  const gaps = random.stream("arrivals");
  const heap = new BareHeap();
  // Arrivals of those who wait: a list that is cut short now and then.
  let queue: number[] = [];
  let first = 0;
  let events = 0;
  let waited = 0;
  let busy = false;
  let left = customers;
  heap.push(gaps.exponential(MEAN_GAP_NS), PRIORITIES.begin);
  while (heap.size > 0) {
    const now = heap.time;
    const isArrival = heap.pop() === PRIORITIES.begin;
    events++;
    if (isArrival) {
      queue.push(now);
      if (--left > 0) heap.push(now + gaps.exponential(MEAN_GAP_NS), PRIORITIES.begin);
    } else busy = false;
    if (busy || first === queue.length) continue;
    busy = true;
    waited += now - (queue[first++] ?? now);
    if (first > 1000 && first * 2 > queue.length) {
      queue = queue.slice(first);
      first = 0;
    }
    heap.push(now + services.exponential(MEAN_SERVICE_NS), PRIORITIES.complete);
  }
  return { events, waited };
}
