/** `POST /api/race`: the real worlds one after another, as JSON lines while they finish. */

import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { RingsideError } from "../../../runtime/error.ts";
import { type RaceLine, type RealWorld, startRaceSchema } from "../../protocol/race.ts";
import type { Backend } from "../backend.ts";
import { LIMITS } from "../limits.ts";
import type { Measuring } from "../measuring.ts";
import { parseInput } from "../problem.ts";

/** Adds the route. Only one race runs at a time, and none beside a benchmark. */
export function addRaceRoute(
  server: FastifyInstance,
  backend: Backend,
  measuring: Measuring,
  report: (error: unknown) => void,
): void {
  server.post("/race", (request, reply) => {
    const { worlds } = parseInput(startRaceSchema, request.body);
    const giveBack = measuring.begin("a race");
    const gone = new AbortController();
    const race: Race = { backend, report, gone: gone.signal };
    const lines = Readable.from(raceLines(race, [...new Set(worlds)], giveBack));
    // Whoever asked has left: what still runs for them ends now.
    reply.raw.on("close", () => gone.abort(new Error("the browser that asked for the race has gone")));
    return reply.type("application/x-ndjson; charset=utf-8").header("x-accel-buffering", "no").send(lines);
  });
}

interface Race {
  readonly backend: Backend;
  readonly report: (error: unknown) => void;
  /** Whoever asked has left. */
  readonly gone: AbortSignal;
}

async function* raceLines(race: Race, worlds: readonly RealWorld[], onEnd: () => void): AsyncGenerator<string> {
  try {
    for (const world of worlds) {
      for await (const line of laneLines(race, world)) yield `${JSON.stringify(line)}\n`;
      if (race.gone.aborted) return;
    }
    const done: RaceLine = { kind: "done" };
    yield `${JSON.stringify(done)}\n`;
  } finally {
    onEnd();
  }
}

/** One world's lines; a world that fails has a lane that says why. */
async function* laneLines({ backend, gone, report }: Race, world: RealWorld): AsyncGenerator<RaceLine> {
  const limit = AbortSignal.timeout(LIMITS.raceLaneMs);
  try {
    yield* backend.race(world, AbortSignal.any([gone, limit]));
  } catch (error) {
    if (gone.aborted) return;
    const isUnderstood = error instanceof RingsideError;
    if (!isUnderstood) report(error);
    const why = error instanceof Error ? error.message : String(error);
    const reason = limit.aborted ? `it had not ended after ${LIMITS.raceLaneMs / 1000} s` : why;
    const fix = (isUnderstood ? error.fix : undefined) ?? "`ringside doctor` shows what this machine lacks";
    yield { kind: "unavailable", world, reason, fix };
  }
}
