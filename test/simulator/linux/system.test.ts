/** A whole Linux: programs run on its processors, and what happens to them comes out of its mechanisms. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CostBook } from "../../../simulator/costs/cost-book.ts";
import { findProfile } from "../../../simulator/costs/profiles.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { Inode } from "../../../simulator/linux/files/inode.ts";
import { Layer, Overlay } from "../../../simulator/linux/files/overlay.ts";
import { checkScheduler } from "../../../simulator/linux/scheduler/invariants.ts";
import { LinuxSystem } from "../../../simulator/linux/system.ts";
import type { Stretch } from "../../../simulator/machine/cpu-set.ts";
import { checkFrames } from "../../../simulator/machine/frames.ts";
import type { Thread } from "../../../simulator/machine/thread.ts";
import type { Operation, Workload } from "../../../simulator/workload/workload.ts";

const profile = findProfile("published-2022");
if (profile === undefined) throw new Error("the default profile is gone");
const costs = new CostBook(profile);
const MIB = 1024 * 1024;
const PIPE = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };

function boot(cpus = 1, memoryBytes = 64 * MIB) {
  const simulation = new Simulation();
  const stretches: Stretch<Thread>[] = [];
  const observer = { ran: (one: Stretch<Thread>) => void stretches.push(one) };
  const system = new LinuxSystem({ simulation, costs, cpus, memoryBytes, output: PIPE, observer });
  const names = () => stretches.map(({ activity }) => activity.name);
  return { simulation, system, stretches, names };
}

function program(name: string, ...operations: Operation[]): Workload {
  return { name, operations: [...operations, { kind: "systemCall", service: "exit" }] };
}

const read = (path: string): Operation[] => [
  { kind: "systemCall", service: "open", path, access: "read" },
  { kind: "systemCall", service: "read", bytes: 131_072 },
  { kind: "systemCall", service: "close" },
];

describe("a program", () => {
  test("that reads a file waits for the disk the first time, and never again", () => {
    const { simulation, system, names } = boot();
    system.root.upper.set("/file", new Inode(system.nextInode(), "/file", system.disk, 3));
    for (const name of ["first", "second"]) system.start(system.init, program(name, ...read("/file")));
    simulation.run();
    expect(names().filter((name) => name.startsWith("disk: read"))).toEqual(["disk: read 4096 bytes"]);
    expect(names()).toContain("read(3, …, 3)");
  });

  test("is told ENOENT for a file that is not there", () => {
    const { simulation, system, names } = boot();
    system.start(system.init, program("cat", ...read("/nothing")));
    simulation.run();
    expect(names()).toContain('openat("/nothing") = -1 ENOENT');
  });

  test("waits for the one that it has spawned, and that one runs at the same time on another processor if it does not", () => {
    const child = program("child", { kind: "compute", instructions: 1_000_000 });
    const order = (wait: boolean) => {
      const { simulation, system, stretches } = boot(2);
      const parent = program("parent", { kind: "spawn", program: child, wait }, { kind: "compute", instructions: 999 });
      system.start(system.init, parent);
      simulation.run();
      const start = (name: string) => stretches.find(({ activity }) => activity.name === name)?.start ?? -1;
      return start("999 instructions") > start("1000000 instructions") + 900_000;
    };
    expect(order(true)).toBe(true);
    expect(order(false)).toBe(false);
  });

  test("that executes what only the kernel may gets SIGSEGV, and nobody else does", () => {
    const { simulation, system } = boot();
    const bad = system.start(system.init, program("bad", { kind: "privileged", instruction: "halt" }));
    const good = system.start(system.init, program("good", { kind: "compute", instructions: 5 }));
    simulation.run();
    expect(bad?.status).toMatchObject({ kind: "killed", signal: "SIGSEGV" });
    expect(good?.status).toEqual({ kind: "exited", code: 0 });
  });

  test("stands still while it is stopped, and goes on where it was", () => {
    const { simulation, system, names } = boot();
    const steps = program("steps", { kind: "compute", instructions: 1_000 }, { kind: "compute", instructions: 2_000 });
    const process = system.start(system.init, steps);
    if (process === undefined) throw new Error("not started");
    simulation.run({ untilTime: 500 });
    system.processes.signal(process, "SIGSTOP", system.init);
    simulation.run();
    expect(names()).toEqual(["1000 instructions", "1000 instructions"].slice(0, names().length));
    expect(process.state).toBe("stopped");
    system.processes.signal(process, "SIGCONT", system.init);
    simulation.run();
    expect(names()).toContain("2000 instructions");
    expect(process.status).toEqual({ kind: "exited", code: 0 });
  });
});

describe("threads of a process", () => {
  const worker = (...operations: Operation[]): Workload => ({ name: "worker", operations });
  const touch: Operation = { kind: "pageTouch", pages: 10, access: "write", firstPage: 0 };

  test("share its memory: what one has written needs no fault and no frame from the other", () => {
    const { simulation, system, names } = boot();
    const process = system.start(
      system.init,
      program(
        "server",
        touch,
        { kind: "spawn", as: "thread", program: worker(touch) },
        { kind: "sleep", durationNs: 5 },
      ),
    );
    simulation.run({ untilTime: 200_000 });
    simulation.run();
    expect(names().filter((name) => name.startsWith("page fault")).length).toBe(1);
    expect(process?.status).toEqual({ kind: "exited", code: 0 });
  });

  test("run side by side on two processors, have numbers of their own, and are waited for", () => {
    const { simulation, system, stretches } = boot(2);
    const compute: Operation = { kind: "compute", instructions: 1_000_000 };
    const spawn: Operation = { kind: "spawn", as: "thread", wait: false, program: worker(compute) };
    const process = system.start(system.init, program("server", spawn, compute));
    if (process === undefined) throw new Error("not started");
    simulation.run({ untilTime: 500_000 });
    const threads = system.threads.of(process);
    expect(threads.map((thread) => system.threads.idOf(process, thread))).toEqual([process.pid, process.pid + 1]);
    simulation.run();
    expect(new Set(stretches.map(({ cpu }) => cpu)).size).toBe(2);
  });

  test("end all together when one of them says exit, and count for pids.max", () => {
    const { simulation, system, names } = boot(2);
    const loop: Operation = { kind: "compute", instructions: 1e9 };
    const spawn: Operation = { kind: "spawn", as: "thread", wait: false, program: worker(loop) };
    const controlGroup = system.group("/few", { pidsMax: 2 });
    const process = system.start(system.init, program("server", spawn, spawn), { controlGroup });
    expect(simulation.run().ended).toBe("finished");
    expect(simulation.now).toBeLessThan(1e9);
    expect(process?.status).toEqual({ kind: "exited", code: 0 });
    expect(names()).toContain("clone3() = -1 EAGAIN");
    expect(controlGroup.pids).toBe(0);
  });
});

describe("containers on one kernel", () => {
  const image = (system: LinuxSystem) => {
    const layer = new Layer("image", system.disk);
    layer.set("/etc/conf", new Inode(system.nextInode(), "/etc/conf", system.disk, 40_960, 5));
    return layer;
  };
  const container = (system: LinuxSystem, layer: Layer, name: string, workload: Workload, maxBytes?: number) => {
    const group = system.group(`/${name}`, maxBytes === undefined ? {} : { memoryMaxBytes: maxBytes });
    const forked = system.processes.fork(system.init, { newNamespaces: ["pid", "mount", "uts"], controlGroup: group });
    if (forked.kind === "failed") throw new Error(forked.why);
    const upper = new Layer(name, system.disk);
    const tree = new Overlay({ lower: [layer], upper, nextInode: system.nextInode });
    forked.child.namespaces.mount.pivotRoot({ point: "/", type: "overlay", source: name, tree, readOnly: false });
    system.runThread(forked.child, system.run(forked.child, workload, "program"));
    return { process: forked.child, upper, group };
  };

  test("copy a file up when it is written, pay the disk once for what they share, and see their own", () => {
    const { simulation, system, names } = boot();
    const layer = image(system);
    const change = program(
      "change",
      { kind: "systemCall", service: "open", path: "/etc/conf", access: "write" },
      { kind: "systemCall", service: "write", path: "/etc/conf", bytes: 10 },
    );
    const a = container(system, layer, "a", change);
    simulation.run();
    const b = container(system, layer, "b", program("cat", ...read("/etc/conf")));
    simulation.run();
    expect(names().filter((name) => name === "copy up").length).toBe(1);
    expect(names().filter((name) => name.startsWith("disk: read"))).toEqual(["disk: read 40960 bytes"]);
    expect([a.upper.bytes, b.upper.bytes]).toEqual([40_960, 0]);
  });

  test("are killed for their own memory, and the one beside them is not", () => {
    const { simulation, system } = boot(1, 64 * MIB);
    const layer = image(system);
    const greedy = container(
      system,
      layer,
      "greedy",
      program("greedy", { kind: "pageTouch", pages: 4096, access: "write" }),
      4 * MIB,
    );
    const modest = container(
      system,
      layer,
      "modest",
      program("modest", { kind: "pageTouch", pages: 64, access: "write" }),
      4 * MIB,
    );
    simulation.run();
    expect(greedy.process.status).toMatchObject({ kind: "killed", signal: "SIGKILL" });
    expect(greedy.group.memory.events.oom_kill).toBe(1);
    expect(modest.process.status).toEqual({ kind: "exited", code: 0 });
  });

  test("all go down when their kernel panics", () => {
    const { simulation, system } = boot();
    const layer = image(system);
    const loop = program("loop", { kind: "compute", instructions: 1e9 });
    const processes = ["a", "b"].map((name) => container(system, layer, name, loop).process);
    simulation.run({ untilTime: 1_000_000 });
    const { now } = simulation;
    system.panic("a defect");
    simulation.run();
    expect(simulation.now).toBe(now);
    for (const process of processes) expect(process.isAlive).toBe(false);
  });
});

test("whatever programs do, time and memory are conserved: no frame is lost, no processor does two things", () => {
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({ kind: fc.constant("compute" as const), instructions: fc.integer({ min: 1, max: 5_000_000 }) }),
    fc.record({
      kind: fc.constant("pageTouch" as const),
      pages: fc.integer({ min: 1, max: 300 }),
      access: fc.constantFrom("read" as const, "write" as const),
      region: fc.constantFrom("text" as const, "data" as const, "heap" as const, "stack" as const, "shared" as const),
    }),
    fc.record({ kind: fc.constant("sleep" as const), durationNs: fc.integer({ min: 1, max: 3_000_000 }) }),
    fc.record({
      kind: fc.constant("systemCall" as const),
      service: fc.constantFrom("open" as const, "read" as const, "write" as const, "getpid" as const, "fsync" as const),
      path: fc.constantFrom("/a", "/b"),
      bytes: fc.integer({ min: 1, max: 100_000 }),
      access: fc.constantFrom("read" as const, "write" as const, "create" as const),
    }),
    fc.record({ kind: fc.constant("privileged" as const), instruction: fc.constant("halt" as const) }),
  );
  const workload = fc.array(operation, { maxLength: 12 }).map((operations) => ({ name: "random", operations }));
  fc.assert(
    fc.property(fc.array(workload, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 3 }), (list, cpus) => {
      const { simulation, system, stretches } = boot(cpus, 2 * MIB);
      const groups = [system.group("/a", { memoryMaxBytes: MIB }), system.group("/b", { cpuWeight: 300 })];
      for (const [index, one] of list.entries()) {
        const controlGroup = groups[index % groups.length];
        system.start(system.init, one, controlGroup === undefined ? {} : { controlGroup });
      }
      expect(simulation.run().ended).toBe("finished");
      expect(checkFrames(system.pool)).toEqual([]);
      expect(system.memory.check([system.rootGroup.memory, ...groups.map(({ memory }) => memory)])).toEqual([]);
      expect(checkScheduler(system.policy)).toEqual([]);
      for (let cpu = 0; cpu < cpus; cpu++) {
        let end = 0;
        for (const stretch of stretches.filter((one) => one.cpu === cpu)) {
          expect(stretch.start).toBeGreaterThanOrEqual(end);
          end = stretch.end;
        }
      }
      for (const process of system.processes.processes) expect(process === system.init || !process.isAlive).toBe(true);
    }),
    { numRuns: 60 },
  );
});
