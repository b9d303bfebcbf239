/**
 * Containers' groups while something runs in them, in the real kernel, v1, hybrid or v2: freezing, killing, removing,
 * updating, figures, news of want of memory, devices on v2, ownership.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { deviceFilterWorks } from "../../runtime/cgroup/devices.ts";
import { freeze, isFrozen, thaw } from "../../runtime/cgroup/freezer.ts";
import type { CgroupLayout } from "../../runtime/cgroup/layout.ts";
import { detectCgroups, wordsOf } from "../../runtime/cgroup/layout.ts";
import { oomKills, watchOom } from "../../runtime/cgroup/oom.ts";
import { killAll, listProcesses } from "../../runtime/cgroup/processes.ts";
import { removeCgroups } from "../../runtime/cgroup/remove.ts";
import { readStats } from "../../runtime/cgroup/stats.ts";
import { statsEvent } from "../../runtime/cgroup/stats-event.ts";
import { joinCgroupSteps } from "../../runtime/cgroup/steps.ts";
import { updateResources } from "../../runtime/cgroup/update.ts";
import { Slots } from "../../runtime/plan/slots.ts";
import { testPath, until, withGroups } from "../support/cgroup-container.ts";
import { confinementProblem } from "../support/confined.ts";
import { unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const MIB = 1024 * 1024;
const SIGKILL = 9;
const layout = detectCgroups();
const problem = confinementProblem() ?? (layout.mode === "none" ? "no control groups are mounted" : undefined);
const has = (...names: string[]) => names.some((name) => layout.controllers[name] !== undefined);
const missing = (...names: string[]) => problem ?? (has(...names) ? undefined : `no ${names.join(" or ")} controller`);

/** Writes an ever larger number into a file, and says so once it has begun. */
const COUNTER = (file: string) => `i=0; while :; do i=$((i+1)); echo $i > ${file}; done`;

function number(file: string): number {
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
}

/** Enough work for a counter that runs to be seen running. */
function passTime(): void {
  for (let round = 0; round < 5000; round++) readFileSync("/proc/self/stat");
}

describe("a paused container", unless(problem ?? (layout.unified ? undefined : missing("freezer"))), () => {
  test("stands still and then goes on as if nothing had been", async () => {
    const file = `${temporaryDirectory()}/count`;
    await withGroups(COUNTER(file), {}, async ({ plan }) => {
      await until(() => number(file) > 10);
      expect(isFrozen(plan.directories)).toBe(false);
      await freeze(plan.directories);
      expect(isFrozen(plan.directories)).toBe(true);
      const at = readFileSync(file, "utf8");
      passTime();
      expect(readFileSync(file, "utf8")).toBe(at);
      await thaw(plan.directories);
      expect(isFrozen(plan.directories)).toBe(false);
      await until(() => number(file) > Number(at) + 10);
    });
  });

  test("can be killed and removed without being resumed first", async () => {
    await withGroups("sleep 1000 & sleep 1000 & wait", {}, async ({ plan, process }) => {
      await until(() => listProcesses(plan.directories).length === 3);
      await freeze(plan.directories);
      await killAll(plan.directories, SIGKILL);
      expect((await process.exited).status).toEqual({ kind: "signaled", signal: "SIGKILL" });
    });
  });

  test("is let go again when a process in it does not come to a stop", async () => {
    const group = temporaryDirectory();
    writeFileSync(`${group}/cgroup.freeze`, "0");
    writeFileSync(`${group}/cgroup.events`, "populated 1\nfrozen 0\n");
    await expect(freeze([group], 3)).rejects.toThrow(/does not come to a stop/);
    expect(readFileSync(`${group}/cgroup.freeze`, "utf8")).toBe("0");
  });

  test("is what it is not where no group of it can be frozen: an error with the way out", async () => {
    const nowhere = [temporaryDirectory()];
    await expect(freeze(nowhere)).rejects.toThrow(/in no group that can be frozen/);
    expect(isFrozen(nowhere)).toBe(false);
    await thaw(nowhere);
  });
});

