/**
 * The server with the real backend: a browser's end of real terminals in real containers, a real race, and what is left
 * afterwards, which is nothing.
 */

import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod/mini";
import { listContainers } from "../../runtime/container/state.ts";
import { BASE_IMAGE } from "../../runtime/image/image.ts";
import { findLesson } from "../../runtime/lesson/catalog.ts";
import { MARKS } from "../../simulator/trace/timeline.ts";
import { CLOSE_CODES } from "../../web/protocol/close-codes.ts";
import { taskResultSchema } from "../../web/protocol/lesson.ts";
import { type Machine, machineListSchema, machineSchema } from "../../web/protocol/machine.ts";
import { machinePlanSchema } from "../../web/protocol/machine-plan.ts";
import { parseRaceLine } from "../../web/protocol/race.ts";
import { terminalListSchema } from "../../web/protocol/terminals.ts";
import { SYSTEM_CLOCK } from "../../web/server/clock.ts";
import { RuntimeBackend } from "../../web/server/real/runtime-backend.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { TestServer, type TestViewer } from "../support/web/visitor.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour is a control sequence
const GREEN = /\x1b\[[\d;]*32[\d;]*mgreen.*still-here/s;

const SIZE = { columns: 80, rows: 24 };

let it: TestServer;
let cookie: string;

beforeEach(async () => {
  const backend = new RuntimeBackend((error) => it.reports.push(error));
  it = await new TestServer(join(tmpdir(), "there-is-no-app"), backend, SYSTEM_CLOCK).listen();
  cookie = await it.signIn();
});
afterEach(async () => {
  await it.server.close();
  expect(it.reports).toEqual([]);
});

async function create(command?: readonly string[]): Promise<Machine> {
  const body = { kind: "container", image: BASE_IMAGE, size: SIZE, ...(command === undefined ? {} : { command }) };
  const answer = await it.call(cookie, "POST", "/api/lab", body);
  return z.parse(machineSchema, JSON.parse(answer.body));
}

async function viewMain(machine: string): Promise<TestViewer> {
  const answer = await it.call(cookie, "GET", `/api/lab/${machine}/terminals`);
  const [main] = z.parse(terminalListSchema, JSON.parse(answer.body)).terminals;
  return it.view(cookie, main?.id ?? "");
}

describeWhere(CONTAINERS, "a terminal in a real container", () => {
  test("shows what the shell in it says", async () => {
    const viewer = await viewMain((await create()).id);
    viewer.type("echo $((6 * 7))-$$ $(hostname | cut -c1-4)\n");
    await viewer.shows("42-1 lab-");
  });

  test("is stopped by Ctrl-C while its output floods, and goes on", async () => {
    const viewer = await viewMain((await create()).id);
    viewer.acknowledgeAll();
    viewer.type("yes\n");
    await viewer.shows("y\r\n".repeat(300_000));
    viewer.type("\x03");
    viewer.type("echo stopped-$?\n");
    await viewer.shows("stopped-130\r\n");
  });

  test("is as large as its browser's window, at once and later", async () => {
    const viewer = await viewMain((await create()).id);
    viewer.type("stty size; trap 'stty size' WINCH\n");
    await viewer.shows("24 80\r\n");
    viewer.send({ kind: "resize", size: { columns: 132, rows: 43 } });
    viewer.type("stty size\n");
    await viewer.shows("43 132\r\n");
  });

  test("takes more input at once than the pty holds", async () => {
    const viewer = await viewMain((await create()).id);
    viewer.type("stty raw -echo; echo rea''dy; head -c 300000 | wc -c; stty sane\n");
    await viewer.shows("ready");
    for (let count = 0; count < 10; count++) viewer.type("x".repeat(30_000));
    await viewer.shows("300000");
  });

  test("comes back after a reload with its screen, while its program went on", async () => {
    const { id } = await create();
    const first = await viewMain(id);
    first.type("printf '\\033[1;32mgreen\\033[0m and '; echo still-he''re\n");
    await first.shows("still-here");
    first.close();
    await first.closed;
    const second = await viewMain(id);
    const snapshot = second.frames.find((frame) => frame.kind === "snapshot");
    expect(snapshot?.kind === "snapshot" ? snapshot.ansi : "").toMatch(GREEN);
    second.type("echo on-we-g''o\n");
    await second.shows("on-we-go");
  });

  test("is one of several: a second shell sees the first one's files and processes", async () => {
    const { id } = await create();
    const main = await viewMain(id);
    main.type("echo shared > /tmp/file; echo writ''ten\n");
    await main.shows("written");
    const answer = await it.call(cookie, "POST", `/api/lab/${id}/terminals`, { size: SIZE });
    const second = await it.view(cookie, JSON.parse(answer.body).terminal);
    second.type("cat /tmp/file /proc/1/comm; exit 9\n");
    const exit = await second.until((frame) => frame.kind === "exit");
    expect(second.output).toMatch(/shared\r\nsh\r\n/);
    expect(exit).toEqual({ kind: "exit", status: { kind: "exited", code: 9 } });
    expect((await second.closed).code).toBe(CLOSE_CODES.ended.code);
    main.type("echo main-lives-o''n\n");
    await main.shows("main-lives-on");
  });
});

describeWhere(CONTAINERS, "a real machine", () => {
  test("shows its start as a timed list, each row with its reason and manual", async () => {
    const { id } = await create();
    const answer = await it.call(cookie, "GET", `/api/lab/${id}/plan`);
    const { rows, timeline } = z.parse(machinePlanSchema, JSON.parse(answer.body));
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => row.endNs < row.startNs || row.why === "" || row.manual === "")).toEqual([]);
    // Only what is not there may not be done: there is nothing to hide.
    const refused = rows.filter((row) => row.errno !== 0);
    expect(
      refused.filter((row) => !/^(mask|readonly)Path$/.test(row.op) || row.errno !== constants.errno.ENOENT),
    ).toEqual([]);
    expect(timeline.tracks.every((track) => track.provenance.kind === "measured")).toBe(true);
  });

  test("that ends by itself says how", async () => {
    const { id } = await create(["sh", "-c", "exit 5"]);
    const viewer = await viewMain(id);
    await viewer.until((frame) => frame.kind === "exit");
    const answer = await it.call(cookie, "GET", "/api/lab");
    expect(z.parse(machineListSchema, JSON.parse(answer.body)).machines).toMatchObject([
      { id, state: "exited", exit: { kind: "exited", code: 5 } },
    ]);
  });

  test("that ends badly says why, as the command line does", async () => {
    const { id } = await create(["sh", "-c", "no-such-program"]);
    const viewer = await viewMain(id);
    const exit = await viewer.until((frame) => frame.kind === "exit");
    expect(exit).toMatchObject({ status: { code: 127, why: expect.stringContaining("a command that it was to run") } });
  });

  test("that cannot start says why, in the words of the command line", async () => {
    const body = { kind: "container", image: BASE_IMAGE, command: ["no-such-program"], size: SIZE };
    const answer = await it.call(cookie, "POST", "/api/lab", body);
    expect(answer.status).toBe(422);
    expect(JSON.parse(answer.body).error).toContain("no-such-program was not found in $PATH");
  });

  test("is gone when it has been removed, and when the server has stopped", async () => {
    const [one, other] = [await create(), await create(["sleep", "1000"])];
    const names = () => listContainers().map(({ name }) => name);
    expect(names()).toEqual(expect.arrayContaining([one.name, other.name]));
    expect((await it.call(cookie, "DELETE", `/api/lab/${one.id}`)).status).toBe(204);
    expect(names()).not.toContain(one.name);
    await it.server.close();
    expect(names()).not.toContain(other.name);
  });
});

