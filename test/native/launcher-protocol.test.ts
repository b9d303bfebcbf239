/** The launcher's requests beside `start`: pauses, giving up, letting go. What counts is what is there afterwards. */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { constants as signals } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CREATED, Launcher, openPipe } from "../../native/kernel.ts";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { StepError } from "../../native/step-error.ts";
import { processIdentity } from "../../runtime/container/process-identity.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { readAll } from "../support/inside.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { needsLinux, needsNative, needsRoot, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const { SIGKILL } = signals.signals;
const WORDS = { stage: "test", why: "for a test" };
const MEMFD_RULE = "/proc/sys/vm/memfd_noexec";
const CLONE: PlanStep = { ...WORDS, phase: "host", op: "clone", flags: 0, cgroup: NO_SLOT };
const STDIO: PlanStep = { ...WORDS, phase: "child", op: "setStdio", stdin: 0, stdout: 0, stderr: 0 };
const DIES_WITH_IT: PlanStep = { ...WORDS, phase: "child", op: "dieWithParent", signal: SIGKILL };
const DEFAULT_SIGNALS: PlanStep = { ...WORDS, phase: "child", op: "resetSignals" };

const needsMemfdRule = unless([
  needsRoot("a pid namespace"),
  () => (existsSync(MEMFD_RULE) ? undefined : "the kernel has no vm.memfd_noexec"),
]);

function pause(name: string, phase: "host" | "child"): PlanStep {
  return { ...WORDS, phase, op: "pause", name };
}

function makeDirectory(path: string): PlanStep {
  return { ...WORDS, phase: "host", op: "makeDirectory", path, mode: 0o755, mayExist: 0 };
}

function removeDirectory(path: string): PlanStep {
  return { ...WORDS, phase: "cleanup", op: "removeDirectory", path };
}

function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
}

async function output(run: (fd: number) => Promise<void>): Promise<string> {
  const pipe = openPipe();
  const text = readAll(pipe.readFd);
  await run(pipe.writeFd).finally(() => {
    closeSync(pipe.writeFd);
  });
  return text;
}

