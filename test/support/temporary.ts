/** A directory that is gone after the test, whatever happened. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** @returns the path of a new directory */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "ringside-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
