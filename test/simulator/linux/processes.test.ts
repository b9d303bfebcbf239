/** Processes: what fork, exec, exit, wait and signals do, and what a namespace changes about who sees and reaches whom. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { Layer, Overlay } from "../../../simulator/linux/files/overlay.ts";
import { Memory } from "../../../simulator/linux/memory/memory.ts";
import { ControlGroup } from "../../../simulator/linux/processes/control-group.ts";
import {
  CgroupNamespace,
  firstNamespaces,
  MountNamespace,
  NetNamespace,
  OVERFLOW_ID,
  UserNamespace,
} from "../../../simulator/linux/processes/namespaces.ts";
import type { Process } from "../../../simulator/linux/processes/process.ts";
import { type ForkOptions, ProcessTable } from "../../../simulator/linux/processes/process-table.ts";
import { SIGNALS, type Signal } from "../../../simulator/linux/processes/signals.ts";
import { EevdfPolicy } from "../../../simulator/linux/scheduler/eevdf.ts";
import { checkFrames, FramePool } from "../../../simulator/machine/frames.ts";

const DISK = { name: "disk", onDisk: true };

function tree(name: string): Overlay {
  return new Overlay({ lower: [], upper: new Layer(name, DISK), nextInode: () => 1 });
}

function machine(frames = 4096) {
  const pool = new FramePool({ frames });
  let table: ProcessTable | undefined;
  const memory = new Memory({ pool, candidates: () => table?.candidates() ?? [] });
  const policy = new EevdfPolicy({ simulation: new Simulation(), cpus: 1 });
  const root = new ControlGroup("/", undefined, { cpu: policy.root, memory: memory.root });
  const namespaces = firstNamespaces("host", {
    point: "/",
    type: "ext4",
    source: "disk",
    tree: tree("/"),
    readOnly: false,
  });
  const ended: Process[] = [];
  table = new ProcessTable({ memory, root, namespaces, ended: (process) => void ended.push(process) });
  const processes = table;
  const init = processes.boot("init");
  const fork = (parent: Process, options?: ForkOptions): Process => {
    const result = processes.fork(parent, options);
    if (result.kind === "failed") throw new Error(result.why);
    return result.child;
  };
  const container = (parent: Process): Process => fork(parent, { newNamespaces: ["pid", "mount", "uts", "net"] });
  const group = (path: string, options: { pidsMax?: number; maxBytes?: number } = {}) => {
    const { pidsMax, maxBytes } = options;
    return new ControlGroup(path, root, {
      cpu: policy.group(path),
      memory: memory.group(path, maxBytes === undefined ? {} : { maxBytes }),
      ...(pidsMax === undefined ? {} : { pidsMax }),
    });
  };
  return { pool, memory, processes, init, fork, container, group, root, ended };
}

describe("a process", () => {
  test("that has ended is a zombie until its parent waits, and gives its memory back before that", () => {
    const { pool, processes, init, fork } = machine();
    const before = pool.used;
    const child = fork(init);
    expect(processes.wait(init)).toEqual({ kind: "would block" });
    processes.exit(child, 3);
    expect(child.state).toBe("zombie");
    expect(pool.used).toBe(before);
    expect(processes.wait(init)).toEqual({ kind: "child", pid: child.pid, status: { kind: "exited", code: 3 } });
    expect(processes.wait(init)).toEqual({ kind: "no children" });
    expect(processes.processes).toEqual([init]);
  });

  test("leaves its children to the nearest subreaper above, else to the first process", () => {
    const { processes, init, fork } = machine();
    const reaper = fork(init);
    reaper.isSubreaper = true;
    const middle = fork(reaper);
    const orphan = fork(middle);
    processes.exit(middle, 0);
    expect(orphan.parent).toBe(reaper);
    processes.exit(reaper, 0);
    expect(orphan.parent).toBe(init);
  });

  test("takes another program with new memory; what it ignored it still ignores, its handlers are gone", () => {
    const { processes, init, fork } = machine();
    const child = fork(init);
    processes.setDisposition(child, "SIGTERM", "handler");
    processes.setDisposition(child, "SIGINT", "ignore");
    const before = child.space;
    processes.exec(child, "other");
    expect(child.space).not.toBe(before);
    expect(processes.signal(child, "SIGINT", init)).toBe("ignored");
    expect(processes.signal(child, "SIGTERM", init)).toBe("killed");
  });

  test("leaves no zombie where its parent ignores SIGCHLD", () => {
    const { processes, init, fork } = machine();
    processes.setDisposition(init, "SIGCHLD", "ignore");
    processes.exit(fork(init), 0);
    expect(processes.processes).toEqual([init]);
  });

  test("is not made where pids.max of its group, or of one above, is reached", () => {
    const { processes, init, group } = machine();
    const limited = group("/limited", { pidsMax: 2 });
    const results = [1, 2, 3].map(() => processes.fork(init, { controlGroup: limited }).kind);
    expect(results).toEqual(["forked", "forked", "failed"]);
    expect(limited.pidsRefused).toBe(1);
  });
});

describe("signals", () => {
  test("do by default what signal(7) says, for each of the 31", () => {
    const expected: Record<string, string> = {
      terminate: "killed",
      "dump core": "killed",
      ignore: "ignored",
      stop: "stopped",
      continue: "continued",
    };
    for (const [name, { action, number }] of Object.entries(SIGNALS)) {
      const { processes, init, fork } = machine();
      const child = fork(init);
      const outcome = processes.signal(child, name as Signal, init);
      expect([name, outcome]).toEqual([name, expected[action]]);
      if (outcome === "killed") {
        expect(child.status).toEqual({ kind: "killed", signal: name, coreDumped: action === "dump core" });
      }
      expect(number).toBeLessThan(32);
    }
    expect(new Set(Object.values(SIGNALS).map(({ number }) => number)).size).toBe(31);
  });

  test("other than SIGKILL and SIGSTOP can be caught or ignored", () => {
    const { processes, init, fork } = machine();
    const child = fork(init);
    expect(processes.setDisposition(child, "SIGKILL", "ignore")).toBe(false);
    processes.setDisposition(child, "SIGTERM", "handler");
    expect(processes.signal(child, "SIGTERM", init)).toBe("handled");
    expect(child.handled).toEqual(["SIGTERM"]);
    expect(processes.signal(child, "SIGKILL", init)).toBe("killed");
  });

  test("stop a process and let it go on", () => {
    const { processes, init, fork } = machine();
    const child = fork(init);
    processes.signal(child, "SIGSTOP", init);
    expect(child.state).toBe("stopped");
    processes.signal(child, "SIGCONT", init);
    expect(child.state).toBe("running");
  });

  test("do not reach the first process of a namespace from inside unless it has a handler", () => {
    const { processes, init, fork, container } = machine();
    const first = container(init);
    const shell = fork(first);
    for (const signal of ["SIGTERM", "SIGKILL", "SIGSTOP"] as const) {
      expect(processes.signal(first, signal, shell)).toBe("ignored");
    }
    processes.setDisposition(first, "SIGTERM", "handler");
    expect(processes.signal(first, "SIGTERM", shell)).toBe("handled");
    expect(processes.signal(shell, "SIGTERM", first)).toBe("killed");
  });

  test("reach it from outside: SIGKILL does, SIGTERM without a handler does not; and its own fault kills it", () => {
    const { processes, init, container } = machine();
    const first = container(init);
    expect(processes.signal(first, "SIGTERM", init)).toBe("ignored");
    expect(processes.signal(first, "SIGKILL", init)).toBe("killed");
    expect(processes.signal(container(init), "SIGSEGV", undefined)).toBe("killed");
  });

  test("cannot be sent to whom one does not see", () => {
    const { processes, init, container } = machine();
    const [a, b] = [container(init), container(init)];
    expect(processes.signal(b, "SIGKILL", a)).toBe("no such process");
    expect(processes.signal(init, "SIGKILL", a)).toBe("no such process");
  });
});

describe("a pid namespace", () => {
  test("numbers its own from 1, and everybody has a number in each one above", () => {
    const { processes, init, fork, container } = machine();
    const first = container(init);
    const second = fork(first);
    const nested = container(second);
    expect([first.ownPid, second.ownPid, nested.ownPid]).toEqual([1, 2, 1]);
    expect([nested.pidSeenBy(first), nested.pidSeenBy(init)]).toEqual([3, 4]);
    expect(init.pidSeenBy(first)).toBe(0);
    expect(processes.seenFrom(first.namespaces.pid)).toEqual([first, second, nested]);
    expect(processes.seenFrom(nested.namespaces.pid)).toEqual([nested]);
  });

  test("ends with its first process, and everybody in it, and in those below", () => {
    const { processes, init, fork, container, ended } = machine();
    const first = container(init);
    const second = fork(first);
    const nested = container(second);
    const outside = fork(init);
    processes.exit(first, 0);
    expect([second.state, nested.state]).toEqual(["gone", "gone"]);
    expect(outside.isAlive).toBe(true);
    expect(new Set(ended)).toEqual(new Set([first, second, nested]));
    expect(processes.wait(init)).toMatchObject({ kind: "child", pid: first.pid });
  });
});

describe("other namespaces", () => {
  test("are views: a new one changes what is seen inside, and nothing outside", () => {
    const { init, container } = machine();
    const first = container(init);
    first.namespaces.uts.hostname = "box";
    first.namespaces.mount.mount({ point: "/data", type: "bind", source: "v", tree: tree("v"), readOnly: false });
    expect(init.namespaces.uts.hostname).toBe("host");
    expect(init.namespaces.mount.mounts.map(({ point }) => point)).toEqual(["/"]);
    expect(first.namespaces.mount.resolve("/data/x")).toMatchObject({ path: "/x", mount: { source: "v" } });
    expect(first.namespaces.mount.resolve("/database")).toMatchObject({ path: "/database", mount: { point: "/" } });
    expect(first.namespaces.net.interfaces).toEqual(["lo"]);
    expect(first.namespaces.ipc).toBe(init.namespaces.ipc);
  });

  test("of the network each have their own ports", () => {
    const [a, b] = [new NetNamespace(["lo"]), new NetNamespace(["lo"])];
    expect([a.bind(80), b.bind(80), a.bind(80)]).toEqual([true, true, false]);
  });

  test("of users map ids there and back, and show what has no mapping as nobody", () => {
    const outer = new UserNamespace(undefined, []);
    const range = fc.record({
      inside: fc.nat(1000),
      outside: fc.integer({ min: 100_000, max: 200_000 }),
      count: fc.integer({ min: 1, max: 65_536 }),
    });
    fc.assert(
      fc.property(range, fc.nat(70_000), (one, id) => {
        const inner = new UserNamespace(outer, [one]);
        const kernelId = inner.toKernel(id);
        const isMapped = id >= one.inside && id < one.inside + one.count;
        expect(kernelId !== undefined).toBe(isMapped);
        if (kernelId !== undefined) expect(inner.toInside(kernelId)).toBe(id);
      }),
    );
    const rootless = new UserNamespace(outer, [{ inside: 0, outside: 1000, count: 1 }]);
    expect([rootless.toInside(1000), rootless.toInside(0)]).toEqual([0, OVERFLOW_ID]);
    const twice = [
      { inside: 0, outside: 1000, count: 2 },
      { inside: 1, outside: 5000, count: 1 },
    ];
    expect(() => new UserNamespace(outer, twice)).toThrow("overlap");
  });

  test("of control groups begin where they were made", () => {
    const view = new CgroupNamespace("/ringside/box");
    expect(["/ringside/box", "/ringside/box/a", "/other"].map((path) => view.view(path))).toEqual([
      "/",
      "/a",
      "/../other",
    ]);
  });

  test("of mounts can change their root", () => {
    const root = { point: "/", type: "ext4", source: "disk", tree: tree("host"), readOnly: false };
    const outside = new MountNamespace([root]);
    const inside = outside.copy();
    inside.pivotRoot({ point: "/new", type: "overlay", source: "overlay", tree: tree("box"), readOnly: false });
    expect(inside.resolve("/etc/hosts")?.mount.source).toBe("overlay");
    expect(outside.resolve("/etc/hosts")?.mount.source).toBe("disk");
  });
});

describe("memory", () => {
  test("that runs out in a container kills in that container; the machine's first process is never chosen", () => {
    const { processes, init, group, memory } = machine(512);
    const limited = group("/limited", { maxBytes: 20 * 4096 });
    const result = processes.fork(init, { controlGroup: limited });
    if (result.kind === "failed") throw new Error(result.why);
    const heap = { name: "heap", start: 0, pages: 100, write: true, execute: false } as const;
    const backing = { kind: "anonymous", shared: false } as const;
    result.child.space.map({ ...heap, backing });
    let page = 0;
    while (result.child.isAlive) result.child.space.touch(page++, "write", 1);
    expect(result.child.status).toEqual({ kind: "killed", signal: "SIGKILL", coreDumped: false });
    expect(limited.memory.events).toMatchObject({ oom_kill: 1 });
    init.space.map({ ...heap, pages: 1000, backing });
    const touched = Array.from({ length: 1000 }, (_, at) => init.space.touch(at, "write", 1).touch);
    expect(touched).toContain("out of memory");
    expect(init.isAlive).toBe(true);
    expect(memory.check([memory.root, limited.memory])).toEqual([]);
  });

  test("is all given back, whatever was forked, replaced and killed in whatever order", () => {
    const action = fc.record({
      kind: fc.constantFrom("fork", "container", "exec", "exit", "kill", "touch"),
      who: fc.nat(30),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const { pool, memory, processes, init } = machine();
        for (const { kind, who } of actions) {
          const alive = processes.processes.filter((process) => process.isAlive && process !== init);
          const process = alive[who % Math.max(1, alive.length)] ?? init;
          if (kind === "fork" || process === init) processes.fork(process);
          else if (kind === "container") processes.fork(process, { newNamespaces: ["pid"] });
          else if (kind === "exec") processes.exec(process, "other");
          else if (kind === "exit") processes.exit(process, 0);
          else if (kind === "kill") processes.signal(process, "SIGKILL", init);
          else {
            const area = process.space.area("heap") ?? {
              ...process.space.map({
                name: "heap",
                start: 0,
                pages: 8,
                write: true,
                execute: false,
                backing: { kind: "anonymous", shared: false },
              }),
            };
            process.space.touch(area.start + (who % 8), "write", who);
          }
          expect(checkFrames(pool)).toEqual([]);
          expect(memory.check([memory.root])).toEqual([]);
        }
        for (const process of processes.processes) if (process !== init) processes.exit(process, 0);
        while (processes.wait(init).kind === "child");
        expect(processes.processes).toEqual([init]);
        expect(pool.used).toBe(init.space.tableFrames);
      }),
    );
  });
});

describe("a panic", () => {
  test("comes when the first process ends, and everything goes down with the kernel", () => {
    const { processes, init, fork, container } = machine();
    const everybody = [fork(init), container(init), fork(init)];
    expect(processes.signal(init, "SIGSEGV", undefined)).toBe("killed");
    expect(processes.panic).toBe("Attempted to kill init!");
    for (const process of everybody) expect(process.isAlive).toBe(false);
  });
});
