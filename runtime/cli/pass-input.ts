/** Handing on what comes in no faster than it is taken, so that what waits does not fill memory. */
import type { Readable } from "node:stream";

/**
 * Passes everything that comes from `source` to `write`, and reads on once that is done.
 * @returns ends it; `source` is left paused
 */
export function passInput(source: Readable, write: (chunk: Uint8Array) => Promise<void>): () => void {
  let isOver = false;
  const onData = (chunk: Uint8Array): void => {
    source.pause();
    void write(chunk).then(() => {
      if (!isOver) source.resume();
    });
  };
  source.on("data", onData);
  return () => {
    isOver = true;
    source.off("data", onData);
    source.pause();
  };
}
