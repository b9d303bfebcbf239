/**
 * How what a launcher has started comes to its end, and the launcher itself: whole, without holding others up, and even
 * when something in it does not go as it should. What counts is what is left.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Launcher, openPipe } from "../../native/kernel.ts";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { detectCgroups, v1Hierarchies } from "../../runtime/cgroup/layout.ts";
import { processIdentity } from "../../runtime/container/process-identity.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { readAll } from "../support/inside.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { needsLinux, needsNative, needsPrograms, needsRoot, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const WORDS = { stage: "test", why: "for a test" };
const ROOT_SLOT = 5;
const TARGET_SLOT = 6;
const CLONE: PlanStep = { ...WORDS, phase: "host", op: "clone", flags: 0, cgroup: NO_SLOT };
const STDIO: PlanStep = { ...WORDS, phase: "child", op: "setStdio", stdin: 0, stdout: 0, stderr: 0 };
const DEFAULT_SIGNALS: PlanStep = { ...WORDS, phase: "child", op: "resetSignals" };
const PAUSE: PlanStep = { ...WORDS, phase: "child", op: "pause", name: "look" };
const TRUE = executeStep(["/bin/true"], []);
/** On a memory file system, which has room for attributes of any size. */
const MEMORY = "/dev/shm";
const MANY_BYTES = 60_000;

function openDirectory(slot: number, path: string): PlanStep {
  return { ...WORDS, phase: "host", op: "openPath", slot, path, flags: constants.O_RDONLY | constants.O_DIRECTORY };
}

function isThere(pid: number): boolean {
  const state = processIdentity(pid)?.state;
  return state !== undefined && state !== "Z";
}

/** Starts a plan that stops at a pause, and waits until its process stands there, for good. */
async function startPaused(launcher: Launcher): Promise<number> {
  return await new Promise((resolve, reject) => {
    const onPause = async (_: string, pid: number): Promise<void> => {
      resolve(pid);
      await new Promise(() => {});
    };
    launcher.start([CLONE, PAUSE, TRUE], [], { onPause }).catch(reject);
  });
}

/** Runs a shell script that leaves something in the background. @returns the number that it prints */
async function leaveBehind(launcher: Launcher): Promise<number> {
  const pipe = openPipe();
  const script = "setsid sleep 600 < /dev/null > /dev/null 2>&1 & echo $!";
  const text = readAll(pipe.readFd);
  const started = launcher.start(
    [CLONE, STDIO, DEFAULT_SIGNALS, executeStep(["/bin/sh", "-c", script], [])],
    [pipe.writeFd],
  );
  const { exited } = await started.finally(() => closeSync(pipe.writeFd));
  await exited;
  return Number(await text);
}

/** A group below the top of some hierarchy. */
function groupTop(): string {
  const layout = detectCgroups();
  const top = layout.unified ?? v1Hierarchies(layout)[0]?.directory;
  if (top === undefined) throw new Error("no control groups here");
  return top;
}

describe("a launcher", unless([needsLinux, needsNative]), () => {
  test("that is killed takes with it all who wait for it, each by the end of its own socket alone", async () => {
    const launcher = await Launcher.open();
    const waiting = [await startPaused(launcher), await startPaused(launcher), await startPaused(launcher)];
    expect(waiting.filter(isThere)).toEqual(waiting);
    process.kill(launcher.pid, "SIGKILL");
    expect(await untilEmpty(() => waiting.filter(isThere))).toEqual([]);
  });

  test("that hangs is killed when it is closed, and not waited for", async () => {
    const launcher = await Launcher.open();
    process.kill(launcher.pid, "SIGSTOP");
    await launcher.close(50);
    expect(existsSync(`/proc/${launcher.pid}`)).toBe(false);
  });

  test("starts all that it was asked for before it was let go", async () => {
    const launcher = await Launcher.open();
    const pipe = openPipe();
    const text = readAll(pipe.readFd);
    const plan = [CLONE, STDIO, executeStep(["/bin/echo", "here"], [])];
    for (let i = 0; i < 400; i++) void launcher.start(plan, [pipe.writeFd]);
    closeSync(pipe.writeFd);
    await launcher.release();
    expect(existsSync(`/proc/${launcher.pid}`)).toBe(false);
    expect(await text).toBe("here\n".repeat(400));
  });

  test("ends what its programs left in the background", async () => {
    const launcher = await Launcher.open();
    const pid = await leaveBehind(launcher);
    expect(isThere(pid)).toBe(true);
    await launcher.close();
    expect(isThere(pid)).toBe(false);
  });

  test("leaves that alone when it is let go", async () => {
    const launcher = await Launcher.open();
    const pid = await leaveBehind(launcher);
    await launcher.release();
    expect(isThere(pid)).toBe(true);
    process.kill(pid, "SIGKILL");
  });

  test("ends a hook that runs, without a namespace or a group to find it by", async () => {
    const launcher = await Launcher.open();
    const file = join(temporaryDirectory(), "pid");
    const hook: PlanStep = {
      ...WORDS,
      phase: "child",
      op: "runHook",
      path: "/bin/sh",
      args: ["sh", "-c", `echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 600`],
      env: ["PATH=/usr/bin:/bin"],
      timeoutMs: 0,
      stateBefore: "",
      stateAfter: "",
    };
    void launcher.start([CLONE, hook, TRUE]);
    expect(await untilEmpty(() => (existsSync(file) ? [] : [file]))).toEqual([]);
    const pid = Number(readFileSync(file, "utf8"));
    await launcher.close();
    expect(isThere(pid)).toBe(false);
  });
});

