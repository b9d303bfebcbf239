/** Finding the programs that the benchmark compares, and saying why one is missing. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { requireProgram } from "../../runtime/bench/programs.ts";
import { Unusable } from "../../runtime/bench/system.ts";
import { findProgram } from "../../runtime/host-program.ts";

it("finds a program on the search path, and neither a directory nor a file that is not executable", () => {
  const directory = mkdtempSync(join(tmpdir(), "ringside-programs-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "a", "ringside-peer"), { recursive: true });
  for (const [place, mode] of [
    ["b", 0o644],
    ["c", 0o755],
  ] as const) {
    mkdirSync(join(directory, place));
    writeFileSync(join(directory, place, "ringside-peer"), "");
    chmodSync(join(directory, place, "ringside-peer"), mode);
  }
  const searchPath = ["a", "b", "c"].map((place) => join(directory, place)).join(":");
  expect(findProgram("ringside-peer", searchPath)).toBe(join(directory, "c", "ringside-peer"));
  expect(findProgram("ringside-peer", `relative:${join(directory, "a")}`)).toBeUndefined();
});

it("says what to install where a program is missing", () => {
  expect(() => requireProgram("ringside-no-such-peer", "peer-package")).toThrow(Unusable);
  expect(() => requireProgram("ringside-no-such-peer", "peer-package")).toThrow(
    expect.objectContaining({ message: "ringside-no-such-peer is not installed", fix: "apt-get install peer-package" }),
  );
});