describe("the processes of a container", unless(problem), () => {
  test("are listed, also those in groups that it made itself", async () => {
    await withGroups("sleep 1000 & echo $! $$; wait", {}, async ({ plan, output }) => {
      await until(() => /^\d+ \d+\n/.test(output()));
      const [child = 0, shell = 0] = output().trim().split(" ").map(Number);
      const inner = `${plan.directories[0]}/inner`;
      mkdirSync(inner);
      writeFileSync(`${inner}/cgroup.procs`, String(child));
      expect(listProcesses(plan.directories)).toEqual([child, shell].toSorted((a, b) => a - b));
    });
  });

  test("end all, though they fork faster than anyone can list them", async () => {
    // A shell ends when it cannot fork: the limit is only there to protect this machine.
    const endless = "while :; do (sleep 0.05 &); done";
    await withGroups(endless, { resources: { pids: { limit: 2000 } } }, async ({ plan, process }) => {
      await until(() => listProcesses(plan.directories).length > 3);
      await killAll(plan.directories, SIGKILL);
      await process.exited;
    });
  });

  test("and their groups, with those that they made, are removed; the parents of others stay", async () => {
    const path = testPath();
    const parent = path.slice(0, path.lastIndexOf("/"));
    const [first] = await groupsOf(path);
    expect(first).toBeDefined();
    await withGroups("sleep 1000", { path: `${parent}/two` }, async ({ plan }) => {
      const kept = plan.directories.map((directory) => directory.slice(0, directory.lastIndexOf("/")));
      await withGroups("sleep 1000 & sleep 1000 & wait", { path, sharesParents: true }, async (other) => {
        mkdirSync(`${other.plan.directories[0]}/inner/deeper`, { recursive: true });
        await until(() => listProcesses(other.plan.directories).length === 3);
        await removeCgroups(other.plan.directories, kept);
        expect(other.plan.directories.filter((directory) => existsSync(directory))).toEqual([]);
        expect(kept.every((directory) => existsSync(directory))).toBe(true);
        await other.process.exited;
      });
    });
  });

  /** Makes groups, and has the launcher remove them again. */
  async function groupsOf(path: string): Promise<readonly string[]> {
    let directories: readonly string[] = [];
    await withGroups("true", { path }, async ({ plan, process }) => {
      directories = plan.directories;
      await process.exited;
    });
    return directories;
  }
});

