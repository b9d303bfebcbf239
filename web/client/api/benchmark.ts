/**
 * The benchmark's requests (web/protocol/benchmark.ts).
 */

import {
  type BenchmarkComparison,
  type BenchmarkLimits,
  type BenchmarkLine,
  type BenchmarkOverview,
  type BenchmarkRequest,
  benchmarkComparisonSchema,
  benchmarkHistorySchema,
  benchmarkLimitsSchema,
  benchmarkOverviewSchema,
  type HistoryEntry,
  parseBenchmarkLine,
  type StoredReport,
  storedReportSchema,
} from "../../protocol/benchmark.ts";
import { ROUTES } from "../../protocol/routes.ts";
import { readLines } from "./lines.ts";
import { openRequest, request } from "./request.ts";

/** @throws RequestError */
export function fetchOverview(): Promise<BenchmarkOverview> {
  return request("list what can be measured", ROUTES.benchmark, benchmarkOverviewSchema);
}

/** What it would take at most. @throws RequestError */
export function askLimits(body: BenchmarkRequest, signal: AbortSignal): Promise<BenchmarkLimits> {
  return request("reckon what it takes", ROUTES.benchmarkLimits, benchmarkLimitsSchema, {
    method: "POST",
    body,
    signal,
  });
}

/** @throws RequestError with the server's reason and fix */
export async function startBenchmark(body: BenchmarkRequest): Promise<void> {
  await openRequest("start the benchmark", ROUTES.benchmark, { method: "POST", body });
}

/** Resolves when it has ended; what was measured is kept. @throws RequestError */
export async function stopBenchmark(): Promise<void> {
  await openRequest("stop the benchmark", ROUTES.benchmark, { method: "DELETE" });
}

/**
 * The lines of the benchmark that runs, from its beginning, until it is over.
 *
 * @throws RequestError where the connection breaks off
 */
export async function* followBenchmark(abort: AbortSignal): AsyncGenerator<BenchmarkLine> {
  const response = await openRequest("follow the benchmark", ROUTES.benchmarkLines, { signal: abort });
  for await (const line of readLines(response, "the benchmark", abort)) yield parseBenchmarkLine(line);
}

/** The newest first. @throws RequestError */
export async function listBenchmarks(): Promise<HistoryEntry[]> {
  return (await request("list earlier benchmarks", ROUTES.benchmarkHistory, benchmarkHistorySchema)).entries;
}

/** @throws RequestError */
export function fetchReport(id: string): Promise<StoredReport> {
  return request("open the benchmark", ROUTES.benchmarkFile(id, "report.json"), storedReportSchema);
}

/** @throws RequestError with the reason, where they cannot be compared */
export function compareBenchmarks(before: string, after: string): Promise<BenchmarkComparison> {
  return request("compare the two", ROUTES.benchmarkComparison(before, after), benchmarkComparisonSchema);
}
