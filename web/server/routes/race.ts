/** `POST /api/race`: the real worlds one after another, as JSON lines while they finish. */

import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { type RaceLine, type RealWorld, startRaceSchema } from "../../protocol/race.ts";
import type { Backend } from "../backend.ts";
import { LIMITS } from "../limits.ts";
import { HttpProblem, parseInput, problemOf } from "../problem.ts";

/** Adds the route. Only one race runs at a time: two would slow each other down, and neither's times would be true. */
export function addRaceRoute(server: FastifyInstance, backend: Backend): void {
  let isRunning = false;

  server.post("/race", (request, reply) => {
    const { worlds } = parseInput(startRaceSchema, request.body);
    if (isRunning) throw new HttpProblem(429, "a race is running already", "wait until it has ended");
    isRunning = true;
    const gone = new AbortController();
    const lines = Readable.from(
      raceLines(backend, [...new Set(worlds)], gone.signal, () => {
        isRunning = false;
      }),
    );
    // Whoever asked has left: what still runs for them ends now.
    reply.raw.on("close", () => gone.abort(new Error("the browser that asked for the race has gone")));
    return reply.type("application/x-ndjson; charset=utf-8").header("x-accel-buffering", "no").send(lines);
  });
}

async function* raceLines(
  backend: Backend,
  worlds: readonly RealWorld[],
  gone: AbortSignal,
  onEnd: () => void,
): AsyncGenerator<string> {
  try {
    for (const world of worlds) {
      for await (const line of laneLines(backend, world, gone)) yield `${JSON.stringify(line)}\n`;
      if (gone.aborted) return;
    }
    const done: RaceLine = { kind: "done" };
    yield `${JSON.stringify(done)}\n`;
  } finally {
    onEnd();
  }
}

/** One world's lines; a world that fails has a lane that says why. */
async function* laneLines(backend: Backend, world: RealWorld, gone: AbortSignal): AsyncGenerator<RaceLine> {
  const limit = AbortSignal.any([gone, AbortSignal.timeout(LIMITS.raceLaneMs)]);
  try {
    yield* backend.race(world, limit);
  } catch (error) {
    const { problem } = problemOf(error);
    const tookTooLong = limit.aborted && !gone.aborted;
    const reason = tookTooLong ? `it had not ended after ${LIMITS.raceLaneMs / 1000} s` : problem.error;
    yield { kind: "unavailable", world, reason, fix: problem.fix ?? "run `ringside doctor` for what is missing" };
  }
}
