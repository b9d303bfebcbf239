/**
 * How the server says no: one error type, and the one place where any error becomes an answer `{ error, fix }`.
 */

import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod/mini";
import { RingsideError } from "../../runtime/error.ts";
import type { Problem } from "../protocol/problem.ts";
import { problemPage } from "./problem-page.ts";

/** A refusal with its HTTP status (RFC 9110 §15.5). */
export class HttpProblem extends Error {
  readonly statusCode: number;
  readonly fix: string | undefined;

  /**
   * @param statusCode 400 or more
   * @param what what was refused and why; lower case, no full stop
   * @param fix what to do about it
   */
  constructor(statusCode: number, what: string, fix?: string) {
    super(what);
    this.name = "HttpProblem";
    this.statusCode = statusCode;
    this.fix = fix;
  }
}

/**
 * The body of a request as what the route expects.
 *
 * @throws HttpProblem 400 that names the fields that are wrong
 */
export function parseInput<Schema extends z.ZodMiniType>(schema: Schema, input: unknown): z.infer<Schema> {
  const result = z.safeParse(schema, input);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => {
    const where = issue.path.join(".");
    return where === "" ? issue.message : `${where}: ${issue.message}`;
  });
  throw new HttpProblem(400, `the request is not what this address takes: ${issues.join("; ")}`);
}

/** What any error means to a client: its status and what is said about it. */
export function problemOf(error: unknown): { readonly statusCode: number; readonly problem: Problem } {
  if (error instanceof HttpProblem) return { statusCode: error.statusCode, problem: body(error.message, error.fix) };
  if (error instanceof RingsideError) return { statusCode: 422, problem: body(error.message, error.fix) };
  const statusCode = statusOf(error);
  if (statusCode < 500 && error instanceof Error) return { statusCode, problem: body(error.message, undefined) };
  return { statusCode, problem: body("the server failed while answering", "see what it printed where it was started") };
}

/**
 * Fastify's error handler: answers with the problem, as a page where a person's browser asks for one, and tells `report` what nobody foresaw.
 *
 * @param report takes the errors that are the server's own fault
 */
export function answerProblems(report: (error: unknown) => void) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const { statusCode, problem } = problemOf(error);
    // A gap that has a name (503) is no failure of the server.
    if (statusCode >= 500 && statusCode !== 503) report(error);
    reply.code(statusCode).header("cache-control", "no-store");
    if (wantsPage(request)) void reply.type("text/html; charset=utf-8").send(problemPage(problem));
    else void reply.type("application/json; charset=utf-8").send(JSON.stringify(problem));
  };
}

function wantsPage(request: FastifyRequest): boolean {
  return request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
}

function body(error: string, fix: string | undefined): Problem {
  return fix === undefined ? { error } : { error, fix };
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}