describe(
  "a launcher of root's",
  unless([needsLinux, needsNative, needsRoot("terminals and groups of its own")]),
  () => {
    test(
      "fails a start whose terminal it has no descriptor for, and lives on",
      unless([needsPrograms("prlimit")]),
      async () => {
        await using launcher = await Launcher.open();
        let child = 0;
        const plan: PlanStep[] = [
          openDirectory(ROOT_SLOT, "/dev/pts"),
          CLONE,
          PAUSE,
          {
            ...WORDS,
            phase: "child",
            op: "openTerminal",
            root: ROOT_SLOT,
            devices: NO_SLOT,
            columns: 80,
            rows: 24,
            uid: 0,
            console: NO_SLOT,
          },
          executeStep(["/bin/sleep", "600"], []),
        ];
        const onPause = async (_: string, pid: number): Promise<void> => {
          child = pid;
          execFileSync("prlimit", ["--pid", String(launcher.pid), "--nofile=5:"]);
        };
        await expect(launcher.start(plan, [], { onPause })).rejects.toMatchObject({ code: "EMFILE" });
        expect(processIdentity(child)).toBeUndefined();
        execFileSync("prlimit", ["--pid", String(launcher.pid), "--nofile=64:"]);
        expect((await (await launcher.start([CLONE, TRUE])).exited).status).toEqual({ kind: "exited", code: 0 });
      },
    );

    test("serves others while the group of one is still busy, and tells its end when that is gone", async () => {
      await using launcher = await Launcher.open();
      const group = join(groupTop(), `test-${randomUUID()}`);
      mkdirSync(group);
      const guest = spawn("sleep", ["600"]);
      try {
        writeFileSync(join(group, "cgroup.procs"), String(guest.pid));
        const cleanup: PlanStep = { ...WORDS, phase: "cleanup", op: "removeDirectory", path: group };
        const ends: string[] = [];
        const note = (name: string) => (): void => {
          ends.push(`${name}: ${existsSync(group) ? "busy" : "gone"}`);
        };
        const held = (await launcher.start([CLONE, TRUE, cleanup])).exited.then(note("held"));
        await (await launcher.start([CLONE, TRUE])).exited.then(note("other"));
        guest.kill("SIGKILL");
        await held;
        expect(ends).toEqual(["other: busy", "held: gone"]);
      } finally {
        guest.kill("SIGKILL");
        if (guest.exitCode === null && guest.signalCode === null) await once(guest, "exit");
        if (existsSync(group)) rmdirSync(group);
      }
    });
  },
);

const ATTRIBUTES = [needsLinux, needsNative, needsRoot("trusted attributes"), needsPrograms("python3")];

describe(
  "a copy of an image's directory",
  unless([...ATTRIBUTES, () => (existsSync(MEMORY) ? undefined : "no /dev/shm")]),
  () => {
    test("has its files' attributes, however large and however many", async () => {
      await using launcher = await Launcher.open();
      const place = mkdtempSync(join(MEMORY, "test-attributes-"));
      try {
        const [from, to] = [join(place, "from"), join(place, "to")];
        for (const directory of [from, join(from, "etc"), to]) mkdirSync(directory);
        const file = join(from, "etc", "file");
        writeFileSync(file, "text");
        const set = `import os, sys
os.setxattr(sys.argv[1], "trusted.large", b"x" * ${MANY_BYTES})
for i in range(300): os.setxattr(sys.argv[1], "trusted.one-of-many-with-a-long-name-%d" % i, b"y")`;
        execFileSync("python3", ["-c", set, file]);
        const copy: PlanStep = {
          ...WORDS,
          phase: "child",
          op: "copyUp",
          slot: TARGET_SLOT,
          root: ROOT_SLOT,
          path: "/etc",
        };
        const plan = [openDirectory(ROOT_SLOT, from), openDirectory(TARGET_SLOT, to), CLONE, copy, TRUE];
        await (await launcher.start(plan)).exited;
        const count =
          "import os, sys; f = sys.argv[1]; print(len(os.listxattr(f)), len(os.getxattr(f, 'trusted.large')))";
        const found = execFileSync("python3", ["-c", count, join(to, "file")], { encoding: "utf8" });
        expect(found).toBe(`301 ${MANY_BYTES}\n`);
      } finally {
        rmSync(place, { recursive: true });
      }
    });
  },
);
