/** What `oci spec` writes runs as it is: for root, and with --rootless for an ordinary user. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "../../runtime/oci/parse.ts";
import { BUNDLES, makeBundle } from "../support/bundle.ts";
import { describeWhere, needsPrograms } from "../support/needs.ts";
import { COMMAND_LINE } from "../support/ringside.ts";

const NOBODY_SPECIAL = 54_322;
const SCRIPT = "id -u; cat /proc/sys/kernel/hostname; touch /x 2>&1; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status";

/** Writes the first configuration of a bundle, gives it a script instead of a terminal, and runs it. */
function runTemplate(user: "root" | "ordinary"): { output: string; code: number | null; left: string[] } {
  const { path } = makeBundle();
  const [root, own] = [join(path, "states"), join(path, "own")];
  for (const directory of [root, own]) mkdirSync(directory, { mode: 0o700 });
  const asUser = user === "root" ? [] : [`--reuid=${NOBODY_SPECIAL}`, `--regid=${NOBODY_SPECIAL}`, "--clear-groups"];
  if (user === "ordinary") execFileSync("chown", ["-R", `${NOBODY_SPECIAL}:${NOBODY_SPECIAL}`, path]);
  const ringside = (...args: string[]) =>
    spawnSync("setpriv", [...asUser, "--", process.execPath, COMMAND_LINE, "oci", "--root", root, ...args], {
      cwd: path,
      encoding: "utf8",
      env: { ...process.env, HOME: own, XDG_RUNTIME_DIR: own },
    });
  expect(ringside("spec", ...(user === "root" ? [] : ["--rootless"])).stderr).toBe("");
  const file = join(path, "config.json");
  const { config, warnings } = parseConfig(readFileSync(file, "utf8"));
  expect(warnings).toEqual([]);
  expect(config.process).toMatchObject({ terminal: true, args: ["sh"] });
  writeFileSync(
    file,
    JSON.stringify({ ...config, process: { ...config.process, terminal: false, args: ["sh", "-c", SCRIPT] } }),
  );
  const { stdout, stderr, status } = ringside("run", `template-${process.pid}`);
  return { output: stdout + stderr, code: status, left: readdirSync(root) };
}

describeWhere([...BUNDLES, needsPrograms("setpriv")], "the first configuration", () => {
  test.each(["root", "ordinary"] as const)("runs for the user: %s", (user) => {
    const { output, left } = runTemplate(user);
    expect(output.split("\n").map((line) => line.trim())).toEqual([
      "0",
      "ringside",
      "touch: /x: Read-only file system",
      expect.stringMatching(/^CapEff:\s+0000000020000420$/),
      expect.stringMatching(/^NoNewPrivs:\s+1$/),
      "",
    ]);
    expect(left).toEqual([]);
  });
});
