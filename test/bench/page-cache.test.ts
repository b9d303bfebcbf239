/** A cold cache is cold: the kernel is asked which pages of a file it still has (fincore(1)). */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEvictor } from "../../runtime/bench/page-cache.ts";
import { findProgram } from "../../runtime/host-program.ts";

/** statfs(2): what is only in memory cannot be evicted. */
const TMPFS_MAGIC = 0x01021994;
const place = "/var/tmp";
const needs = [
  ["root", process.geteuid?.() === 0],
  ["fincore of util-linux", findProgram("fincore") !== undefined],
  [`${place} on a disk`, statfsSync(place).type !== TMPFS_MAGIC],
] as const;
const missing = needs.filter(([, there]) => !there).map(([name]) => name);

let directory: string;
let bench: Parameters<typeof openEvictor>[0];
beforeEach(() => {
  directory = mkdtempSync(join(place, "ringside-cache-"));
  const file = (name: string) => {
    writeFileSync(join(directory, name), Buffer.alloc(256 * 1024, name));
    return join(directory, name);
  };
  mkdirSync(join(directory, "root"));
  mkdirSync(join(directory, "lower"));
  file("root/program");
  file("lower/program");
  bench = {
    hostProbe: file("probe"),
    rootDirectory: join(directory, "root"),
    image: { lowerDirectories: [join(directory, "lower")] },
  };
});
afterEach(() => rmSync(directory, { recursive: true }));

const files = () => ["probe", "root/program", "lower/program"].map((name) => join(directory, name));

/** How many bytes of each file are in memory. */
function cached(): number[] {
  return files().map((file) => Number(execFileSync("fincore", ["--bytes", "--noheadings", "--output", "RES", file])));
}

describe.skipIf(missing.length > 0)(
  `the page cache${missing.length > 0 ? ` [skipped: needs ${missing.join(", ")}]` : ""}`,
  () => {
    it.each([
      ["of the whole machine, as root", true, "of the whole machine"],
      ["of the image's files alone, where nothing else is allowed", false, "only root may drop"],
    ])("is emptied %s, and that is said", async (_, mayDropAll, words) => {
      const evictor = await openEvictor(bench, mayDropAll);
      // What was written a moment ago is on the disk, so that it can go.
      execFileSync("sync", files());
      for (const file of files()) readFileSync(file);
      expect(Math.min(...cached())).toBeGreaterThan(0);
      await evictor.evict();
      expect(cached()).toEqual([0, 0, 0]);
      expect(evictor.words).toContain(words);
    });
  },
);