describeWhere(CONTAINERS, "a real lesson", () => {
  test("has a machine whose tasks are checked in it, not yet done at first, and again after a reset", async () => {
    const lesson = findLesson("namespaces");
    const answer = await it.call(cookie, "POST", "/api/lessons/namespaces/lab", { size: SIZE });
    const machine = z.parse(machineSchema, JSON.parse(answer.body));
    expect(machine).toMatchObject({ lesson: "namespaces", state: "running", image: lesson.lab?.image });
    const viewer = await viewMain(machine.id);
    viewer.type("echo re''ady\n");
    await viewer.shows("ready");
    for (const { id } of lesson.tasks) {
      const check = await it.call(cookie, "POST", "/api/lessons/namespaces/check", { machine: machine.id, task: id });
      expect(z.parse(taskResultSchema, JSON.parse(check.body))).toMatchObject({ task: id, passed: false });
    }
    const reset = await it.call(cookie, "POST", "/api/lessons/namespaces/reset", { machine: machine.id, size: SIZE });
    const fresh = z.parse(machineSchema, JSON.parse(reset.body));
    expect(listContainers().map(({ name }) => name)).not.toContain(machine.name);
    expect(listContainers().map(({ name }) => name)).toContain(fresh.name);
  });

  test("says which tasks there are when one is asked for that is none", async () => {
    const answer = await it.call(cookie, "POST", "/api/lessons/namespaces/lab", { size: SIZE });
    const { id } = z.parse(machineSchema, JSON.parse(answer.body));
    const check = await it.call(cookie, "POST", "/api/lessons/namespaces/check", { machine: id, task: "nothing" });
    expect([check.status, JSON.parse(check.body).fix]).toEqual([422, expect.stringMatching(/^one of: /)]);
  });
});

describeWhere(CONTAINERS, "a real race", () => {
  test("gives each world its own measured timeline, with the marks in their order", async () => {
    const answer = await it.call(cookie, "POST", "/api/race", { worlds: ["process", "container"] });
    const lines = answer.body.trim().split("\n").map(parseRaceLine);
    const lanes = lines.flatMap((line) => (line.kind === "lane" ? [line] : []));
    expect(lanes.map(({ world }) => world)).toEqual(["process", "container"]);
    for (const { timeline } of lanes) {
      const at = new Map(timeline.instants.map((instant) => [instant.name, instant.at]));
      const marks = [MARKS.firstInstruction, MARKS.firstByte, MARKS.gone].map((name) => at.get(name) ?? Number.NaN);
      expect(marks).toEqual(marks.toSorted((a, b) => a - b));
      expect(timeline.tracks[0]?.provenance).toMatchObject({ kind: "measured", n: 1, date: expect.any(String) });
    }
  });
});