describe("limits of a running container", unless(missing("pids")), () => {
  const pidsMax = (directories: readonly string[]) =>
    directories
      .map((directory) => `${directory}/pids.max`)
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, "utf8").trim());

  test.each([
    [1, 50, /^forked$/m],
    [50, 2, /fork/i],
  ])("change from %i to %i processes, and hold at once", async (before, after, said) => {
    const fifo = `${temporaryDirectory()}/go`;
    const script = `mkfifo ${fifo}; exec sh -c 'echo ready; read line < ${fifo}; sleep 1000 & sleep 1000 & echo forked; wait'`;
    await withGroups(script, { resources: { pids: { limit: 50 } } }, async ({ plan, output }) => {
      await until(() => output().includes("ready"));
      await updateResources(layout, plan.directories, { pids: { limit: before } });
      await updateResources(layout, plan.directories, { pids: { limit: after } });
      expect(pidsMax(plan.directories)).toEqual([String(after)]);
      writeFileSync(fifo, "go\n");
      await until(() => said.test(output()));
    });
  });

  test("take a limit away with -1, and leave alone what is not named", async ({ skip }) => {
    skip(missing("memory") !== undefined, missing("memory"));
    const resources = { pids: { limit: 9 }, memory: { limit: 64 * MIB } };
    await withGroups("sleep 1000", { resources }, async ({ plan }) => {
      await updateResources(layout, plan.directories, { memory: { limit: -1 } });
      expect(readStats(layout, plan.directories).memory?.limitBytes).toBeNull();
      expect(pidsMax(plan.directories)).toEqual(["9"]);
    });
  });

  test("memory and swap together go up and down in whatever order the kernel wants", async ({ skip }) => {
    skip(missing("memory") !== undefined, missing("memory"));
    const both = (limit: number) => ({ memory: { limit, swap: limit } });
    await withGroups("sleep 1000", { resources: both(64 * MIB) }, async ({ plan }) => {
      for (const limit of [256 * MIB, 32 * MIB, 128 * MIB]) {
        await updateResources(layout, plan.directories, both(limit));
        const { memory } = readStats(layout, plan.directories);
        expect([memory?.limitBytes, memory?.swapLimitBytes]).toEqual([limit, 0]);
      }
    });
  });

  test("a quota leaves its period alone, a period its quota", async ({ skip }) => {
    skip(missing("cpu") !== undefined, missing("cpu"));
    await withGroups("sleep 1000", { resources: { cpu: { quota: 50_000, period: 200_000 } } }, async ({ plan }) => {
      const files = ["cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"];
      const all = plan.directories.flatMap((path) => files.map((file) => `${path}/${file}`)).filter(existsSync);
      for (const cpu of [{ quota: 60_000 }, { period: 300_000 }, { period: 100_000 }]) {
        await updateResources(layout, plan.directories, { cpu });
        const now = all.map((file) => readFileSync(file, "utf8").trim()).join(" ");
        expect(now).toBe(`60000 ${cpu.period ?? 200_000}`);
      }
    });
  });

  test("a group becomes idle and wakes again with a weight, in whatever order the kernel wants", async ({ skip }) => {
    skip(missing("cpu") !== undefined, missing("cpu"));
    await withGroups("sleep 1000", { resources: { cpu: { shares: 256 } } }, async ({ plan }) => {
      const group = plan.directories.find((path) => existsSync(`${path}/cpu.idle`));
      skip(group === undefined, "this kernel has no idle groups (before 5.15)");
      const read = (file: string) => readFileSync(`${group}/${file}`, "utf8").trim();
      const weight = existsSync(`${group}/cpu.weight`) ? "cpu.weight" : "cpu.shares";
      const before = read(weight);
      await updateResources(layout, plan.directories, { cpu: { idle: 1 } });
      expect(read("cpu.idle")).toBe("1");
      await updateResources(layout, plan.directories, { cpu: { idle: 0, shares: 256 } });
      expect([read("cpu.idle"), read(weight)]).toEqual(["0", before]);
    });
  });

  test("are all as they were when the kernel refuses one of them", async ({ skip }) => {
    skip(missing("cpuset") !== undefined, missing("cpuset"));
    await withGroups("sleep 1000", { resources: { pids: { limit: 9 } } }, async ({ plan }) => {
      const wrong = { pids: { limit: 20 }, cpu: { cpus: "999999" } };
      await expect(updateResources(layout, plan.directories, wrong)).rejects.toThrow(/cpuset\.cpus.*as they were/s);
      expect(pidsMax(plan.directories)).toEqual(["9"]);
    });
  });

  test("with checkBeforeUpdate memory in use is never taken", async ({ skip }) => {
    skip(missing("memory") !== undefined, missing("memory"));
    await withGroups("sleep 1000", { resources: { memory: { limit: 64 * MIB } } }, async ({ plan }) => {
      const less = { memory: { limit: 4096, checkBeforeUpdate: true } };
      await expect(updateResources(layout, plan.directories, less)).rejects.toThrow(/bytes are in use/);
      expect(readStats(layout, plan.directories).memory?.limitBytes).toBe(64 * MIB);
    });
  });
});

