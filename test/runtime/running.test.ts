/** Containers that run: terminals, exec, stop, kill, rm. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { execInContainer } from "../../runtime/container/exec.ts";
import type { RunningWorld } from "../../runtime/container/running.ts";
import { startContainer } from "../../runtime/container/start.ts";
import { findContainer } from "../../runtime/container/state.ts";
import { killContainer, removeContainer, stopContainer } from "../../runtime/container/stop.ts";
import { containerProblem, plainOptions, withOutput } from "../support/inside.ts";

const problem = containerProblem();
const SIZE = { columns: 91, rows: 33 };

/** Reads a terminal until `wanted` has appeared. */
function transcript(world: RunningWorld): { until(wanted: RegExp): Promise<string> } {
  let text = "";
  let check = (): void => undefined;
  world.terminal?.onData((chunk) => {
    text += Buffer.from(chunk).toString();
    check();
  });
  return {
    until: (wanted) =>
      new Promise((resolve) => {
        check = () => {
          if (wanted.test(text)) resolve(text);
        };
        check();
      }),
  };
}

describe.skipIf(problem !== undefined)(
  `a running container${problem === undefined ? "" : ` (skipped: ${problem})`}`,
  () => {
    let launcher: Launcher;
    beforeAll(async () => {
      launcher = await Launcher.open();
    });
    afterAll(async () => {
      await launcher.close();
    });

    async function start(command: readonly string[], more = {}): Promise<RunningWorld> {
      const world = await startContainer(launcher, plainOptions(command, more));
      onTestFinished(async () => {
        world.kill("SIGKILL");
        await world.exited;
        world.terminal?.close();
      });
      return world;
    }

    test("has a terminal of its own devpts, of the right size, and is told when it changes", async () => {
      const world = await start(["sh"], { terminal: SIZE });
      const screen = transcript(world);
      world.terminal?.write(Buffer.from("stty size; tty; ls /dev/pts | tr '\\n' ' '\n"));
      expect(await screen.until(/0 ptmx/)).toMatch(/33 91[\s\S]*\/dev\/pts\/0/);
      world.terminal?.resize({ columns: 120, rows: 40 });
      world.terminal?.write(Buffer.from("stty size\n"));
      await screen.until(/40 120/);
    });

    test("answers Ctrl-C at its terminal", async () => {
      const world = await start(["sh", "-c", "trap 'echo caught; exit 5' INT; echo ready; sleep 600 & wait"], {
        terminal: SIZE,
      });
      const screen = transcript(world);
      await screen.until(/ready/);
      world.terminal?.write(Buffer.from([3]));
      await screen.until(/caught/);
      expect((await world.exited).status).toEqual({ kind: "exited", code: 5 });
    });

    test("shows a further process its namespaces, its limits and its restrictions", async () => {
      const world = await start(["sleep", "600"], { memoryBytes: 64 << 20 });
      const script =
        "cat /proc/1/cmdline | tr '\\0' ' '; grep -E 'CapEff|Seccomp:|NoNewPrivs' /proc/self/status; cut -d: -f3 /proc/self/cgroup | sort -u";
      const { world: further, output } = await withOutput((stdio) =>
        execInContainer(launcher, world.id, { command: ["sh", "-c", script], env: [], stdio }),
      );
      expect((await further.exited).status).toEqual({ kind: "exited", code: 0 });
      const text = await output;
      expect(text).toContain("sleep 600");
      expect(text).toContain("CapEff:\t00000000a80425fb");
      expect(text).toContain("Seccomp:\t2");
      expect(text).toMatch(/\n\/\n$/);
    });

    test("gives a further process a terminal too", async () => {
      const world = await start(["sleep", "600"]);
      const further = await execInContainer(launcher, world.name, { command: ["sh"], env: [], terminal: SIZE });
      onTestFinished(() => further.terminal?.close());
      const screen = transcript(further);
      further.terminal?.write(Buffer.from("tty; stty size; echo over; exit 4\n"));
      expect(await screen.until(/over\r\n/)).toMatch(/\/dev\/pts\/0\r\n33 91/);
      expect((await further.exited).status).toEqual({ kind: "exited", code: 4 });
    });

    test("says when a further command is not there", async () => {
      const world = await start(["sleep", "600"]);
      const attempt = execInContainer(launcher, world.id, { command: ["nosuch"], env: [] });
      await expect(attempt).rejects.toMatchObject({ exitCode: 127 });
    });

    test("a stopped one is asked first, by SIGTERM", async () => {
      const script = "trap 'exit 9' TERM; echo ready; while :; do sleep 600 & wait; done";
      const world = await start(["sh", "-c", script], { terminal: SIZE, remove: false });
      await transcript(world).until(/ready/);
      await stopContainer(world.id, { timeoutMs: 30_000 });
      expect((await world.exited).status).toEqual({ kind: "exited", code: 9 });
      expect(findContainer(world.id).status).toBe("exited");
      await removeContainer(world.id);
      expect(() => findContainer(world.id)).toThrow(/there is no container/);
    });

    test("one that ignores SIGTERM is killed after its time", async () => {
      const world = await start(["sleep", "600"]);
      await stopContainer(world.id, { timeoutMs: 50 });
      expect((await world.exited).status).toEqual({ kind: "signaled", signal: "SIGKILL" });
    });

    test("is removed only by force, and its name is free again", async () => {
      const world = await start(["sleep", "600"], { name: `force-${process.pid}`, remove: false });
      await expect(removeContainer(world.name)).rejects.toThrow(/cannot remove/);
      await removeContainer(world.name, { force: true });
      const again = await start(["sleep", "600"], { name: world.name });
      killContainer(again.name);
      await again.exited;
    });

    test("two cannot have one name", async () => {
      const world = await start(["sleep", "600"], { name: `twin-${process.pid}` });
      await expect(start(["true"], { name: world.name })).rejects.toThrow(/is taken/);
    });
  },
);
