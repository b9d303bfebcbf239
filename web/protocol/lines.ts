/**
 * JSON lines: cuts text that arrives in pieces into whole lines (jsonlines.org).
 */

/** A line longer than this is refused rather than collected. */
export const MAX_LINE_CHARACTERS = 16 * 1024 * 1024;

export interface LineSplitter {
  /** The lines that the piece completed, without their newline; empty ones are left out. */
  push(text: string): string[];
  /** What is left when the stream ends: a last line without newline. */
  end(): string[];
}

/**
 * A splitter for one stream.
 *
 * @throws RangeError from `push`, where a line is longer than MAX_LINE_CHARACTERS
 */
export function createLineSplitter(): LineSplitter {
  let rest = "";
  return {
    push(text) {
      const pieces = (rest + text).split("\n");
      rest = pieces.pop() ?? "";
      if (rest.length > MAX_LINE_CHARACTERS) throw new RangeError("the line is too long");
      return pieces.filter((line) => line.trim() !== "");
    },
    end() {
      const last = rest;
      rest = "";
      return last.trim() === "" ? [] : [last];
    },
  };
}