describe("where a container runs and what it reads", unless(problem), () => {
  test("is on the CPUs that it is given, and on others once they change", async ({ skip }) => {
    skip(missing("cpuset") !== undefined, missing("cpuset"));
    const allowed = (pid: number) =>
      /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const before = allowed(process.pid);
    await withGroups("sleep 1000", { resources: { cpu: { cpus: "0" } } }, async ({ plan, process: started }) => {
      expect(allowed(started.pid)).toBe("0");
      await updateResources(layout, plan.directories, { cpu: { cpus: before ?? "0" } });
      expect(allowed(started.pid)).toBe(before);
    });
  });

  test("is limited on a disk, each limit by itself, and all come back when one is refused", async ({ skip }) => {
    skip(missing("blkio", "io") !== undefined, missing("blkio", "io"));
    const [disk] = /\d+\s+\d+(?=\s+\d+\s+[sv]d[a-z]$)/m.exec(readFileSync("/proc/partitions", "utf8")) ?? [];
    skip(disk === undefined, "no disk that is whole");
    const [major = 0, minor = 0] = (disk ?? "").split(/\s+/).map(Number);
    const limits = (rate: number) => ({
      throttleReadBpsDevice: [{ major, minor, rate }],
      throttleWriteIOPSDevice: [{ major, minor, rate: 77 }],
    });
    await withGroups("sleep 1000", { resources: { blockIO: limits(1_000_000) } }, async ({ plan }) => {
      const written = () =>
        plan.directories
          .flatMap((path) =>
            ["io.max", "blkio.throttle.read_bps_device", "blkio.throttle.write_iops_device"].map(
              (file) => `${path}/${file}`,
            ),
          )
          .filter((file) => existsSync(file))
          .map((file) => readFileSync(file, "utf8"))
          .join("");
      expect(written()).toMatch(/1000000/);
      expect(written()).toMatch(/77/);
      const before = written();
      const none = { ...limits(2_000_000), throttleReadIOPSDevice: [{ major: 4000, minor: 9, rate: 5 }] };
      await expect(updateResources(layout, plan.directories, { blockIO: none })).rejects.toThrow(/as they were/);
      expect(written()).toBe(before);
      await updateResources(layout, plan.directories, { blockIO: limits(0) });
      expect(written()).not.toMatch(/1000000/);
    });
  });
});

describe("figures of a running container", unless(problem), () => {
  test("say what it uses, and null for what nothing counts", async ({ skip }) => {
    skip(missing("cpu") !== undefined, missing("cpu"));
    const resources = { cpu: { quota: 10_000, period: 100_000 }, pids: { limit: 7 }, memory: { limit: 64 * MIB } };
    await withGroups("while :; do :; done", { resources }, async ({ plan }) => {
      const read = () => readStats(layout, plan.directories);
      await until(() => (read().cpu?.throttling?.throttledPeriods ?? 0) > 1);
      const { cpu, memory, pids, io, pressure } = read();
      expect(cpu?.usageNs).toBeGreaterThan(0);
      expect(cpu?.throttling?.throttledNs).toBeGreaterThan(0);
      expect([cpu?.userNs, cpu?.systemNs]).toEqual([expect.any(Number), expect.any(Number)]);
      expect(memory).toMatchObject({ limitBytes: 64 * MIB, oomKills: 0 });
      expect(memory?.usageBytes).toBeGreaterThan(0);
      expect(memory?.peakBytes ?? Number.MAX_SAFE_INTEGER).toBeGreaterThanOrEqual(memory?.usageBytes ?? 0);
      expect(pids).toMatchObject({ current: 1, limit: 7, refused: 0 });
      if (has("blkio", "io")) expect(Array.isArray(io)).toBe(true);
      if (layout.unified === undefined) expect(pressure).toEqual({ cpu: null, memory: null, io: null });
    });
  });

  test("grow with use: processor time never goes back, and a throttled container waits for the CPU", async () => {
    await withGroups("while :; do :; done", {}, async ({ plan }) => {
      const before = readStats(layout, plan.directories).cpu?.usageNs ?? 0;
      await until(() => (readStats(layout, plan.directories).cpu?.usageNs ?? 0) > before);
    });
  });

  test("are null where the container is in no group that has them", () => {
    const none = readStats(layout, []);
    expect(none).toMatchObject({ cpu: null, memory: null, pids: null, io: null, hugetlb: {} });
    expect(none.pressure).toEqual({ cpu: null, memory: null, io: null });
  });

  test("as runc's event have its names, and numbers everywhere", async () => {
    await withGroups("sleep 1000", {}, async ({ plan }) => {
      const event = JSON.parse(JSON.stringify(statsEvent("one", readStats(layout, plan.directories))));
      expect(event).toMatchObject({ type: "stats", id: "one" });
      expect(event.data.cpu.usage.total).toEqual(expect.any(Number));
      expect(event.data.memory.usage.limit).toBeGreaterThan(0);
      expect(event.data.pids.current).toEqual(expect.any(Number));
      expect(event.data.blkio.ioServiceBytesRecursive).toEqual(expect.any(Array));
    });
  });
});

