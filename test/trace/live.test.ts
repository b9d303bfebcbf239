/** Containers that run already: watched, let go, and none the worse for it. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, readFileSync, writeSync } from "node:fs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Launcher, nativeProgram, openPipe, openTracer, signalProcess } from "../../native/kernel.ts";
import { startDetached } from "../../runtime/container/detached.ts";
import { execInContainer } from "../../runtime/container/exec.ts";
import { pauseContainer, unpauseContainer } from "../../runtime/container/pause.ts";
import type { RunningWorld } from "../../runtime/container/running.ts";
import { startContainer } from "../../runtime/container/start.ts";
import { findContainer } from "../../runtime/container/state.ts";
import { removeContainer } from "../../runtime/container/stop.ts";
import { PROGRAM_PAUSE, withProgramPause } from "../../runtime/plan/pauses.ts";
import { processPlan } from "../../runtime/process/start.ts";
import { decodeCall } from "../../runtime/trace/decode.ts";
import { parseRecords, type TraceRecord } from "../../runtime/trace/records.ts";
import { captureRows } from "../../runtime/trace/signature.ts";
import { traceRunningContainer } from "../../runtime/trace/targets.ts";
import { plainOptions, readAll } from "../support/inside.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { COMMAND_LINE } from "../support/ringside.ts";

const statusLine = (pid: number, name: string): string =>
  new RegExp(`^${name}:\\s+(.*)$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Collects records until one of them is what is waited for. */
function collector(): { readonly onRecords: (more: readonly TraceRecord[]) => void; readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    onRecords: (more) => {
      for (const record of more) {
        if (record.kind !== "call") lines.push(record.kind);
        else {
          const { name, args, result } = decodeCall(record, 64);
          lines.push(`${name}(${args.join(", ")}) = ${result}`);
        }
      }
    },
  };
}

