/**
 * The race for real: POST /api/race, a stream of JSON lines (web/protocol/race.ts).
 */

import { parseRaceLine, type RaceLine, type RealWorld } from "../../protocol/race.ts";
import { ROUTES } from "../../protocol/routes.ts";
import { readLines } from "./lines.ts";
import { openRequest } from "./request.ts";

/**
 * Starts the worlds and tells what happens, line by line, until all are done.
 *
 * @throws RequestError where the server refuses or breaks off
 */
export async function* runRace(worlds: readonly RealWorld[], abort: AbortSignal): AsyncGenerator<RaceLine> {
  const response = await openRequest("run the race", ROUTES.race, { method: "POST", body: { worlds }, signal: abort });
  for await (const line of readLines(response, "the race", abort)) yield parseRaceLine(line);
}
