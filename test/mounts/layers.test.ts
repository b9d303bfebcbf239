/** Many layers under one root, with names that an option of a file system cannot hold: overlayfs, fsconfig(2). */
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { BUNDLES } from "../support/bundle.ts";
import { describeWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const WORDS = { stage: "test", why: "for a test" };
const LAYERS = 40;
const CLONE_NEWNS = 0x20000;
const MS_REC_PRIVATE = 0x44000;

function made(...names: readonly string[]): string {
  const path = join(...names);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Every one has a file of its own, and all have one of the same name. */
function layer(top: string, index: number): string {
  const odd = index % 3 === 0 ? `lay:er\\${index}` : `layer${index}`;
  const path = made(top, odd, ...(index % 5 === 0 ? ["x".repeat(200), "y".repeat(100)] : []));
  writeFileSync(join(path, `file${index}`), "");
  writeFileSync(join(path, "same"), `of layer ${index}\n`);
  return path;
}

describeWhere(BUNDLES, "a root of many layers", () => {
  test("shows all of them, the first on top, whatever their directories are called", async () => {
    const top = temporaryDirectory();
    const [root, upper, work] = [
      made(top, "root"),
      made(top, "u".repeat(250), "up"),
      made(top, "u".repeat(250), "work"),
    ];
    const lower = Array.from({ length: LAYERS }, (_, index) => layer(top, index));
    const out = openSync(join(top, "out"), "w");
    await using launcher = await Launcher.open();
    const plan: PlanStep[] = [
      { ...WORDS, phase: "host", op: "newOverlay", slot: 9, lower, upper, work, options: [], attributes: 0 },
      { ...WORDS, phase: "host", op: "clone", flags: CLONE_NEWNS, cgroup: NO_SLOT },
      { ...WORDS, phase: "child", op: "setPropagation", flags: MS_REC_PRIVATE },
      { ...WORDS, phase: "child", op: "attachRoot", slot: 9, path: root },
      { ...WORDS, phase: "child", op: "setStdio", stdin: 0, stdout: 0, stderr: 0 },
      { ...WORDS, phase: "child", op: "resetSignals" },
      executeStep(["/bin/sh", "-c", `ls ${root} | wc -l; cat ${root}/same`], ["PATH=/usr/bin:/bin"]),
    ];
    const { exited } = await launcher.start(plan, [out]);
    expect((await exited).status).toEqual({ kind: "exited", code: 0 });
    closeSync(out);
    expect(readFileSync(join(top, "out"), "utf8")).toBe(`${LAYERS + 1}\nof layer 0\n`);
    expect(readlinkSync(`/proc/${launcher.pid}/cwd`)).toBe(process.cwd());
  });
});
