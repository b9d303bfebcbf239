/**
 * The lab, the lessons, the race and the doctor over HTTP, with machines of the memory backend: what a client is told
 * in every state, what is refused and how, and that nothing outlives the server.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { CLOSE_CODES } from "../../web/protocol/close-codes.ts";
import { taskResultSchema } from "../../web/protocol/lesson.ts";
import { createLineSplitter } from "../../web/protocol/lines.ts";
import { type Machine, machineListSchema, machineSchema } from "../../web/protocol/machine.ts";
import { machinePlanSchema } from "../../web/protocol/machine-plan.ts";
import { problemSchema } from "../../web/protocol/problem.ts";
import { parseRaceLine } from "../../web/protocol/race.ts";
import { terminalListSchema } from "../../web/protocol/terminals.ts";
import { LIMITS } from "../../web/server/limits.ts";
import { type Answer, MemoryServer } from "../support/web/visitor.ts";

const SIZE = { columns: 80, rows: 24 };
const CREATE = { kind: "container", image: "ringside/base", size: SIZE };

let it: MemoryServer;
let cookie: string;

beforeEach(async () => {
  it = await MemoryServer.listen(join(tmpdir(), "there-is-no-app"));
  cookie = await it.signIn();
});
afterEach(async () => {
  await it.server.close();
  expect(it.reports).toEqual([]);
});

async function create(body: unknown = CREATE): Promise<Machine> {
  const answer = await it.call(cookie, "POST", "/api/lab", body);
  expect(answer.status).toBe(201);
  return z.parse(machineSchema, JSON.parse(answer.body));
}

async function machines(): Promise<Machine[]> {
  return z.parse(machineListSchema, JSON.parse((await it.call(cookie, "GET", "/api/lab")).body)).machines;
}

async function terminals(machine: string): Promise<{ id: string; main: boolean; exit?: unknown }[]> {
  const answer = await it.call(cookie, "GET", `/api/lab/${machine}/terminals`);
  return z.parse(terminalListSchema, JSON.parse(answer.body)).terminals;
}

function problem(answer: Answer): readonly [number, string, string | undefined] {
  const { error, fix } = z.parse(problemSchema, JSON.parse(answer.body));
  return [answer.status, error, fix];
}

describe("a machine", () => {
  test("runs, has its default limits, and a terminal of its own", async () => {
    const machine = await create();
    expect(machine).toMatchObject({
      kind: "container",
      state: "running",
      memoryBytes: 256 * 1024 * 1024,
      command: ["sh"],
    });
    expect(await machines()).toEqual([machine]);
    expect(await terminals(machine.id)).toMatchObject([{ main: true }]);
    expect(it.backend.machines[0]?.request).toMatchObject({ pidsLimit: 256, size: SIZE, name: machine.name });
  });

  test("that ends by itself stays in the list as exited, with its status, until it is removed", async () => {
    const machine = await create();
    it.backend.machines[0]?.programs[0]?.exit({ kind: "exited", code: 7 });
    expect(await machines()).toMatchObject([{ id: machine.id, state: "exited", exit: { kind: "exited", code: 7 } }]);
    expect((await it.call(cookie, "POST", `/api/lab/${machine.id}/terminals`, { size: SIZE })).status).toBe(409);
    expect((await it.call(cookie, "DELETE", `/api/lab/${machine.id}`)).status).toBe(204);
    expect(await machines()).toEqual([]);
    expect(it.backend.machines[0]?.removals).toBe(1);
  });

  test("that is removed closes its terminals for whoever looks", async () => {
    const machine = await create();
    const viewer = await it.view(cookie, (await terminals(machine.id))[0]?.id ?? "");
    await it.call(cookie, "DELETE", `/api/lab/${machine.id}`);
    expect((await viewer.closed).code).toBe(CLOSE_CODES.removed.code);
    expect((await it.call(cookie, "DELETE", `/api/lab/${machine.id}`)).status).toBe(404);
  });

  test("that is removed twice at once is removed once", async () => {
    const machine = await create();
    const answers = await Promise.all([1, 2].map(() => it.call(cookie, "DELETE", `/api/lab/${machine.id}`)));
    expect(answers.map(({ status }) => status).every((status) => status === 204 || status === 404)).toBe(true);
    expect(it.backend.machines[0]?.removals).toBe(1);
  });

  test("that cannot start says why and what to do, and leaves nothing in the list", async () => {
    const answer = await it.call(cookie, "POST", "/api/lab", { ...CREATE, image: "missing" });
    expect(problem(answer)).toEqual([422, "find the image missing: there is none", "build it"]);
    expect(await machines()).toEqual([]);
  });

  test("has its plan and its timeline", async () => {
    const { id } = await create();
    const answer = await it.call(cookie, "GET", `/api/lab/${id}/plan`);
    expect(z.parse(machinePlanSchema, JSON.parse(answer.body)).rows).toEqual([]);
  });

  test("that nobody knows is 404 everywhere", async () => {
    for (const [method, path] of [
      ["GET", "/api/lab/none/plan"],
      ["GET", "/api/lab/none/terminals"],
      ["DELETE", "/api/lab/none"],
    ] as const) {
      expect(problem(await it.call(cookie, method, path))[0]).toBe(404);
    }
  });

  test("makes room: beyond the limit the oldest that has ended is forgotten, never one that runs", async () => {
    const running = await create();
    for (let count = 0; count < LIMITS.keptMachines + 3; count++) {
      await create();
      it.backend.machines.at(-1)?.programs[0]?.exit({ kind: "exited", code: 0 });
      await machines();
    }
    const ids = (await machines()).map(({ id }) => id);
    expect(ids).toHaveLength(LIMITS.keptMachines);
    expect(ids[0]).toBe(running.id);
  });
});

describe("a terminal", () => {
  test("carries keys to the program and its output back", async () => {
    const machine = await create();
    const viewer = await it.view(cookie, (await terminals(machine.id))[0]?.id ?? "");
    const program = it.backend.machines[0]?.programs[0];
    viewer.type("ls\n");
    await program?.received("ls\n");
    program?.print("a b c\r\n");
    await viewer.shows("a b c");
  });

  test("is one of several in a machine, each with its own program", async () => {
    const machine = await create();
    const answer = await it.call(cookie, "POST", `/api/lab/${machine.id}/terminals`, { size: SIZE });
    const { terminal }: { terminal: string } = JSON.parse(answer.body);
    const viewer = await it.view(cookie, terminal);
    it.backend.machines[0]?.programs[1]?.print("second");
    await viewer.shows("second");
    expect(await terminals(machine.id)).toMatchObject([{ main: true }, { main: false, id: terminal }]);
  });

  test("keeps its program and its screen while nobody is connected", async () => {
    const machine = await create();
    const [{ id = "" } = {}] = await terminals(machine.id);
    const first = await it.view(cookie, id);
    first.close();
    await first.closed;
    it.backend.machines[0]?.programs[0]?.print("while you were away");
    const second = await it.view(cookie, id);
    const snapshot = second.frames.find((frame) => frame.kind === "snapshot");
    expect(snapshot?.kind === "snapshot" ? snapshot.ansi : "").toContain("while you were away");
    expect(it.backend.machines[0]?.programs[0]?.isClosed).toBe(false);
  });

  test("answers a ping", async () => {
    const viewer = await it.view(cookie, (await terminals((await create()).id))[0]?.id ?? "");
    viewer.send({ kind: "ping" });
    await viewer.until((frame) => frame.kind === "ping");
  });

  test("is taken from a connection that shows no sign of life", async () => {
    const viewer = await it.view(cookie, (await terminals((await create()).id))[0]?.id ?? "");
    it.clock.advance(2 * LIMITS.heartbeatMs);
    await viewer.closed;
  });

  test("beyond the limit takes the place of one that has ended, or is refused", async () => {
    const { id } = await create();
    const open = () => it.call(cookie, "POST", `/api/lab/${id}/terminals`, { size: SIZE });
    for (let count = 1; count < LIMITS.terminalsPerMachine; count++) expect((await open()).status).toBe(201);
    expect(problem(await open())[0]).toBe(429);
    const viewer = await it.view(cookie, (await terminals(id))[1]?.id ?? "");
    it.backend.machines[0]?.programs[1]?.exit({ kind: "exited", code: 0 });
    expect((await viewer.closed).code).toBe(CLOSE_CODES.ended.code);
    expect((await open()).status).toBe(201);
  });
});

describe("a lesson", () => {
  const START = { size: SIZE };

  async function startLesson(): Promise<Machine> {
    const answer = await it.call(cookie, "POST", "/api/lessons/namespaces/lab", START);
    expect(answer.status).toBe(201);
    return z.parse(machineSchema, JSON.parse(answer.body));
  }

  test("has a machine in the lab that says whose it is", async () => {
    const machine = await startLesson();
    expect(machine).toMatchObject({ lesson: "namespaces", image: "ringside/base", kind: "container" });
    expect(await machines()).toEqual([machine]);
  });

  test("checks a task with what the learner entered", async () => {
    const { id } = await startLesson();
    const check = async (input: string) => {
      const answer = await it.call(cookie, "POST", "/api/lessons/namespaces/check", {
        machine: id,
        task: "pid1",
        input,
      });
      return z.parse(taskResultSchema, JSON.parse(answer.body));
    };
    expect(await check("41")).toEqual({ task: "pid1", passed: false, hard: false, message: "you said 41" });
    expect(await check("42")).toMatchObject({ passed: true });
  });

  test("does not check in a machine of something else", async () => {
    const { id } = await create();
    const answer = await it.call(cookie, "POST", "/api/lessons/namespaces/check", { machine: id, task: "pid1" });
    expect(problem(answer)[0]).toBe(404);
  });

  test("starts anew in a fresh machine, and the old one goes", async () => {
    const old = await startLesson();
    const answer = await it.call(cookie, "POST", "/api/lessons/namespaces/reset", { machine: old.id, size: SIZE });
    const fresh = z.parse(machineSchema, JSON.parse(answer.body));
    expect(await machines()).toEqual([fresh]);
    expect(fresh.id).not.toBe(old.id);
    expect(it.backend.machines[0]?.removals).toBe(1);
  });

  test("does not remove a machine of something else when it starts anew", async () => {
    const { id } = await create();
    const answer = await it.call(cookie, "POST", "/api/lessons/namespaces/reset", { machine: id, size: SIZE });
    expect(problem(answer)[0]).toBe(404);
    expect(await machines()).toHaveLength(1);
  });

  test("that does not exist says so", async () => {
    const answer = await it.call(cookie, "POST", "/api/lessons/nothing/lab", START);
    expect(problem(answer)[0]).toBe(422);
    expect((await it.call(cookie, "POST", "/api/lessons/..%2f..%2fetc/lab", START)).status).toBe(400);
  });
});

describe("a race", () => {
  const race = (worlds: readonly string[]) => it.call(cookie, "POST", "/api/race", { worlds });

  function lines(answer: Answer) {
    const splitter = createLineSplitter();
    return [...splitter.push(answer.body), ...splitter.end()].map(parseRaceLine);
  }

  test("gives a line for every lane as it ends, and says why one has none", async () => {
    const answer = await race(["process", "vm", "container"]);
    expect(answer.headers["content-type"]).toContain("application/x-ndjson");
    expect(lines(answer)).toMatchObject([
      { kind: "progress", world: "process" },
      { kind: "lane", world: "process" },
      { kind: "progress", world: "vm" },
      { kind: "unavailable", world: "vm", reason: "start a VM: QEMU is not installed", fix: "install it" },
      { kind: "progress", world: "container" },
      { kind: "lane", world: "container" },
      { kind: "done" },
    ]);
  });

  test("runs alone: another is refused while it runs, and not afterwards", async () => {
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    it.backend.beforeLane = () => {
      started.resolve();
      return go.promise;
    };
    const first = race(["process"]);
    await started.promise;
    expect(problem(await race(["process"]))[0]).toBe(429);
    go.resolve();
    expect(lines(await first).at(-1)).toEqual({ kind: "done" });
    expect((await race(["container"])).status).toBe(200);
  });

  test("ends when whoever asked leaves, and lets the next one start", async () => {
    const started = Promise.withResolvers<void>();
    it.backend.beforeLane = async (signal) => {
      started.resolve();
      await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    const leave = it.leave(cookie, "POST", "/api/race", { worlds: ["process", "container"] });
    await started.promise;
    leave();
    it.backend.beforeLane = async () => {};
    for (;;) {
      const answer = await race(["process"]);
      if (answer.status === 200) break;
      expect(answer.status).toBe(429);
    }
    expect(it.backend.lanes).toEqual(["process", "process"]);
  });

  test("of nothing, of too much and of what cannot be real is refused", async () => {
    for (const worlds of [[], ["address-space"], ["process", "process", "process", "process"]]) {
      expect(problem(await race(worlds))[0]).toBe(400);
    }
  });
});

test("the doctor's report is the command's", async () => {
  expect(JSON.parse((await it.call(cookie, "GET", "/api/doctor")).body)).toEqual(await it.backend.doctor());
});

test("without a built app every page says what to do, and the API works", async () => {
  const answer = await it.ask("/lab", { headers: { accept: "text/html" } });
  expect([answer.status, answer.body.includes("npm run build")]).toEqual([503, true]);
  expect((await it.call(cookie, "GET", "/api/lab")).status).toBe(200);
});

describe("when the server stops", () => {
  test("every machine is removed, every viewer is told, the backend is closed, and once is enough", async () => {
    const machine = await create();
    const viewer = await it.view(cookie, (await terminals(machine.id))[0]?.id ?? "");
    await Promise.all([it.server.close(), it.server.close()]);
    expect((await viewer.closed).code).toBe(CLOSE_CODES.stopping.code);
    expect(it.backend.machines.map(({ removals }) => removals)).toEqual([1]);
    expect(it.backend.closes).toBe(1);
  });
});