describe("the launcher", unless([needsLinux, needsNative]), () => {
  test("stops at each pause, in both phases, and goes on when it is told to", async () => {
    await using launcher = await Launcher.open();
    const seen: string[] = [];
    const text = await output(async (fd) => {
      const plan: PlanStep[] = [
        pause("before the process", "host"),
        CLONE,
        pause("in the process", "child"),
        STDIO,
        pause("in the launcher again", "host"),
        executeStep(["/bin/echo", "done"], []),
      ];
      const { exited, pid, steps } = await launcher.start(plan, [fd], {
        onPause: async (name, at) => {
          const alive = at === 0 ? "nobody" : processIdentity(at)?.state;
          seen.push(`${name}: ${alive}`);
        },
      });
      await exited;
      expect(pid).toBeGreaterThan(0);
      expect(steps.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    });
    expect(seen.map((line) => line.replace(/: [RSD]$/, ": there"))).toEqual([
      "before the process: nobody",
      "in the process: there",
      "in the launcher again: there",
    ]);
    expect(text).toBe("done\n");
  });

  test("serves others while one is paused", async () => {
    await using launcher = await Launcher.open();
    let goOn = (): void => undefined;
    const paused = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const slow = launcher.start([pause("wait", "host"), CLONE, executeStep(["/bin/sh", "-c", "exit 4"], [])], [], {
      onPause: () => paused,
    });
    const quick = await launcher.start([CLONE, executeStep(["/bin/sh", "-c", "exit 5"], [])]);
    expect((await quick.exited).status).toEqual({ kind: "exited", code: 5 });
    goOn();
    expect((await (await slow).exited).status).toEqual({ kind: "exited", code: 4 });
  });

  test("runs a host step after the clone when the process has come to it, not before", async () => {
    await using launcher = await Launcher.open();
    const directory = join(temporaryDirectory(), "made-in-between");
    const order: boolean[] = [];
    const plan: PlanStep[] = [
      CLONE,
      pause("early", "child"),
      makeDirectory(directory),
      pause("late", "child"),
      executeStep(["/bin/true"], []),
      removeDirectory(directory),
    ];
    const onPause = async (): Promise<void> => {
      order.push(existsSync(directory));
    };
    await (await launcher.start(plan, [], { onPause })).exited;
    expect(order).toEqual([false, true]);
    expect(existsSync(directory)).toBe(false);
  });

  test("ends the process and cleans up when a host step after the clone fails", async () => {
    await using launcher = await Launcher.open();
    const directory = join(temporaryDirectory(), "made-before");
    let child = 0;
    const plan: PlanStep[] = [
      makeDirectory(directory),
      CLONE,
      pause("look", "child"),
      makeDirectory("/no/such/place"),
      executeStep(["/bin/true"], []),
      removeDirectory(directory),
    ];
    const onPause = async (_: string, pid: number): Promise<void> => {
      child = pid;
    };
    const failure = await launcher.start(plan, [], { onPause }).catch((error: StepError) => error);
    expect(failure).toMatchObject({ code: "ENOENT", step: 3 });
    expect(processIdentity(child)).toBeUndefined();
    expect(existsSync(directory)).toBe(false);
  });

  test.each(["host", "child"] as const)(
    "gives up a start whose %s pause is refused, and leaves nothing",
    async (phase) => {
      await using launcher = await Launcher.open();
      const directory = join(temporaryDirectory(), "made-before");
      const first = makeDirectory(directory);
      const stop = pause("no further", phase);
      const last: PlanStep[] = [executeStep(["/bin/true"], []), removeDirectory(directory)];
      const plan = phase === "host" ? [first, stop, CLONE, ...last] : [first, CLONE, stop, ...last];
      let child = 0;
      const refusal = new Error("a hook has failed");
      const start = launcher.start(plan, [], {
        onPause: async (_, pid) => {
          child = pid;
          expect(existsSync(directory)).toBe(true);
          throw refusal;
        },
      });
      await expect(start).rejects.toBe(refusal);
      expect(existsSync(directory)).toBe(false);
      if (child !== 0) expect(processIdentity(child)).toBeUndefined();
    },
  );

  test("lets go: the created process lives on without it, waits for its byte, and then runs", async () => {
    const launcher = await Launcher.open();
    const fifo = join(temporaryDirectory(), "start");
    execFileSync("mkfifo", [fifo]);
    const plan: PlanStep[] = [
      { ...WORDS, phase: "host", op: "openPath", slot: 5, path: fifo, flags: constants.O_RDWR },
      CLONE,
      STDIO,
      DEFAULT_SIGNALS,
      pause(CREATED, "child"),
      { ...WORDS, phase: "child", op: "waitForStart", slot: 5 },
      { ...WORDS, phase: "child", op: "closeDescriptors", from: 3, keep: NO_SLOT },
      executeStep(["/bin/echo", "started"], []),
    ];
    let launcherPid = 0;
    const text = await output(async (fd) => {
      const { pid } = await launcher.create(plan, [fd], {
        onPause: async (_, child) => {
          launcherPid = parentOf(child);
        },
      });
      expect(processIdentity(launcherPid)).toBeUndefined();
      expect(processIdentity(pid)?.state).toMatch(/^[RS]$/);
      const writer = openSync(fifo, constants.O_WRONLY);
      writeSync(writer, "0");
      closeSync(writer);
    });
    expect(text).toBe("started\n");
  });

  test("is asked for more at once than its socket holds, with descriptors that are closed at once", async () => {
    await using launcher = await Launcher.open();
    const plan = [CLONE, STDIO, executeStep(["/bin/echo", "here"], [])];
    const text = await output(async (fd) => {
      const starts = Array.from({ length: 400 }, () => {
        const copy = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY);
        const start = launcher.start(plan, [copy]);
        closeSync(copy);
        return start;
      });
      for (const { exited } of await Promise.all(starts)) await exited;
    });
    expect(text).toBe("here\n".repeat(400));
  });

  test("answers a start for which it may not have enough descriptors", async () => {
    await using launcher = await Launcher.open();
    execFileSync("prlimit", ["--pid", String(launcher.pid), "--nofile=6:"]);
    const plan = [CLONE, executeStep(["/bin/true"], [])];
    await expect(launcher.start(plan, [0, 1, 2])).rejects.toMatchObject({ code: "EMFILE" });
    execFileSync("prlimit", ["--pid", String(launcher.pid), "--nofile=64:"]);
    const { exited } = await launcher.start(plan, [0, 1, 2]);
    expect((await exited).status).toEqual({ kind: "exited", code: 0 });
  });

  test("does not wait for a FIFO that stands where a namespace should", async () => {
    await using launcher = await Launcher.open();
    const path = join(temporaryDirectory(), "ns");
    execFileSync("mkfifo", [path]);
    const open: PlanStep = { ...WORDS, phase: "host", op: "openNamespace", slot: 5, path, flag: 0 };
    const start = launcher.start([open, CLONE, executeStep(["/bin/true"], [])]);
    await expect(start).rejects.toMatchObject({ code: "ENOTTY", step: 0 });
  });

  test("says why it cannot start where memory may not be executed", needsMemfdRule, () => {
    // The rule is of a pid namespace, here one of the test's own (memfd_create(2), "vm.memfd_noexec").
    const kernel = join(import.meta.dirname, "../../native/kernel.ts");
    const start = `const { Launcher } = await import(${JSON.stringify(kernel)});
      const launcher = await Launcher.open();
      await launcher.start([
        ${JSON.stringify(CLONE)}, ${JSON.stringify(executeStep(["/bin/true"], []))}
      ]).catch((error) => console.log(error.message));`;
    const script = `echo 2 > ${MEMFD_RULE} && exec "$@"`;
    const node = [process.execPath, "--input-type=module", "-e", start];
    const { stdout } = spawnSync("unshare", ["-pf", "--mount-proc", "sh", "-c", script, "sh", ...node], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(stdout).toMatch(
      /^EACCES: the launcher cannot run from a sealed copy .* to fix it: sysctl vm.memfd_noexec=1$/m,
    );
  });

  test("leaves no process behind when it is killed itself", async () => {
    const launcher = await Launcher.open();
    const { exited } = await launcher.start([CLONE, DIES_WITH_IT, executeStep(["/bin/sleep", "600"], [])]);
    process.kill(launcher.pid, "SIGKILL");
    expect((await exited).status).toEqual({ kind: "signaled", signal: "SIGKILL" });
    expect(await untilEmpty(() => (existsSync(`/proc/${launcher.pid}`) ? [launcher.pid] : []))).toEqual([]);
  });

  test("says what went wrong on standard error when nobody listens any more", async () => {
    const launcher = await Launcher.open();
    const plan: PlanStep[] = [
      CLONE,
      STDIO,
      pause(CREATED, "child"),
      { ...WORDS, phase: "child", op: "setDirectory", path: "/no/such/directory" },
      executeStep(["/bin/true"], []),
    ];
    const text = await output(async (fd) => {
      await launcher.create(plan, [fd]);
    });
    expect(text).toBe("ringside: setDirectory: No such file or directory\n");
  });
});