describe("want of memory", unless(missing("memory")), () => {
  test("is told at the moment when it happens, with the number of processes killed", async () => {
    const script = "read line < $0; head -c 200000000 /dev/zero | tail -n 1 | wc -c; echo survived; sleep 1000";
    const fifo = `${temporaryDirectory()}/go`;
    const hog = `mkfifo ${fifo}; echo ready; ${script.replace("$0", fifo)}`;
    await withGroups(hog, { resources: { memory: { limit: 32 * MIB, swap: 32 * MIB } } }, async (running) => {
      const { plan, output } = running;
      await until(() => output().includes("ready"));
      let told = 0;
      using _watch = watchOom(plan.directories, () => {
        told += 1;
      });
      expect(oomKills(plan.directories)).toBe(0);
      writeFileSync(fifo, "go\n");
      await until(() => told > 0);
      await until(() => (oomKills(plan.directories) ?? 0) > 0 && output().includes("survived"));
    });
  });

  test("is not told of a container that keeps within its limit, nor when its groups go", async () => {
    let told = 0;
    let stop = () => {};
    await withGroups("sleep 1000", { resources: { memory: { limit: 32 * MIB } } }, async ({ plan }) => {
      stop = watchOom(plan.directories, () => {
        told += 1;
      }).stop;
    });
    await until(() => true);
    stop();
    stop();
    expect(told).toBe(0);
  });

  test("cannot be watched where nothing counts memory", () => {
    expect(() => watchOom([temporaryDirectory()], () => {})).toThrow(/in no group of the memory controller/);
    expect(oomKills([])).toBeNull();
  });
});

/** The machine as it would be without v1's devices: the list is then a program on the v2 group. */
function withoutDevices(): CgroupLayout {
  const { devices: _, ...controllers } = layout.controllers;
  return { ...layout, controllers };
}

const noFilter = problem ?? (deviceFilterWorks(layout) ? undefined : "no cgroup v2 tree to hang a device program on");

describe("devices by a program of v2", unless(noFilter), () => {
  // The kernel's log: there on every machine, and no business of a container's (mem(4), kmsg).
  const [major, minor] = [1, 11];

  test("a node for the kernel's log can be made and not opened; harmless devices work", async () => {
    const node = `${temporaryDirectory()}/log`;
    const script = `mknod ${node} c ${major} ${minor} && echo made; sh -c ': < ${node}' || echo refused; echo x > /dev/null && head -c 4 /dev/zero | wc -c`;
    await withGroups(script, { layout: withoutDevices() }, async ({ process, output }) => {
      await process.exited;
      expect(output()).toMatch(/made\n.*Operation not permitted\nrefused\n4\n/s);
    });
  });

  test("another list takes the place of the one before, in both directions", async () => {
    const directory = temporaryDirectory();
    const node = `${directory}/log`;
    const script = `mknod ${node} c ${major} ${minor}
      while :; do if sh -c ': < ${node}' 2> /dev/null; then echo yes; else echo no; fi > ${directory}/last.new; mv ${directory}/last.new ${directory}/last; done`;
    const last = () => (existsSync(`${directory}/last`) ? readFileSync(`${directory}/last`, "utf8").trim() : "");
    const log = { allow: true, type: "c", major, minor, access: "r" } as const;
    await withGroups(script, { layout: withoutDevices() }, async ({ plan }) => {
      await until(() => last() === "no");
      await updateResources(withoutDevices(), plan.directories, { devices: [log] });
      await until(() => last() === "yes");
      await updateResources(withoutDevices(), plan.directories, { devices: [{ allow: false, access: "rwm" }] });
      await until(() => last() === "no");
    });
  });

  test("--privileged's list hangs no program on the group and lets everything be opened", async () => {
    const node = `${temporaryDirectory()}/log`;
    const resources = { devices: [{ allow: true, access: "rwm" }] };
    const script = `mknod ${node} c ${major} ${minor} && sh -c ': < ${node}' && echo opened`;
    await withGroups(script, { layout: withoutDevices(), resources }, async ({ plan, process, output }) => {
      await process.exited;
      expect(plan.devicesGuarded).toBe(false);
      expect(output()).toMatch(/^opened$/m);
    });
  });
});

