/** The parts of a machine together: what a kernel on it relies on, and what happens to one that forgets something. */
import { expect, test } from "vitest";
import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import type { Activity, Burst } from "../../../simulator/machine/activity.ts";
import { CpuSet } from "../../../simulator/machine/cpu-set.ts";
import { Disk } from "../../../simulator/machine/disk.ts";
import { checkFrames, FramePool } from "../../../simulator/machine/frames.ts";
import { InterruptController } from "../../../simulator/machine/interrupts.ts";
import { Mmu } from "../../../simulator/machine/mmu.ts";
import { type Access, PageTable } from "../../../simulator/machine/page-table.ts";
import { RoundRobin } from "../../../simulator/machine/policy.ts";
import { Thread } from "../../../simulator/machine/thread.ts";
import { PeriodicTimer } from "../../../simulator/machine/timers.ts";
import { HOST_TAG, Tlb } from "../../../simulator/machine/tlb.ts";

const DISK_VECTOR = 0x31;
const TIMER_VECTOR = 0xec;
const CALL_VECTOR = 0xfb;
const READ: Access = { kind: "read", user: true };

function burst(name: string, duration: number, mode: Burst["mode"] = "user"): Burst {
  return { kind: "burst", mode, name, stage: "work", duration };
}

function machine(cpus: number) {
  const simulation = new Simulation();
  const shown: [what: string, cpu: number, start: number, end: number][] = [];
  const set = new CpuSet({
    simulation,
    cpus,
    policy: new RoundRobin(1000),
    observer: { ran: ({ cpu, activity, start, end }) => void shown.push([activity.name, cpu, start, end]) },
  });
  const controller = new InterruptController({ cpus: set, now: () => simulation.now });
  return { simulation, set, controller, shown };
}

test("a thread reads from the disk and sleeps, another runs meanwhile, and the disk's interrupt wakes the first", () => {
  const { simulation, set, controller, shown } = machine(1);
  const sleepers = new Map<object, Thread>();
  const disk: Disk = new Disk({
    simulation,
    queueDepth: 32,
    channels: 1,
    accessNs: () => 60,
    interrupt: () => controller.raise(DISK_VECTOR),
  });
  controller.connect(DISK_VECTOR, {
    name: "disk",
    handle: () => ({
      bursts: [burst("disk interrupt", 4, "kernel")],
      done: () => {
        for (const { request } of disk.take()) {
          const reader = sleepers.get(request);
          if (reader !== undefined) set.wake(reader);
        }
      },
    }),
  });
  const request = { operation: "read", bytes: 4096 } as const;
  const reader: Thread = new Thread("reader", [
    burst("read", 10, "kernel"),
    {
      kind: "block",
      reason: "read from the disk",
      enter: () => {
        sleepers.set(request, reader);
        return !disk.submit(request);
      },
    },
    burst("copy out", 5, "kernel"),
  ]);
  set.start(reader);
  set.start(new Thread("other", [burst("compute", 100)]));
  simulation.run();
  expect(shown).toEqual([
    ["read", 0, 0, 10],
    ["compute", 0, 10, 70],
    ["disk interrupt", 0, 70, 74],
    ["compute", 0, 74, 114],
    ["copy out", 0, 114, 119],
  ]);
});

test("a timer's ticks take their time from whatever runs, and from nobody's work", () => {
  const { simulation, set, controller, shown } = machine(1);
  const timer = new PeriodicTimer(simulation, () => controller.raise(TIMER_VECTOR));
  controller.connect(TIMER_VECTOR, {
    name: "timer",
    handle: () => ({ bursts: [burst("tick", 2, "kernel")] }),
  });
  const thread = new Thread("program", [burst("compute", 95)]);
  timer.start(10);
  set.start(thread);
  simulation.run({ untilTime: 200 });
  expect(thread.ranNs).toBe(95);
  const ended = shown.findLast(([what]) => what === "compute")?.[3];
  // A tick every 10 that takes 2: 95 of work take the time of 11 ticks more.
  expect(ended).toBe(95 + 11 * 2);
});

/** Two processors use one page; the one unmaps it, flushes its own TLB, and tells the other or forgets to. */
function unmapOnTwo(tellsTheOther: boolean) {
  const { simulation, set, controller } = machine(2);
  const pool = new FramePool({ frames: 100 });
  const table = new PageTable({
    take: () => pool.allocate("page tables") ?? -1,
    give: (frame) => void pool.release(frame, "page tables"),
  });
  const mmus = [0, 1].map(() => new Mmu(new Tlb({ sets: 4, ways: 4 })));
  const use = (cpu: number) => mmus[cpu]?.translate(HOST_TAG, table, 7, READ);
  const seen: (string | undefined)[] = [];
  controller.connect(CALL_VECTOR, {
    name: "function call",
    handle: (cpu) => ({
      bursts: [burst("flush", 3, "kernel")],
      done: () => mmus[cpu]?.tlb.flushAddress(HOST_TAG, 7),
    }),
  });
  const frame = pool.allocate("program") ?? -1;
  table.map(7, frame);
  function* unmapping(): Generator<Activity> {
    use(0);
    yield burst("munmap", 10, "kernel");
    table.unmap(7);
    mmus[0]?.tlb.flushAddress(HOST_TAG, 7);
    if (tellsTheOther) controller.send(CALL_VECTOR, 1);
    yield burst("wait for the other", 20, "kernel");
    pool.release(frame, "program");
    pool.allocate("somebody else");
    yield burst("return", 1);
  }
  set.start(new Thread("unmaps", unmapping()));
  set.start(new Thread("reads", [burst("read", 100)]));
  for (const at of [5, 11, 50]) simulation.schedule(at, PRIORITIES.observe, () => void seen.push(use(1)?.kind));
  simulation.run();
  expect(checkFrames(pool)).toEqual([]);
  return { seen, frameIsSomebodyElses: pool.owners(frame).includes("somebody else") };
}

test("a page that is unmapped on one processor is used on by another, until that one was interrupted and has flushed", () => {
  expect(unmapOnTwo(true)).toEqual({ seen: ["hit", "hit", "fault"], frameIsSomebodyElses: true });
});

test("a kernel that forgets to tell the other processor lets a program read memory that is somebody else's by now", () => {
  expect(unmapOnTwo(false)).toEqual({ seen: ["hit", "hit", "hit"], frameIsSomebodyElses: true });
});
