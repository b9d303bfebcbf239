/** What takes longer than a second says so, on a terminal and there alone; the line is gone when it is over. */
import { writeSync } from "node:fs";

const STDERR = 2;
const PERIOD_MS = 1000;
/** To the beginning of the line, and nothing behind (console_codes(4)). */
const CLEAR_LINE = "\r\x1b[K";

/** A line that counts seconds. */
export interface ProgressLine {
  /** Harmless when repeated. */
  clear(): void;
}

/** @param text what is being done: `stopping clock` */
export function progressLine(text: string): ProgressLine {
  if (!process.stderr.isTTY) return { clear() {} };
  const from = performance.now();
  let isShown = false;
  const timer = setInterval(() => {
    isShown = true;
    writeSync(STDERR, `${CLEAR_LINE}ringside: ${text}, ${Math.round((performance.now() - from) / PERIOD_MS)} s`);
  }, PERIOD_MS);
  return {
    clear() {
      clearInterval(timer);
      if (isShown) writeSync(STDERR, CLEAR_LINE);
      isShown = false;
    },
  };
}

/** Shows the line as long as `work` takes. */
export async function showProgress<Result>(text: string, work: () => Promise<Result>): Promise<Result> {
  const line = progressLine(text);
  try {
    return await work();
  } finally {
    line.clear();
  }
}
