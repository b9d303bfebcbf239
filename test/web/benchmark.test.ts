/**
 * The benchmark over HTTP, played by a backend of memory: limits before it begins, one at a time, lines for whoever looks
 * and whenever, a stop that keeps, files under a policy of their own; and that it goes on without a browser.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { csvParse } from "d3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { benchReportSchema } from "../../runtime/bench/schema.ts";
import {
  type BenchmarkLine,
  type BenchmarkRequest,
  benchmarkComparisonSchema,
  benchmarkHistorySchema,
  benchmarkLimitsSchema,
  benchmarkOverviewSchema,
  parseBenchmarkLine,
  storedReportSchema,
} from "../../web/protocol/benchmark.ts";
import { createLineSplitter } from "../../web/protocol/lines.ts";
import { problemSchema } from "../../web/protocol/problem.ts";
import { LineQueue } from "../../web/server/real/line-queue.ts";
import { type Answer, MemoryServer } from "../support/web/visitor.ts";

const REQUEST: BenchmarkRequest = { systems: ["process"], runs: 5, timeSeconds: 60 };
const SAMPLE: BenchmarkLine = {
  kind: "sample",
  system: "process",
  world: "process",
  accelerator: null,
  firstByteMs: 0.5,
};

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

const start = (request: unknown = REQUEST): Promise<Answer> => it.call(cookie, "POST", "/api/benchmark", request);
const get = (path: string): Promise<Answer> => it.call(cookie, "GET", `/api/benchmark${path}`);

async function lines(): Promise<BenchmarkLine[]> {
  const answer = await get("/lines");
  const splitter = createLineSplitter();
  return [...splitter.push(answer.body), ...splitter.end()].map(parseBenchmarkLine);
}

function problem(answer: Answer): readonly [number, string, string | undefined] {
  const { error, fix } = z.parse(problemSchema, JSON.parse(answer.body));
  return [answer.status, error, fix];
}

/** A benchmark that tells what the test tells it, and ends with what it has when it is stopped. */
function played(): LineQueue<BenchmarkLine> {
  const queue = new LineQueue<BenchmarkLine>();
  it.backend.benchmark.play = (signal) => {
    signal.addEventListener("abort", () => {
      queue.push({ kind: "done", id: "2", interrupted: true });
      queue.end();
    });
    return queue;
  };
  return queue;
}

describe("a benchmark", () => {
  test("says what it takes before it begins, and again in its first line", async () => {
    const answer = await it.call(cookie, "POST", "/api/benchmark/limits", REQUEST);
    const limits = z.parse(benchmarkLimitsSchema, JSON.parse(answer.body));
    expect(limits.timeSeconds).toBe(60);
    expect(it.backend.benchmark.requests).toEqual([]);
    expect((await start()).status).toBe(201);
    expect((await lines())[0]).toEqual({ kind: "started", request: REQUEST, limits });
  });

  test("tells whoever looks everything from its beginning, also when it is over", async () => {
    await start();
    const first = await lines();
    expect(first.slice(1)).toEqual([SAMPLE, { kind: "done", id: "2", interrupted: false }]);
    expect(await lines()).toEqual(first);
  });

  test("is seen as running, with what was asked for, until it is over", async () => {
    const queue = played();
    const overview = async () => z.parse(benchmarkOverviewSchema, JSON.parse((await get("")).body));
    expect((await overview()).running).toBeNull();
    await start();
    expect((await overview()).running).toEqual(REQUEST);
    queue.end();
    await lines();
    expect((await overview()).running).toBeNull();
  });

  test("goes on when the browser that asked for it has gone, and is found again", async () => {
    const queue = played();
    await start();
    const leave = it.leave(cookie, "GET", "/api/benchmark/lines", undefined);
    queue.push(SAMPLE);
    leave();
    queue.push(SAMPLE);
    queue.push({ kind: "done", id: "1", interrupted: false });
    queue.end();
    expect((await lines()).map(({ kind }) => kind)).toEqual(["started", "sample", "sample", "done"]);
  });

  test("is stopped at once, and keeps what there is as interrupted", async () => {
    const queue = played();
    await start();
    queue.push(SAMPLE);
    expect((await it.call(cookie, "DELETE", "/api/benchmark")).status).toBe(204);
    expect((await lines()).at(-1)).toEqual({ kind: "done", id: "2", interrupted: true });
    expect((await it.call(cookie, "DELETE", "/api/benchmark")).status).toBe(204);
  });

  test("ends with the server, which waits until it has kept what there is", async () => {
    let kept = false;
    it.backend.benchmark.play = async function* (signal) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      kept = true;
      yield { kind: "done", id: "1", interrupted: true };
    };
    await start();
    await it.server.close();
    expect(kept).toBe(true);
  });

  test("runs alone: neither another nor a race beside it, and none beside a race", async () => {
    const queue = played();
    await start();
    expect(problem(await start()).slice(0, 2)).toEqual([429, "a benchmark is running already"]);
    const race = () => it.call(cookie, "POST", "/api/race", { worlds: ["process"] });
    expect(problem(await race())[0]).toBe(429);
    queue.end();
    await lines();
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    it.backend.beforeLane = () => {
      begun.resolve();
      return go.promise;
    };
    const racing = race();
    await begun.promise;
    expect(problem(await start()).slice(0, 2)).toEqual([429, "a race is running already"]);
    go.resolve();
    expect((await racing).status).toBe(200);
    expect((await start()).status).toBe(201);
  });

  test("that breaks down says why and what to do, and lets the next one start", async () => {
    it.backend.benchmark.play = async function* () {
      yield SAMPLE;
      throw new (await import("../../runtime/error.ts")).RingsideError("open the workbench: no launcher", {
        fix: "build it",
      });
    };
    await start();
    expect((await lines()).slice(1)).toEqual([
      SAMPLE,
      { kind: "failed", reason: "open the workbench: no launcher", fix: "build it" },
    ]);
    expect((await start()).status).toBe(201);
  });

  test("of nothing, of too much and of what is unknown is refused", async () => {
    const wrong = [
      {},
      { ...REQUEST, systems: [] },
      { ...REQUEST, runs: 0 },
      { ...REQUEST, runs: 1e9 },
      { ...REQUEST, timeSeconds: 1e9 },
      { ...REQUEST, systems: ["../../etc"] },
      { ...REQUEST, more: true },
    ];
    for (const request of wrong) expect(problem(await start(request))[0]).toBe(400);
    expect(problem(await start({ ...REQUEST, systems: ["qnx"] }))[0]).toBe(422);
    expect(it.backend.benchmark.requests).toEqual([]);
  });

  test("that never was has no lines", async () => {
    expect(problem(await get("/lines"))[0]).toBe(404);
  });
});

