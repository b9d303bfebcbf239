/** A protocol as a file, as `ringside bench run` takes it. */

import { readFileSync } from "node:fs";
import * as z from "zod";
import { RingsideError, reasonOf } from "../error.ts";
import { type BenchProtocol, benchProtocolSchema } from "./protocol.ts";

/** Reads a protocol. @throws RingsideError where it cannot be read, or naming what is wrong in it */
export function readProtocol(path: string): BenchProtocol {
  const doing = `read the benchmark protocol ${path}`;
  const fix = "docs/benchmark.md describes the format; a report has the protocol that it was made by";
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new RingsideError(`${doing}: ${reasonOf(cause)}`, { cause, fix });
  }
  const { data, error } = benchProtocolSchema.safeParse(content);
  if (data !== undefined) return data;
  const problems = error === undefined ? "" : z.prettifyError(error);
  throw new RingsideError(`${doing}: it is not ringside.bench-protocol/1: ${problems}`, { fix });
}
