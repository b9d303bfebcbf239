/** What is above a container's groups, in the real kernel: parents that several share, and that others have made. */
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { removeCgroups } from "../../runtime/cgroup/remove.ts";
import { testPath, withGroups } from "../support/cgroup-container.ts";
import { confinementProblem } from "../support/confined.ts";
import { unless } from "../support/needs.ts";

const layout = detectCgroups();
const problem = confinementProblem() ?? (layout.mode === "none" ? "no control groups are mounted" : undefined);

describe("many containers below one parent", unless(problem), () => {
  test("start while others end, and the last to go takes the parent with it", async () => {
    const parent = testPath().slice(0, -"/one".length);
    const parents = new Set<string>();
    const rounds = async (lane: number) => {
      for (let round = 0; round < 6; round++) {
        const path = `${parent}/${lane}-${round}`;
        await withGroups("true", { path, sharesParents: true }, async ({ plan, process }) => {
          for (const directory of plan.directories) parents.add(directory.slice(0, directory.lastIndexOf("/")));
          await process.exited;
        });
      }
    };
    await Promise.all([1, 2, 3, 4].map(rounds));
    expect(parents.size).toBeGreaterThan(0);
    expect([...parents].filter((directory) => existsSync(directory))).toEqual([]);
  });
});

describe("removing groups", unless(problem), () => {
  test("is content with groups that have gone, and with parents that others use", async () => {
    const top = layout.unified ?? layout.controllers.memory?.directory ?? "";
    const parent = `${top}${testPath().slice(0, -"/one".length)}`;
    mkdirSync(`${parent}/others`, { recursive: true });
    try {
      await removeCgroups([`${parent}/gone`], [parent]);
      expect(existsSync(`${parent}/others`)).toBe(true);
    } finally {
      rmdirSync(`${parent}/others`);
      // Empty now, and still not ours: somebody else has made it.
      await removeCgroups([], [parent]);
      expect(existsSync(parent)).toBe(true);
      rmdirSync(parent);
    }
  });
});
