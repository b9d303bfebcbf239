/**
 * An answer that is a stream of JSON lines, piece by piece.
 */

import { createLineSplitter } from "../../protocol/lines.ts";
import { RequestError } from "./request.ts";

/**
 * The lines of an answer as they come.
 *
 * @param what what breaks off where the connection does: `the race`
 * @throws RequestError where the connection is gone
 */
export async function* readLines(response: Response, what: string, abort: AbortSignal): AsyncGenerator<string> {
  if (response.body === null) return;
  const lines = createLineSplitter();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await readPiece(reader, what, abort);
    yield* done ? lines.end() : lines.push(value);
    if (done) return;
  }
}

async function readPiece(
  reader: ReadableStreamDefaultReader<string>,
  what: string,
  abort: AbortSignal,
): Promise<ReadableStreamReadResult<string>> {
  try {
    return await reader.read();
  } catch (cause) {
    if (abort.aborted) throw cause;
    throw new RequestError(
      "offline",
      `${what} broke off: the connection to the server is gone`,
      "Run it again when the server is back.",
      { cause },
    );
  }
}