describeWhere(CONTAINERS, "a container that runs", () => {
  let launcher: Launcher;
  beforeAll(async () => {
    launcher = await Launcher.open();
  });
  afterAll(async () => {
    await launcher.close();
  });

  /** A container whose input is ours to write. */
  async function withInput(command: readonly string[]): Promise<{
    world: RunningWorld;
    write: (text: string) => void;
    end: () => void;
    output: Promise<string>;
  }> {
    const [input, output] = [openPipe(), openPipe()];
    const text = readAll(output.readFd);
    const stdio = { stdin: input.readFd, stdout: output.writeFd, stderr: output.writeFd };
    const world = await startContainer(launcher, plainOptions(command, { stdio }));
    closeSync(input.readFd);
    closeSync(output.writeFd);
    let open = true;
    const end = (): void => {
      if (open) closeSync(input.writeFd);
      open = false;
    };
    onTestFinished(async () => {
      end();
      world.kill("SIGKILL");
      await world.exited;
    });
    return { world, write: (line) => void writeSync(input.writeFd, line), end, output: text };
  }

  // The pipe's read end does not block, so the program would see EAGAIN: a shell's read waits for a line by poll.
  const ECHO = ["sh", "-c", "trap 'echo caught' USR1; while read -r line; do echo \"got $line\"; done; exit 6"];

  test("shows its calls, is let go, and runs on to its own end", async () => {
    const { world, write, end, output } = await withInput(ECHO);
    const { onRecords, lines } = collector();
    const { watch } = traceRunningContainer(world.id, { follow: true, mostDataBytes: 64 }, onRecords);
    write("one\n");
    await until(() => lines.some((line) => line === 'write(1, "got one\\n", 8) = 8'));
    watch.detach();
    await watch.ended;
    expect(statusLine(world.pid, "TracerPid")).toBe("0");
    const seen = lines.length;
    write("two\n");
    end();
    expect((await world.exited).status).toEqual({ kind: "exited", code: 6 });
    expect(await output).toBe("got one\ngot two\n");
    expect(lines).toHaveLength(seen);
  });

  test("gets its signals while it is watched, is stopped and goes on", async () => {
    const { world, write, end, output } = await withInput(ECHO);
    const { onRecords, lines } = collector();
    const { watch } = traceRunningContainer(world.id, { follow: true, mostDataBytes: 64 }, onRecords);
    signalProcess(world.pid, "SIGSTOP", () => true);
    await until(() => lines.includes("stop"));
    write("held\n");
    expect(lines.filter((line) => line.startsWith("write(1"))).toEqual([]);
    signalProcess(world.pid, "SIGCONT", () => true);
    await until(() => lines.some((line) => line.includes("got held")));
    signalProcess(world.pid, "SIGUSR1", () => true);
    await until(() => lines.some((line) => line.startsWith('write(1, "caught')));
    end();
    expect((await world.exited).status).toEqual({ kind: "exited", code: 6 });
    await watch.ended;
    expect(lines).toContain("exit");
    expect(await output).toBe("got held\ncaught\n");
  });

  test("stays stopped when it is let go while it is stopped", async () => {
    const { world, end } = await withInput(ECHO);
    const { onRecords, lines } = collector();
    const { watch } = traceRunningContainer(world.id, { follow: false, mostDataBytes: 64 }, onRecords);
    signalProcess(world.pid, "SIGSTOP", () => true);
    await until(() => lines.includes("stop"));
    watch.detach();
    await watch.ended;
    await until(() => statusLine(world.pid, "State").startsWith("T"));
    signalProcess(world.pid, "SIGCONT", () => true);
    end();
    expect((await world.exited).status).toEqual({ kind: "exited", code: 6 });
  });

  test("is given up while it is frozen, and runs on unwatched once it is thawed", async () => {
    const script = "while :; do sleep 0.01; done";
    const { id, pid } = await startDetached({ ...plainOptions(["sh", "-c", script]), remove: false, input: false });
    onTestFinished(async () => void (await removeContainer(id, { force: true })));
    const { onRecords, lines } = collector();
    const { watch } = traceRunningContainer(id, { follow: true, mostDataBytes: 64 }, onRecords);
    await until(() => lines.length > 0);
    await pauseContainer(id);
    watch.detach();
    watch.abandon();
    await watch.ended;
    await unpauseContainer(id);
    await until(() => statusLine(pid, "TracerPid") === "0");
    expect(findContainer(id).status).toBe("running");
  });

  test("shows what exec adds to it", async () => {
    const { world } = await withInput(["sleep", "600"]);
    const { onRecords, lines } = collector();
    const { watch } = traceRunningContainer(world.id, { follow: true, mostDataBytes: 64 }, onRecords);
    const more = await execInContainer(launcher, world.id, {
      command: ["sh", "-c", "while :; do echo again > /dev/null; sleep 0.01; done"],
      env: [],
    });
    await until(() => lines.some((line) => line.startsWith('write(1, "again')));
    watch.detach();
    await watch.ended;
    expect(statusLine(more.pid, "TracerPid")).toBe("0");
    more.kill("SIGKILL");
    await more.exited;
  });

  /** The command itself, once it watches. */
  async function command(
    name: string,
  ): Promise<{ child: ChildProcess; text: () => string; ended: Promise<number | null> }> {
    const child = spawn(process.execPath, [COMMAND_LINE, "trace", "-f", "-c", name], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr?.on("data", (chunk) => {
      said += String(chunk);
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    onTestFinished(() => void child.kill("SIGKILL"));
    await until(() => said.includes("watching") || child.exitCode !== null);
    return { child, text: () => said, ended };
  }

  test("runs on after Ctrl-C, which prints the table and the cost", async () => {
    const { world, write, end, output } = await withInput(ECHO);
    const { child, text, ended } = await command(world.name);
    write("one\n");
    await until(() => readFileSync(`/proc/${world.pid}/syscall`, "utf8") !== "");
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(text()).toMatch(/% time +time +calls/);
    expect(text()).toMatch(/of that is the tracing itself/);
    expect(statusLine(world.pid, "TracerPid")).toBe("0");
    write("two\n");
    end();
    expect(await output).toBe("got one\ngot two\n");
  });

  test("runs on when the one who watches is killed", async () => {
    const { world, write, end, output } = await withInput(ECHO);
    const { child, ended } = await command(world.name);
    child.kill("SIGKILL");
    expect(await ended).toBeNull();
    await until(() => statusLine(world.pid, "TracerPid") === "0");
    write("after\n");
    end();
    expect((await world.exited).status).toEqual({ kind: "exited", code: 6 });
    expect(await output).toBe("got after\n");
  });

  test("a watcher that nobody listens to holds a program back for a while, then counts what it drops", async () => {
    const path = nativeProgram("ringside-getppid-loop") ?? "";
    const nothing = openPipe();
    onTestFinished(() => {
      closeSync(nothing.readFd);
      closeSync(nothing.writeFd);
    });
    let tracer: ReturnType<typeof openTracer> | undefined;
    const program = await launcher.start(
      withProgramPause(processPlan({ argv: [path] })),
      Array(3).fill(nothing.writeFd),
      {
        onPause: async (name, pid) => {
          if (name !== PROGRAM_PAUSE) return;
          const sizes = { mostTextBytes: 64, mostDataBytes: 64, mostBytes: 8192 };
          tracer = openTracer({ pid, follow: false, fromExec: true, captures: captureRows(), ...sizes });
        },
      },
    );
    expect((await program.exited).status).toEqual({ kind: "exited", code: 0 });
    let [lost, kept] = [0, 0];
    for (let taken = tracer?.take(); taken !== null && taken !== undefined; taken = tracer?.take()) {
      lost += taken.lost;
      kept += parseRecords(taken.data).length;
    }
    tracer?.close();
    // execve, two clock_gettime, 4000 getppid, write, exit_group, and the end.
    expect(lost + kept).toBe(4006);
    expect(lost).toBeGreaterThan(0);
  });
});
