/** Disk and network card: nothing is lost or told twice, what is in one queue stays in order, and nobody waits unheard. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { checkDisk, Disk, type DiskRequest } from "../../../simulator/machine/disk.ts";
import type { ModerationOptions } from "../../../simulator/machine/moderation.ts";
import { checkNetworkCard, connect, NetworkCard } from "../../../simulator/machine/network-card.ts";
import { Wire } from "../../../simulator/machine/wire.ts";

interface Numbered extends DiskRequest {
  readonly number: number;
  readonly ns: number;
}

const moderation: fc.Arbitrary<ModerationOptions> = fc.oneof(
  fc.constant({ completions: 1, delayNs: 0 }),
  fc.record({ completions: fc.integer({ min: 2, max: 6 }), delayNs: fc.integer({ min: 1, max: 100 }) }),
);

test("every request is done exactly once, is begun in its queue's order, and its driver hears of it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.nat(300), queue: fc.nat(1), ns: fc.integer({ min: 1, max: 80 }) }), {
        maxLength: 40,
        size: "max",
      }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 10 }),
      moderation,
      (plans, channels, queueDepth, transferNs, moderated) => {
        const simulation = new Simulation();
        const waiting: Numbered[][] = [[], []];
        const seen: { queue: number; number: number; startedAt: number; completedAt: number; submittedAt: number }[] =
          [];
        const disk: Disk<Numbered> = new Disk<Numbered>({
          simulation,
          queues: 2,
          queueDepth,
          channels,
          accessNs: ({ ns }) => ns,
          transferNs: () => transferNs,
          moderation: moderated,
          interrupt: (queue) => {
            for (const { request, ...when } of disk.take(queue)) seen.push({ ...when, number: request.number });
            feed(queue);
          },
        });
        const feed = (queue: number) => {
          for (const next of waiting[queue] ?? []) {
            expect(checkDisk(disk)).toEqual([]);
            if (!disk.submit(next, queue)) break;
            waiting[queue] = waiting[queue]?.slice(1) ?? [];
            expect(disk.outstanding(queue)).toBeLessThanOrEqual(queueDepth);
          }
        };
        for (const [number, { at, queue, ns }] of plans.entries()) {
          simulation.schedule(at, PRIORITIES.begin, () => {
            waiting[queue]?.push({ operation: "read", bytes: 4096, number, ns });
            feed(queue);
          });
        }
        expect(simulation.run().ended).toBe("finished");
        expect(checkDisk(disk)).toEqual([]);
        expect(seen.map(({ number }) => number).sort((left, right) => left - right)).toEqual([...plans.keys()]);
        const { busyNs, interrupts } = disk.counters;
        expect(busyNs).toBe(seen.reduce((sum, { startedAt, completedAt }) => sum + completedAt - startedAt, 0));
        expect(interrupts).toBeLessThanOrEqual(plans.length);
        for (const queue of [0, 1]) {
          const wanted = [...plans.entries()]
            .filter(([, plan]) => plan.queue === queue)
            .sort(([, left], [, right]) => left.at - right.at)
            .map(([number]) => number);
          const own = seen.filter((one) => one.queue === queue);
          const begun = own.toSorted((left, right) => wanted.indexOf(left.number) - wanted.indexOf(right.number));
          for (const [index, one] of begun.entries()) {
            const before = begun[index - 1];
            expect(one.submittedAt).toBeLessThanOrEqual(one.startedAt);
            if (before !== undefined) expect(one.startedAt).toBeGreaterThanOrEqual(before.startedAt);
          }
          if (channels === 1) expect(own.map(({ number }) => number)).toEqual(wanted);
        }
        // Never more at once than there are channels.
        for (const { startedAt } of seen) {
          const together = seen.filter((one) => one.startedAt <= startedAt && one.completedAt > startedAt);
          expect(together.length).toBeLessThanOrEqual(channels);
        }
      },
    ),
    { numRuns: 200 },
  );
});

function diskOf(channels: number, queueDepth: number, transferNs: number) {
  const simulation = new Simulation();
  let done = 0;
  const disk: Disk = new Disk({
    simulation,
    queueDepth,
    channels,
    accessNs: () => 100,
    transferNs: () => transferNs,
    interrupt: () => {
      done += disk.take().length;
      if (simulation.now < 10_000) fill();
    },
  });
  const fill = () => {
    while (disk.submit({ operation: "read", bytes: 4096 }));
  };
  fill();
  simulation.run({ untilTime: 10_000 });
  return done;
}

test("a disk of several channels does as many times as much, as long as its queue is deep enough and its bus not full", () => {
  expect(diskOf(1, 1, 0)).toBe(100);
  expect(diskOf(1, 32, 0)).toBe(100);
  expect(diskOf(8, 1, 0)).toBe(100);
  expect(diskOf(8, 32, 0)).toBe(800);
  // One transfer after another: no more than one every 50.
  expect(diskOf(8, 32, 50)).toBeLessThanOrEqual(200);
  expect(diskOf(8, 32, 50)).toBeGreaterThan(190);
});

test("a full queue refuses, and has room again when a completion was taken, not before", () => {
  const simulation = new Simulation();
  const disk: Disk = new Disk({ simulation, queueDepth: 2, channels: 2, accessNs: () => 10, interrupt: () => {} });
  const request = { operation: "write", bytes: 512 } as const;
  expect([disk.submit(request), disk.submit(request), disk.submit(request)]).toEqual([true, true, false]);
  simulation.run();
  expect(disk.submit(request)).toBe(false);
  expect(disk.take(0, 1).length).toBe(1);
  expect([disk.submit(request), disk.submit(request)]).toEqual([true, false]);
  expect(disk.counters.refused).toBe(3);
});

test("two queues take turns: the one that asks for much does not starve the one that asks for little", () => {
  const simulation = new Simulation();
  const order: number[] = [];
  const disk: Disk = new Disk({
    simulation,
    queues: 2,
    queueDepth: 64,
    channels: 1,
    accessNs: () => 10,
    interrupt: (queue) => void order.push(...disk.take(queue).map((completion) => completion.queue)),
  });
  for (let count = 0; count < 6; count++) disk.submit({ operation: "read", bytes: 512 }, 0);
  for (let count = 0; count < 2; count++) disk.submit({ operation: "read", bytes: 512 }, 1);
  simulation.run();
  expect(order).toEqual([0, 1, 0, 1, 0, 0, 0, 0]);
});

interface Frame {
  readonly bytes: number;
  readonly number: number;
}

test("packets arrive in their order, once, or are counted as dropped; and every one that arrived is heard of", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          at: fc.nat(3000),
          sizes: fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 5 }),
        }),
        { maxLength: 20, size: "max" },
      ),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 2000 }),
      moderation,
      (plans, transmitSlots, receiveSlots, driverNs, moderated) => {
        const simulation = new Simulation();
        const waiting: Frame[] = [];
        const taken: Frame[] = [];
        const sender: NetworkCard<Frame> = new NetworkCard<Frame>({
          simulation,
          transmitSlots,
          receiveSlots: 1,
          moderation: moderated,
          interrupt: () => {
            sender.takeTransmitted();
            feed();
          },
        });
        // The driver comes some time after its interrupt, like a handler that waits for its processor.
        const receiver: NetworkCard<Frame> = new NetworkCard<Frame>({
          simulation,
          transmitSlots: 1,
          receiveSlots,
          moderation: moderated,
          interrupt: () =>
            void simulation.after(driverNs, PRIORITIES.begin, () => {
              taken.push(...receiver.take());
              expect(checkNetworkCard(receiver)).toEqual([]);
            }),
        });
        const [wire] = connect(simulation, sender, receiver, { bitsPerSecond: 10_000_000_000, latencyNs: 500 });
        const feed = () => {
          waiting.splice(0, sender.transmit(waiting));
        };
        let number = 0;
        for (const { at, sizes } of plans.toSorted((left, right) => left.at - right.at)) {
          const frames = sizes.map((bytes) => ({ bytes, number: number++ }));
          simulation.schedule(at, PRIORITIES.begin, () => {
            waiting.push(...frames);
            feed();
          });
        }
        expect(simulation.run().ended).toBe("finished");
        const { received, dropped } = receiver.counters;
        expect(wire.inFlight).toBe(0);
        expect(waiting).toEqual([]);
        expect(sender.counters).toMatchObject({ queued: number, transmitted: number });
        expect(received + dropped).toBe(number);
        expect(taken.length).toBe(received);
        expect(sender.room).toBe(transmitSlots);
        for (const [index, frame] of taken.entries()) {
          expect(frame.number).toBeGreaterThan(taken[index - 1]?.number ?? -1);
        }
        expect([...checkNetworkCard(sender), ...checkNetworkCard(receiver)]).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

test("a wire takes the time of the bits and then its latency, and carries several packets at once", () => {
  const simulation = new Simulation();
  const arrivals: number[] = [];
  const sent: number[] = [];
  const wire = new Wire(simulation, { bitsPerSecond: 1_000_000_000, latencyNs: 50_000 }, () => {
    arrivals.push(simulation.now);
  });
  for (let count = 0; count < 3; count++) wire.send({ bytes: 1518 }, () => void sent.push(simulation.now));
  simulation.run();
  // 1538 bytes at a gigabit: the 81,274 packets a second of a full Ethernet.
  expect(wire.serializationNs(1518)).toBe(12_304);
  expect(sent).toEqual([12_304, 24_608, 36_912]);
  expect(arrivals).toEqual([62_304, 74_608, 86_912]);
});

function burstOf(packets: number, moderated: ModerationOptions, batch: number) {
  const simulation = new Simulation();
  const heard: number[] = [];
  const [sender, receiver] = ["sender", "receiver"].map((name) => {
    const card: NetworkCard<Frame> = new NetworkCard<Frame>({
      simulation,
      transmitSlots: 256,
      receiveSlots: 256,
      moderation: moderated,
      interrupt: (ring) => {
        if (name === "receiver" && ring === "receive") heard.push(card.take().length);
      },
    });
    return card;
  });
  if (sender === undefined || receiver === undefined) throw new Error("two cards were made");
  connect(simulation, sender, receiver, { bitsPerSecond: 10_000_000_000, latencyNs: 1000 });
  for (let from = 0; from < packets; from += batch) {
    sender.transmit(
      Array.from({ length: Math.min(batch, packets - from) }, (_, at) => ({ bytes: 64, number: from + at })),
    );
  }
  simulation.run();
  return { heard, notifications: sender.counters.notifications };
}

test("moderation makes one interrupt of many arrivals, and the last ones are told when their time has come", () => {
  expect(burstOf(10, { completions: 1, delayNs: 0 }, 1)).toEqual({ heard: Array(10).fill(1), notifications: 10 });
  expect(burstOf(10, { completions: 4, delayNs: 5000 }, 10)).toEqual({ heard: [4, 4, 2], notifications: 1 });
  expect(() => burstOf(1, { completions: 4, delayNs: 0 }, 1)).toThrow("would never be told");
});

test("what has arrived is told when the first of it has waited long enough, however much comes after it", () => {
  const simulation = new Simulation();
  const told: number[] = [];
  const card: NetworkCard<Frame> = new NetworkCard<Frame>({
    simulation,
    transmitSlots: 1,
    receiveSlots: 8,
    moderation: { completions: 8, delayNs: 50 },
    interrupt: () => void told.push(simulation.now, card.take().length),
  });
  for (const [number, at] of [10, 40, 58, 70].entries()) {
    simulation.schedule(at, PRIORITIES.begin, () => card.arrive({ bytes: 64, number }));
  }
  simulation.run();
  expect(told).toEqual([60, 3, 120, 1]);
});

test("what arrives while the driver has the interrupt off is told when it switches it on, and only if it has not seen it", () => {
  const simulation = new Simulation();
  let interrupts = 0;
  const card: NetworkCard<Frame> = new NetworkCard<Frame>({
    simulation,
    transmitSlots: 1,
    receiveSlots: 8,
    interrupt: () => void interrupts++,
  });
  card.arrive({ bytes: 64, number: 0 });
  card.setInterrupts("receive", false);
  card.arrive({ bytes: 64, number: 1 });
  expect(interrupts).toBe(1);
  expect(card.take().length).toBe(2);
  card.setInterrupts("receive", true);
  expect(interrupts).toBe(1);
  card.setInterrupts("receive", false);
  card.arrive({ bytes: 64, number: 2 });
  card.setInterrupts("receive", true);
  expect(interrupts).toBe(2);
});
