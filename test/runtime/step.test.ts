/** A start one step at a time, and where its time went. */
import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { keyAsker, lineAsker, stepWatching } from "../../runtime/cli/step.ts";
import { timesText } from "../../runtime/cli/times.ts";
import { execInContainer } from "../../runtime/container/exec.ts";
import { startContainer } from "../../runtime/container/start.ts";
import { listContainers } from "../../runtime/container/state.ts";
import { STEP_PAUSE, withStepPauses } from "../../runtime/plan/pauses.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";
import { MARKS } from "../../simulator/trace/timeline.ts";
import { plainOptions } from "../support/inside.ts";
import { controlGroups } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere, needsPrograms, unless } from "../support/needs.ts";
import { COMMAND_LINE, ringside } from "../support/ringside.ts";

describeWhere(CONTAINERS, "a start, one step at a time", () => {
  let launcher: Launcher;
  beforeAll(async () => {
    launcher = await Launcher.open();
  });
  afterAll(async () => {
    await launcher.close();
  });

  test("tells every step in words before it is done, and how long it took", async () => {
    const { stdout, stderr, code } = await ringside(["run", "--rm", "--step-lines", "ringside/base", "echo", "hello"], {
      input: "\n".repeat(400),
    });
    expect({ stdout, code }).toEqual({ stdout: "hello\n", code: 0 });
    const positions = [...stderr.matchAll(/^(\d+) of (\d+), /gm)];
    const count = Number(positions[0]?.[2]);
    expect(positions.map(([, position]) => Number(position))).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    );
    expect(stderr.match(/^ {2}done in [\d.]+ µs/gm)).toHaveLength(count - 1);
    expect(stderr).toMatch(/pivot_root\(2\)/);
    expect(stderr).toMatch(/The process becomes the program/);
  });

  test("goes on without stops after c", async () => {
    const command = ["run", "--rm", "--step-lines", "ringside/base", "echo", "hello"];
    const { stdout, stderr } = await ringside(command, { input: "\n\nc\n" });
    expect(stdout).toBe("hello\n");
    expect(stderr.match(/^\d+ of \d+, /gm)).toHaveLength(3);
  });

  test.each([
    ["q", "\n\n\n\nq\n", 5],
    ["the end of the input", "\n\n", 3],
  ])("gives up at %s, and leaves nothing behind", async (_, input, position) => {
    const { stdout, stderr, code } = await ringside(["run", "--step-lines", "ringside/base", "echo", "hello"], {
      input,
    });
    expect({ stdout, code }).toEqual({ stdout: "", code: 130 });
    expect(stderr).toContain(`given up before step ${position}; all that was made has been taken away again`);
    const [id = ""] = /ringside-[0-9a-f]{12}/.exec(stderr) ?? [];
    expect(id).not.toBe("");
    expect(controlGroups().filter((group) => group.includes(id))).toEqual([]);
  });

  test("can be given up in the new process too, which then is gone", async () => {
    const asker = { hint: "", ask: () => Promise.resolve("next" as const), close() {} };
    let told = "";
    let pidOfChild = 0;
    const tell = (text: string): void => {
      told += text;
    };
    const watching = stepWatching(asker, tell, true);
    const attempt = startContainer(launcher, plainOptions(["true"]), {
      ...watching,
      onPause: async (name, pid, times, terminal) => {
        await watching.onPause?.(name, pid, times, terminal);
        pidOfChild = pid;
        if (told.includes("pivotRoot")) throw new Error("enough");
      },
    });
    await expect(attempt).rejects.toThrow("enough");
    expect(pidOfChild).toBeGreaterThan(0);
    expect(() => process.kill(pidOfChild, 0)).toThrow(/ESRCH/);
    expect(listContainers().filter(({ init }) => init?.pid === pidOfChild)).toEqual([]);
  });

  test.each([
    [
      "the container's terminal is the caller's afterwards",
      ["-it"],
      [
        ["1 of ", " "],
        ["2 of ", "\r"],
        ["3 of ", "c"],
        [":/# ", "exit 3\n"],
      ],
      3,
    ],
    [
      "Ctrl-C gives up",
      [],
      [
        ["1 of ", " "],
        ["2 of ", "\u0003"],
      ],
      130,
    ],
  ] as const)(
    "takes single keys from a terminal: %s",
    unless([needsPrograms("script")]),
    async (_, options, talk, code) => {
      const command = [process.execPath, COMMAND_LINE, "run", ...options, "--rm", "--step", "ringside/base", "sh"].join(
        " ",
      );
      const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
      onTestFinished(() => void child.kill("SIGKILL"));
      const waiting: (readonly [string, string])[] = [...talk];
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += String(chunk);
        const [next] = waiting;
        if (next === undefined || !text.includes(next[0])) return;
        waiting.shift();
        text = "";
        child.stdin.write(next[1]);
      });
      expect(await new Promise((resolve) => child.once("close", resolve))).toBe(code);
      expect(waiting).toEqual([]);
    },
  );

  test("needs a terminal, or lines, and says so", async () => {
    const { code, stderr } = await ringside(["run", "--step", "ringside/base", "true"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/--step waits for keys, and the input is not a terminal\n {2}fix: .*--step-lines/);
  });

  test("the table of times accounts for the whole of start and end", async () => {
    const world = await startContainer(launcher, plainOptions(["true"]));
    await world.exited;
    const timeline = world.timeline();
    expect(checkTimeline(timeline)).toEqual([]);
    const removing = timeline.spans.filter(({ name }) =>
      /^(removeDirectory|removeGroup|killCgroup|readReport)/.test(name),
    );
    expect(removing.length).toBeGreaterThan(0);
    const gone = timeline.instants.find(({ name }) => name === MARKS.gone)?.at ?? 0;
    expect(removing.every(({ end }) => end <= gone)).toBe(true);
    const text = timesText(timeline);
    expect(text).toMatch(/From the request to the program: [\d.]+ µs/);
    expect(text).toMatch(/From the program's end until nothing is left in the kernel: [\d.]+ µs/);
    const [first] = text.split("\n\n");
    const shares = [...(first ?? "").matchAll(/^ *[\d.]+ +([\d.]+) {2}\S/gm)].map(([, share]) => Number(share));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeGreaterThan(97);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThan(103);
  });

  test("exec has its steps' times too", async () => {
    const world = await startContainer(launcher, plainOptions(["sleep", "600"]));
    const more = await execInContainer(launcher, world.id, { command: ["true"], env: [] });
    await more.exited;
    expect(checkTimeline(more.timeline())).toEqual([]);
    expect(timesText(more.timeline())).toMatch(/joinNamespaces: setns/);
    world.kill("SIGKILL");
    await world.exited;
  });

  test("--times prints the table after the program's own output", async () => {
    const { stdout, stderr, code } = await ringside(["run", "--rm", "--times", "ringside/base", "echo", "hello"]);
    expect({ stdout, code }).toEqual({ stdout: "hello\n", code: 0 });
    expect(stderr).toMatch(/the longest first\n +µs +% +what/);
  });
});