describe("earlier benchmarks", () => {
  test("are listed, and one opens as what the page needs of it", async () => {
    const { entries } = z.parse(benchmarkHistorySchema, JSON.parse((await get("/history")).body));
    expect(entries.map(({ id }) => id)).toEqual(["1", "2"]);
    const report = z.parse(storedReportSchema, JSON.parse((await get("/history/1/report.json")).body));
    expect(report.systems.length).toBe(entries[0]?.systems);
  });

  test("can be taken away as JSON, CSV and HTML", async () => {
    const [stored] = it.backend.benchmark.reports;
    const json = await get("/history/1/report.json?download");
    expect(benchReportSchema.parse(JSON.parse(json.body))).toEqual(stored);
    expect(json.headers["content-disposition"]).toMatch(/^attachment; filename="ringside-benchmark-\d{14}\.json"$/);
    expect(csvParse((await get("/history/1/report.csv")).body).length).toBeGreaterThan(100);
    expect((await get("/history/1/report.csv?download")).headers["content-disposition"]).toContain('.csv"');
  });

  test("are shown under a policy that lets nothing load and only the page's own lines run", async () => {
    const answer = await get("/history/1/report.html?theme=dark");
    expect(answer.body).toContain('data-theme="dark"');
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy).toMatch(/default-src 'none'.*script-src 'sha256-[\w+/=]+'; frame-ancestors 'self'$/);
    expect(policy).not.toContain("connect-src");
    expect(answer.headers["content-disposition"]).toBeUndefined();
    expect(problem(await get("/history/1/report.html?theme=%22%3E%3Cscript%3E"))[0]).toBe(400);
  });

  test("are compared, the first with the second", async () => {
    const answer = await get("/compare?before=1&after=2");
    const { rows } = z.parse(benchmarkComparisonSchema, JSON.parse(answer.body));
    expect(rows[0]?.verdict).toBe("slower");
    expect(problem(await get("/compare?before=1"))[0]).toBe(400);
    expect(problem(await get("/compare?before=1&after=77"))[0]).toBe(422);
  });

  test("that are not there, or no files of theirs, are refused", async () => {
    expect(problem(await get("/history/9/report.json"))[0]).toBe(422);
    expect(problem(await get("/history/1/report.exe"))[0]).toBe(400);
    expect(problem(await get("/history/..%2f..%2fetc/report.json"))[0]).toBe(400);
  });
});

test("strangers and pages of other sites neither start, stop nor read one", async () => {
  const paths = ["/api/benchmark", "/api/benchmark/history", "/api/benchmark/history/1/report.html"];
  for (const path of paths) {
    expect((await it.ask(path)).status).toBe(401);
    expect((await it.ask(path, { headers: { cookie, "sec-fetch-site": "cross-site" } })).status).toBe(403);
  }
  const headers = { cookie, origin: "https://attacker.example", "content-type": "application/json" };
  const body = JSON.stringify(REQUEST);
  expect((await it.ask("/api/benchmark", { method: "POST", headers, body })).status).toBe(403);
  expect((await it.ask("/api/benchmark", { method: "DELETE", headers })).status).toBe(403);
  expect(it.backend.benchmark.requests).toEqual([]);
});

describe("a queue of lines", () => {
  test("loses nothing between two reads, and fails after what was told", async () => {
    const queue = new LineQueue<number>();
    const read: number[] = [];
    const reading = (async () => {
      for await (const line of queue) {
        read.push(line);
        if (line === 1) queue.push(2);
      }
    })();
    queue.push(0);
    await Promise.resolve();
    queue.push(1);
    await new Promise((resolve) => setImmediate(resolve));
    queue.push(3);
    queue.fail(new Error("broken"));
    await expect(reading).rejects.toThrow("broken");
    expect(read).toEqual([0, 1, 2, 3]);
  });
});
