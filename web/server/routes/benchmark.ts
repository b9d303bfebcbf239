/** `/api/benchmark`: what can be measured, one benchmark at a time, its lines, and the history with its files. */

import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import * as z from "zod/mini";
import { csvReport } from "../../../runtime/bench/report/csv.ts";
import { htmlReport, REPORT_POLICY } from "../../../runtime/bench/report/html.ts";
import type { BenchReport } from "../../../runtime/bench/schema.ts";
import {
  type BenchmarkComparison,
  type BenchmarkHistory,
  type BenchmarkLimits,
  type BenchmarkLine,
  type BenchmarkOverview,
  benchmarkRequestSchema,
  REPORT_FILES,
  type ReportFile,
} from "../../protocol/benchmark.ts";
import { idSchema } from "../../protocol/machine.ts";
import type { BenchmarkBackend } from "../backend.ts";
import type { Benchmarks } from "../benchmarks.ts";
import { RATES } from "../limits.ts";
import { parseInput } from "../problem.ts";

const fileSchema = z.object({ id: idSchema, file: z.enum(REPORT_FILES) });
const fileQuerySchema = z.object({
  theme: z.exactOptional(z.enum(["light", "dark"])),
  download: z.exactOptional(z.string()),
});
const comparisonSchema = z.object({ before: idSchema, after: idSchema });
const CREATE = { config: { rateLimit: { max: RATES.create.max, timeWindow: RATES.create.windowMs } } };

/** How each file of a report is made, and what it is. */
const FILES: Readonly<Record<ReportFile, { readonly type: string; make(report: BenchReport, theme: Theme): string }>> =
  {
    "report.json": {
      type: "application/json; charset=utf-8",
      make: (report) => `${JSON.stringify(report, null, 2)}\n`,
    },
    "report.csv": { type: "text/csv; charset=utf-8; header=present", make: (report) => csvReport(report) },
    "report.html": {
      type: "text/html; charset=utf-8",
      make: (report, theme) => htmlReport(report, theme === undefined ? {} : { theme }),
    },
  };

type Theme = "light" | "dark" | undefined;

/** Adds the routes. */
export function addBenchmarkRoutes(server: FastifyInstance, backend: BenchmarkBackend, benchmarks: Benchmarks): void {
  server.get("/benchmark", (): BenchmarkOverview => {
    return { systems: [...backend.systems()], running: benchmarks.running };
  });

  server.post("/benchmark/limits", (request): BenchmarkLimits => {
    return benchmarks.limits(parseInput(benchmarkRequestSchema, request.body));
  });

  server.post("/benchmark", CREATE, async (request, reply) => {
    benchmarks.start(parseInput(benchmarkRequestSchema, request.body));
    return reply.code(201).send({});
  });

  server.get("/benchmark/lines", (_request, reply) => {
    const gone = new AbortController();
    const lines = Readable.from(asText(benchmarks.lines(gone.signal)));
    reply.raw.on("close", () => gone.abort(new Error("the browser that looked on has gone")));
    return reply.type("application/x-ndjson; charset=utf-8").header("x-accel-buffering", "no").send(lines);
  });

  server.delete("/benchmark", async (_request, reply) => {
    await benchmarks.stop();
    return reply.code(204).send();
  });

  server.get("/benchmark/history", (): BenchmarkHistory => ({ entries: [...backend.history()] }));

  server.get("/benchmark/history/:id/:file", (request, reply) => {
    const { id, file } = parseInput(fileSchema, request.params);
    const { theme, download } = parseInput(fileQuerySchema, request.query);
    const report = backend.report(id);
    if (download !== undefined) offer(reply, report, file);
    // The page may run its own few lines and load nothing: a stricter policy than the app's.
    if (file === "report.html") reply.header("content-security-policy", `${REPORT_POLICY}; frame-ancestors 'self'`);
    const { type, make } = FILES[file];
    return reply.type(type).send(make(report, theme));
  });

  server.get("/benchmark/compare", (request): BenchmarkComparison => {
    const { before, after } = parseInput(comparisonSchema, request.query);
    return backend.compare(before, after);
  });
}

/** As a file, under a name that says what it is and when it was measured. */
function offer(reply: FastifyReply, report: BenchReport, file: ReportFile): void {
  const when = report.startedAt.replace(/[^0-9]/g, "").slice(0, 14);
  reply.header(
    "content-disposition",
    `attachment; filename="ringside-benchmark-${when}${file.slice("report".length)}"`,
  );
}

async function* asText(lines: AsyncIterable<BenchmarkLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}
