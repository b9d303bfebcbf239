/**
 * The engine against what is known of queues: the theory's mean lies inside the 99.9 % interval of batch means. The right
 * engine fails one of these checks for one seed in a thousand; the seed is fixed, so that none of them fails by chance one
 * day, and RINGSIDE_SEED=N tries another one.
 */
import { describe, expect, test } from "vitest";
import { deterministic, erlang2, exponential, hyperexponential } from "../../../simulator/queueing/service.ts";
import { meanTimeSharing, meanWaitMG1, meanWaitMMc } from "../../../simulator/queueing/theory.ts";
import { meanGap, type QueueCase, type QueueRun, runProcessors, runShared, runStation } from "./queues.ts";

const SEED = Number(process.env.RINGSIDE_SEED ?? 1);
const MEAN = 1_000_000;
const LOADS = [30, 60, 90];
/** Customers in a batch: waits hang together for longer the busier the servers are. */
const batchAt = (load: number) => (load < 90 ? 20_000 : 60_000);
const SERVICES = [exponential(MEAN), deterministic(MEAN), erlang2(MEAN), hyperexponential(MEAN)];

const loadOf = (queue: QueueCase) => ({ arrivalRate: 1 / meanGap(queue), meanService: queue.service.mean });

function expectInside({ interval, spent, present }: QueueRun, theory: number): void {
  expect(theory, `seed ${SEED}: ${theory} against ${JSON.stringify(interval)}`).toBeGreaterThan(interval.low);
  expect(theory, `seed ${SEED}: ${theory} against ${JSON.stringify(interval)}`).toBeLessThan(interval.high);
  // An interval that is wide enough has everything in it.
  expect((interval.high - interval.low) / theory).toBeLessThan(0.35);
  // Little's law holds of every run that begins and ends empty, not just on average.
  expect(spent).toBe(present);
}

describe(`queues, each within its 99.9 % interval, seed ${SEED}`, () => {
  const stations = [1, 2, 4].flatMap((servers) => LOADS.map((load) => ({ servers, load })));
  test.each(stations)("M/M/$servers at $load % makes customers wait as Erlang has it", ({ servers, load }) => {
    const queue = { service: exponential(MEAN), servers, load, batch: batchAt(load) };
    expectInside(runStation(queue, SEED), meanWaitMMc(loadOf(queue), servers));
  });

  const general = SERVICES.slice(1).flatMap((service) => LOADS.map((load) => ({ service, load, name: service.name })));
  test.each(general)("M/G/1, $name, at $load % waits as Pollaczek and Khinchine have it", ({ service, load }) => {
    const queue = { service, servers: 1, load, batch: batchAt(load) };
    expectInside(runStation(queue, SEED), meanWaitMG1(loadOf(queue), service.variability));
  });

  const shared = SERVICES.flatMap((service) => LOADS.map((load) => ({ service, load, name: service.name })));
  test.each(shared)(
    "processor sharing, $name, at $load % takes the same time whatever the services",
    ({ service, load }) => {
      const queue = { service, servers: 1, load, batch: batchAt(load) };
      expectInside(runShared(queue, SEED), meanTimeSharing(loadOf(queue)));
    },
  );

  test.each([
    { servers: 1, load: 60, sliceNs: Number.POSITIVE_INFINITY, how: "one after the other" },
    { servers: 4, load: 70, sliceNs: Number.POSITIVE_INFINITY, how: "one after the other" },
    { servers: 1, load: 70, sliceNs: 200_000, how: "by slices" },
  ])("threads on $servers processors at $load %, $how, take as long as M/M/c", ({ servers, load, sliceNs }) => {
    // Exponential services do not remember: their mean is the same with slices of any length.
    const queue = { service: exponential(MEAN), servers, load, batch: 3000 };
    expectInside(runProcessors(queue, SEED, sliceNs), meanWaitMMc(loadOf(queue), servers) + MEAN);
  });
});

describe("the theory", () => {
  test("knows M/M/1 three times: Erlang's C, Pollaczek and Khinchine, and processor sharing agree", () => {
    for (const arrivalRate of [0.1, 0.5, 0.9]) {
      const load = { arrivalRate, meanService: 1 };
      const wait = arrivalRate / (1 - arrivalRate);
      expect(meanWaitMMc(load, 1)).toBeCloseTo(wait, 10);
      expect(meanWaitMG1(load, 1)).toBeCloseTo(wait, 10);
      expect(meanTimeSharing(load)).toBeCloseTo(wait + 1, 10);
    }
  });

  test("knows that one fast server beats two slow ones, and by how much", () => {
    // M/M/2 at a utilisation u waits u² / (1 - u²) services.
    expect(meanWaitMMc({ arrivalRate: 1.6, meanService: 1 }, 2)).toBeCloseTo(0.64 / 0.36, 10);
  });
});
