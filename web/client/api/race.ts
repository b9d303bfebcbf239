/**
 * The race for real: POST /api/race, a stream of JSON lines (web/protocol/race.ts).
 */

import { createLineSplitter } from "../../protocol/lines.ts";
import { parseRaceLine, type RaceLine, type RealWorld } from "../../protocol/race.ts";
import { ROUTES } from "../../protocol/routes.ts";
import { openRequest, RequestError } from "./request.ts";

/**
 * Starts the worlds and tells what happens, line by line, until all are done.
 *
 * @throws RequestError where the server refuses or breaks off
 */
export async function* runRace(worlds: readonly RealWorld[], abort: AbortSignal): AsyncGenerator<RaceLine> {
  const response = await openRequest("run the race", ROUTES.race, { method: "POST", body: { worlds }, signal: abort });
  if (response.body === null) return;
  const lines = createLineSplitter();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await readPiece(reader, abort);
    for (const line of done ? lines.end() : lines.push(value)) yield parseRaceLine(line);
    if (done) return;
  }
}

async function readPiece(
  reader: ReadableStreamDefaultReader<string>,
  abort: AbortSignal,
): Promise<ReadableStreamReadResult<string>> {
  try {
    return await reader.read();
  } catch (cause) {
    if (abort.aborted) throw cause;
    throw new RequestError(
      "offline",
      "the race broke off: the connection to the server is gone",
      "Run it again when the server is back.",
      { cause },
    );
  }
}
