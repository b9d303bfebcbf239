/**
 * Whether what has been built is newer than what it was built from. The wrapper `ringside` asks the same question of the
 * same stamps with find(1), so that a start that has nothing to do does not cost a second Node.
 */
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What is built there is not a source. */
const PASSED_OVER = new Set(["native/build"]);

/** The time of the last change of a file; 0 where there is none. */
export function changedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * @param {string} root the checkout
 * @param {string[]} places files and directories below it
 * @param {RegExp} pattern which files of the directories count
 * @returns {number} the time of the youngest
 */
export function youngestMs(root, places, pattern) {
  let youngest = 0;
  const visit = (place) => {
    const entries = readdirSync(join(root, place), { withFileTypes: true });
    for (const entry of entries) {
      const path = `${place}/${entry.name}`;
      if (entry.isDirectory() ? !PASSED_OVER.has(path) : pattern.test(entry.name))
        entry.isDirectory() ? visit(path) : note(path);
    }
  };
  const note = (path) => {
    youngest = Math.max(youngest, changedMs(join(root, path)));
  };
  for (const place of places) {
    const status = statSync(join(root, place), { throwIfNoEntry: false });
    if (status?.isDirectory()) visit(place);
    else note(place);
  }
  return youngest;
}

/**
 * Notes that something has been built from sources as they were at `sourcesMs`; a source that changed during the build
 * is so still younger than the stamp.
 */
export function writeStamp(path, sourcesMs) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  // File systems keep nanoseconds, which a number of milliseconds may round down: one millisecond more.
  const seconds = (sourcesMs + 1) / 1000;
  utimesSync(path, seconds, seconds);
}
