/** What `oci spec` writes runs as it is: for root, and with --rootless for an ordinary user. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../runtime/oci/parse.ts";
import { BUNDLES, makeBundle } from "../support/bundle.ts";
import { describeWhere, needsPrograms } from "../support/needs.ts";
import { COMMAND_LINE } from "../support/ringside.ts";

const NOBODY_SPECIAL = 54_322;
const SCRIPT = "id -u; cat /proc/sys/kernel/hostname; touch /x 2>&1; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status";

interface Bench {
  readonly ringside: (...args: string[]) => { stdout: string; stderr: string; status: number | null };
  /** Where the states of its containers are. */
  readonly states: string;
}

/** A bundle of a user's with the first configuration in it, which runs a script instead of a shell at a terminal. */
function bench(user: "root" | "ordinary", script: string): Bench {
  const { path } = makeBundle();
  const [states, own] = [join(path, "states"), join(path, "own")];
  for (const directory of [states, own]) mkdirSync(directory, { mode: 0o700 });
  const asUser = user === "root" ? [] : [`--reuid=${NOBODY_SPECIAL}`, `--regid=${NOBODY_SPECIAL}`, "--clear-groups"];
  if (user === "ordinary") execFileSync("chown", ["-R", `${NOBODY_SPECIAL}:${NOBODY_SPECIAL}`, path]);
  const ringside = (...args: string[]) =>
    spawnSync("setpriv", [...asUser, "--", process.execPath, COMMAND_LINE, "oci", "--root", states, ...args], {
      cwd: path,
      encoding: "utf8",
      stdio: args[0] === "create" ? "ignore" : "pipe",
      env: { ...process.env, HOME: own, XDG_RUNTIME_DIR: own },
    });
  expect(ringside("spec", ...(user === "root" ? [] : ["--rootless"])).stderr).toBe("");
  const file = join(path, "config.json");
  const { config, warnings } = parseConfig(readFileSync(file, "utf8"));
  expect(warnings).toEqual([]);
  expect(config.process).toMatchObject({ terminal: true, args: ["sh"] });
  const process_ = { ...config.process, terminal: false, args: ["sh", "-c", script] };
  writeFileSync(file, JSON.stringify({ ...config, process: process_ }));
  return { ringside, states };
}

const ID = `template-${process.pid}`;

describeWhere([...BUNDLES, needsPrograms("setpriv")], "the first configuration", () => {
  test.each(["root", "ordinary"] as const)("runs for the user: %s", (user) => {
    const { ringside, states } = bench(user, SCRIPT);
    const { stdout, stderr } = ringside("run", ID);
    expect((stdout + stderr).split("\n").map((line) => line.trim())).toEqual([
      "0",
      "ringside",
      "touch: /x: Read-only file system",
      expect.stringMatching(/^CapEff:\s+0000000020000420$/),
      expect.stringMatching(/^NoNewPrivs:\s+1$/),
      "",
    ]);
    expect(readdirSync(states)).toEqual([]);
  });

  test("gives an ordinary user what takes no control group; pause and update say what they lack", () => {
    const { ringside, states } = bench("ordinary", "while :; do sleep 1000; done");
    onTestFinished(() => void ringside("delete", "--force", ID));
    expect(ringside("create", ID).status).toBe(0);
    expect(JSON.parse(ringside("state", ID).stdout)).toMatchObject({ id: ID, status: "created" });
    expect(ringside("start", ID)).toMatchObject({ stderr: "", status: 0 });
    expect(ringside("exec", ID, "id", "-u").stdout).toBe("0\n");
    expect(JSON.parse(ringside("ps", "--format", "json", ID).stdout)).not.toEqual([]);
    expect(ringside("list", "--quiet").stdout).toBe(`${ID}\n`);
    // Nobody counts for a container without groups: every figure is there, and nothing.
    expect(JSON.parse(ringside("events", "--stats", ID).stdout)).toMatchObject({
      type: "stats",
      data: { cpu: { usage: { total: 0 } }, pids: { current: 0 } },
    });
    for (const refused of [
      ["pause", ID],
      ["update", "--memory", "100000000", ID],
    ]) {
      expect(ringside(...refused)).toMatchObject({ status: 1, stderr: expect.stringContaining("(fix: ") });
    }
    expect(ringside("kill", ID, "KILL").status).toBe(0);
    expect(ringside("delete", "--force", ID)).toMatchObject({ stderr: "", status: 0 });
    expect(readdirSync(states)).toEqual([]);
  });
});
