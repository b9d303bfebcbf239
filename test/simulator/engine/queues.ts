/** The queues whose means are known, as runs of the engine and of the machine's processors. */
import { Random } from "../../../simulator/engine/random.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { CpuSet } from "../../../simulator/machine/cpu-set.ts";
import { RoundRobin } from "../../../simulator/machine/policy.ts";
import { Thread } from "../../../simulator/machine/thread.ts";
import { poissonArrivals } from "../../../simulator/queueing/poisson.ts";
import type { Service } from "../../../simulator/queueing/service.ts";
import { SharedServer } from "../../../simulator/queueing/shared-server.ts";
import { Station } from "../../../simulator/queueing/station.ts";
import { BatchMeans, type Interval } from "./batch-means.ts";

export interface QueueCase {
  readonly service: Service;
  readonly servers: number;
  /** In hundredths: 90 keeps the servers busy for nine tenths of the time. */
  readonly load: number;
  readonly batch: number;
}

export interface QueueRun {
  /** Of the time in the queue, or of the time from arrival to end where there is no queue. */
  readonly interval: Interval;
  /** Sum over customers of their time in the system, and the integral over time of how many there were. */
  readonly spent: number;
  readonly present: number;
}

const NO_LIMIT = { maxEvents: Number.POSITIVE_INFINITY };

/** @returns the mean time between customers: arrivals are even to a millionth of it, so its rounding does not matter */
export function meanGap({ service, servers, load }: QueueCase): number {
  return Math.round((service.mean * 100) / (load * servers));
}

/** First come, first served: M/G/c. */
export function runStation(queue: QueueCase, seed: number): QueueRun {
  const random = new Random(seed, "station");
  const services = random.stream("services");
  const waits = new BatchMeans(queue.batch);
  return observed(queue, random, (simulation, change) => {
    const station = new Station({
      simulation,
      servers: queue.servers,
      service: () => queue.service.draw(services),
      served: (_, arrivedAt, beganAt, endedAt) => {
        waits.add(beganAt - arrivedAt);
        change(-1, endedAt - arrivedAt);
      },
    });
    return { arrive: () => station.arrive(), means: waits };
  });
}

/** Processor sharing: M/G/1-PS. */
export function runShared(queue: QueueCase, seed: number): QueueRun {
  const random = new Random(seed, "shared");
  const services = random.stream("services");
  const times = new BatchMeans(queue.batch);
  return observed(queue, random, (simulation, change) => {
    const server = new SharedServer({
      simulation,
      served: (arrivedAt, _, endedAt) => {
        times.add(endedAt - arrivedAt);
        change(-1, endedAt - arrivedAt);
      },
    });
    return { arrive: () => server.arrive(queue.service.draw(services)), means: times };
  });
}

/** The same through processors, threads and a scheduling policy: each customer is a thread with one burst. */
export function runProcessors(queue: QueueCase, seed: number, sliceNs: number): QueueRun {
  const random = new Random(seed, "processors");
  const services = random.stream("services");
  const times = new BatchMeans(queue.batch);
  return observed(queue, random, (simulation, change) => {
    const arrivedAt = new Map<Thread, number>();
    const ended = (thread: Thread): void => {
      const time = simulation.now - (arrivedAt.get(thread) ?? 0);
      arrivedAt.delete(thread);
      times.add(time);
      change(-1, time);
    };
    const cpus = new CpuSet({
      simulation,
      cpus: queue.servers,
      policy: new RoundRobin(sliceNs),
      observer: { ended },
    });
    const arrive = (): void => {
      const duration = Math.max(1, queue.service.draw(services));
      const thread = new Thread("customer", [{ kind: "burst", mode: "user", name: "serve", stage: "serve", duration }]);
      arrivedAt.set(thread, simulation.now);
      cpus.start(thread);
    };
    return { arrive, means: times };
  });
}

type Change = (difference: 1 | -1, spent: number) => void;
type Build = (simulation: Simulation, change: Change) => { readonly arrive: () => void; readonly means: BatchMeans };

/** Lets the customers come, and keeps the books that Little's law compares. */
function observed(queue: QueueCase, random: Random, build: Build): QueueRun {
  const simulation = new Simulation();
  let inSystem = 0;
  let countedAt = 0;
  let spent = 0;
  let present = 0;
  const change: Change = (difference, time) => {
    present += inSystem * (simulation.now - countedAt);
    countedAt = simulation.now;
    inSystem += difference;
    spent += time;
  };
  const { arrive, means } = build(simulation, change);
  poissonArrivals({
    simulation,
    random: random.stream("arrivals"),
    meanGap: meanGap(queue),
    customers: BatchMeans.needed(queue.batch),
    arrive: () => {
      change(1, 0);
      arrive();
    },
  });
  simulation.run(NO_LIMIT);
  if (inSystem !== 0) throw new Error(`${inSystem} customers were forgotten`);
  return { interval: means.interval(), spent, present };
}
