/** A timeline as a file that Perfetto and speedscope open: what --timeline writes. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { chromeTraceText } from "../../simulator/trace/chrome-trace.ts";
import type { Timeline } from "../../simulator/trace/timeline.ts";
import { RingsideError, reasonOf } from "../error.ts";

/**
 * Asks before anything is started, so that nothing runs in vain.
 * @param file undefined: none is wanted
 * @throws RingsideError when it cannot be written
 */
export function requireTimelineFile(file: string | undefined): void {
  if (file !== undefined) explained(file, () => closeSync(openSync(file, "a")));
}

/** @throws RingsideError when the file cannot be written */
export function writeTimeline(file: string, timeline: Timeline): void {
  explained(file, () => writeFileSync(file, chromeTraceText(timeline)));
}

function explained(file: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw new RingsideError(`the timeline could not be written to ${file}: ${reasonOf(cause)}`, {
      cause,
      fix: "give --timeline a file in a directory that you may write",
    });
  }
}
