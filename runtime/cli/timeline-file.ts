/** A timeline as a file that Perfetto and speedscope open: what --timeline writes. */
import { writeFileSync } from "node:fs";
import { chromeTraceText } from "../../simulator/trace/chrome-trace.ts";
import type { Timeline } from "../../simulator/trace/timeline.ts";
import { RingsideError, reasonOf } from "../error.ts";

/** @throws RingsideError when the file cannot be written */
export function writeTimeline(file: string, timeline: Timeline): void {
  try {
    writeFileSync(file, chromeTraceText(timeline));
  } catch (cause) {
    throw new RingsideError(`the timeline could not be written to ${file}: ${reasonOf(cause)}`, {
      cause,
      fix: "give --timeline a file in a directory that you may write",
    });
  }
}