describe("pauses", () => {
  const step = { phase: "child" as const, stage: "security", why: "" };
  const plan = [
    { ...step, op: "setHostname" as const, name: "a" },
    { ...step, op: "setSeccomp" as const, filter: new Uint8Array(8), flags: 0, listener: 0xffff, state: [] },
    { ...step, op: "execute" as const, candidates: [], argv: [], env: [] },
    { ...step, phase: "cleanup" as const, op: "removeDirectory" as const, path: "/x" },
  ];
  const names = (asksBehind: boolean) =>
    withStepPauses(plan, asksBehind).map((each) => (each.op === "pause" ? each.name : each.op));

  test("stand before each step that makes the container, not before those that remove it", () => {
    const [first, second, third] = [0, 1, 2].map((index) => `${STEP_PAUSE}${index}`);
    expect(names(true)).toEqual([first, "setHostname", second, "setSeccomp", third, "execute", "removeDirectory"]);
  });

  test("do not stand behind a filter that may forbid them", () => {
    expect(names(false)).toEqual(["step:0", "setHostname", "step:1", "setSeccomp", "execute", "removeDirectory"]);
  });
});

describe("answers", () => {
  test.each([
    [" ", "next"],
    ["\r", "next"],
    ["xyzc", "rest"],
    ["q", "quit"],
    ["\u0003", "quit"],
  ])("the key %j means %s, and the terminal is as before", async (key, answer) => {
    const modes: boolean[] = [];
    const input = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (mode: boolean) => void modes.push(mode),
    });
    // Only what a terminal's stream has beside a stream's own is needed here.
    const asked = Reflect.apply(keyAsker, undefined, [input]).ask();
    input.write(key);
    expect(await asked).toBe(answer);
    expect(modes).toEqual([true, false]);
  });

  test("lines may come in pieces, and before they are asked for", async () => {
    const input = new PassThrough();
    const asker = lineAsker(input);
    input.write("\n");
    input.write("c");
    expect(await asker.ask()).toBe("next");
    const next = asker.ask();
    input.write("\n");
    expect(await next).toBe("rest");
    const last = asker.ask();
    input.end();
    expect(await last).toBe("quit");
  });
});

test("no more lines are read than are asked for, so that yes(1) may answer", async () => {
  const input = new PassThrough();
  const asker = lineAsker(input);
  const answer = asker.ask();
  input.write("\n\n");
  expect(await answer).toBe("next");
  expect(input.isPaused()).toBe(true);
  expect(await asker.ask()).toBe("next");
  const last = asker.ask();
  input.write("q\n");
  expect(await last).toBe("quit");
  asker.close();
});