describe("changing the devices of a running container on v1", unless(missing("devices")), () => {
  const isV1 = layout.controllers.devices?.version === 1;

  test("allows what was refused, and refuses it again", async ({ skip }) => {
    skip(!isV1, "devices are not on v1 here");
    await withGroups("sleep 1000", {}, async ({ plan }) => {
      const list = () =>
        readFileSync(`${plan.directories.find((path) => existsSync(`${path}/devices.list`))}/devices.list`, "utf8");
      const before = list();
      await updateResources(layout, plan.directories, {
        devices: [{ allow: true, type: "b", major: 7, minor: 3, access: "r" }],
      });
      expect(list()).toContain("b 7:3 r");
      await updateResources(layout, plan.directories, { devices: [{ allow: false, access: "rwm" }] });
      expect(list()).toBe(before);
    });
  });
});

describe("a v2 group that is given away", unless(problem ?? (layout.unified ? undefined : "no cgroup v2 tree")), () => {
  test("lets its owner make groups below, and keeps its limits from it", async () => {
    await withGroups("sleep 1000", { owner: 12_345 }, async ({ plan }) => {
      const group = plan.directories.find((path) => path.startsWith(`${layout.unified}/`)) ?? "";
      expect(statSync(group).uid).toBe(12_345);
      expect(statSync(`${group}/cgroup.procs`).uid).toBe(12_345);
      expect(statSync(`${group}/cgroup.max.depth`).uid).toBe(0);
      const others = plan.directories.filter((path) => path !== group);
      expect(others.every((path) => statSync(path).uid === 0)).toBe(true);
    });
  });
});

describe(
  "one more process for a container on v2",
  unless(problem ?? (layout.unified ? undefined : "no cgroup v2 tree")),
  () => {
    test("goes beside the first one where the inside has made a tree of its group, else into the group itself", async ({
      skip,
    }) => {
      const offered = wordsOf(`${layout.unified}/cgroup.controllers`);
      const [controller] = offered.filter((name) => wordsOf(`${layout.unified}/cgroup.subtree_control`).includes(name));
      await withGroups("sleep 1000", {}, async ({ plan, process }) => {
        const group = plan.directories.find((path) => path.startsWith(`${layout.unified}/`)) ?? "";
        const opened = () => {
          const { host } = joinCgroupSteps(layout, [group], new Slots(3), process.pid);
          return host.map((step) => (step.op === "openPath" ? step.path : ""));
        };
        expect(opened()).toEqual([group]);
        skip(controller === undefined, "nothing is handed down in the v2 tree here");
        mkdirSync(`${group}/init`);
        // A shell and its program, which may be born meanwhile: only a group without processes hands controllers down.
        await until(() => {
          for (const pid of wordsOf(`${group}/cgroup.procs`)) writeFileSync(`${group}/init/cgroup.procs`, pid);
          return wordsOf(`${group}/cgroup.procs`).length === 0;
        });
        expect(opened()).toEqual([group]);
        writeFileSync(`${group}/cgroup.subtree_control`, `+${controller}`);
        expect(opened()).toEqual([`${group}/init`]);
      });
    });
  },
);
