/** What a benchmark that was killed has left is taken away by the next command. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openJournal, otherBenches, sweepBenches } from "../../runtime/bench/journal.ts";
import { sweepAfterBenches } from "../../runtime/bench/sweep.ts";
import { isAlive, processIdentity } from "../../runtime/container/process-identity.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ringside-journal-"));
  vi.stubEnv("RINGSIDE_ROOT", root);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

const isRoot = process.geteuid?.() === 0;
const journals = () => readdirSync(join(root, "bench"));

/** A program that writes down what it makes, makes it, says its word, and is killed. */
async function killedAfter(script: string): Promise<string> {
  const module = join(import.meta.dirname, "../../runtime/bench/journal.ts");
  const text = `import { openJournal } from ${JSON.stringify(module)};
    import { spawn } from "node:child_process"; import { mkdirSync, writeFileSync, appendFileSync, readdirSync } from "node:fs";
    const root = ${JSON.stringify(root)}; const journal = openJournal();
    ${script}
    process.stdout.write("ready\\n"); setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => {
    said += data.toString();
    if (said.endsWith("ready\n")) child.kill("SIGKILL");
  });
  const [code, signal] = await once(child, "exit");
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  return said;
}

describe("the journal of a benchmark", () => {
  it("is gone when everything is done, and what was not done is undone, last to first", async () => {
    const journal = openJournal();
    const [outer, inner, kept] = ["outer", "outer/inner", "kept"].map((name) => join(root, name));
    for (const path of [outer, inner, kept]) {
      if (path === undefined) throw new Error("three paths");
      const entry = journal.will({ kind: "directory", path });
      mkdirSync(path);
      if (path === kept) entry.done();
    }
    expect(journals()).toHaveLength(1);
    await journal.close();
    expect([outer, inner, kept].map((path) => existsSync(path ?? ""))).toEqual([false, false, true]);
    expect(journals()).toEqual([]);
  });

  it("of a killed benchmark is undone by the next command: files, and processes that outlived it", async () => {
    const said = await killedAfter(`
      journal.will({ kind: "directory", path: root + "/made" }); mkdirSync(root + "/made/deep", { recursive: true });
      writeFileSync(root + "/made/deep/file", "x");
      journal.will({ kind: "processes", mark: root + "/made/daemon" });
      const daemon = spawn("sleep", ["1000"], { argv0: root + "/made/daemon", detached: true, stdio: "ignore" });
      process.stdout.write(daemon.pid + "\\n");`);
    const pid = Number(said.split("\n")[0]);
    const started = processIdentity(pid)?.startTicks ?? -1;
    expect(isAlive(pid, started)).toBe(true);
    expect(await sweepAfterBenches()).toEqual([]);
    expect(isAlive(pid, started)).toBe(false);
    expect(existsSync(join(root, "made"))).toBe(false);
    expect(journals()).toEqual([]);
  });

  it.skipIf(!isRoot)(
    "of a killed benchmark unmounts before it removes, so that nothing behind a mount goes (root)",
    async () => {
      const precious = join(root, "precious");
      mkdirSync(precious);
      writeFileSync(join(precious, "file"), "x");
      await killedAfter(`
      journal.will({ kind: "directory", path: root + "/made" }); mkdirSync(root + "/made/a b", { recursive: true });
      const mount = spawn("mount", ["--bind", root + "/precious", root + "/made/a b"], { stdio: "inherit" });
      await new Promise((resolve) => mount.on("exit", resolve));`);
      expect(existsSync(join(root, "made/a b/file"))).toBe(true);
      expect(await sweepBenches()).toEqual([]);
      expect(existsSync(join(root, "made"))).toBe(false);
      expect(readFileSync(join(precious, "file"), "utf8")).toBe("x");
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(root);
    },
  );

  it("shows others who else is measuring on this machine", () => {
    mkdirSync(join(root, "bench"));
    const parent = processIdentity(process.ppid)?.startTicks ?? 0;
    mkdirSync(join(root, "bench", `${process.ppid}-${parent}-0123456789ab`));
    mkdirSync(join(root, "bench", `${process.ppid}-${parent + 1}-0123456789ab`));
    expect(otherBenches()).toEqual([process.ppid]);
  });

  it("of a benchmark that runs is left alone", async () => {
    const journal = openJournal();
    const path = join(root, "made");
    journal.will({ kind: "directory", path });
    mkdirSync(path);
    expect(await sweepBenches()).toEqual([]);
    expect(existsSync(path)).toBe(true);
    await journal.close();
  });

  it("that was torn, or filled with something else, is undone as far as it can be read", async () => {
    await killedAfter(`
      journal.will({ kind: "directory", path: root + "/made" }); mkdirSync(root + "/made");
      const [own] = readdirSync(root + "/bench");
      appendFileSync(root + "/bench/" + own + "/journal.jsonl", '{"id":7,"will":{"kind":"directory","path":"../etc"}}\\n[]\\n{"id":8,"wi');`);
    expect(await sweepBenches()).toEqual([]);
    expect(existsSync(join(root, "made"))).toBe(false);
    expect(journals()).toEqual([]);
  });

  it("keeps what could not be undone for the next command, and says why", async () => {
    await killedAfter(`
      journal.will({ kind: "directory", path: root + "/made" }); mkdirSync(root + "/made");
      journal.will({ kind: "group", path: "/nowhere/group" });`);
    expect(await sweepBenches()).toEqual([expect.stringContaining("is no control group")]);
    expect(existsSync(join(root, "made"))).toBe(false);
    expect(journals()).toHaveLength(1);
    expect(await sweepBenches()).toHaveLength(1);
  });

  it("is undone once, also when two commands come at the same time", async () => {
    await killedAfter(`journal.will({ kind: "directory", path: root + "/made" }); mkdirSync(root + "/made");`);
    expect(await Promise.all([sweepBenches(), sweepBenches(), sweepBenches()])).toEqual([[], [], []]);
    expect(journals()).toEqual([]);
  });

  it("ignores directories that are none", async () => {
    mkdirSync(join(root, "bench", "12-notes"), { recursive: true });
    mkdirSync(join(root, "bench", "1-1-../../x".replaceAll("/", "_")), { recursive: true });
    expect(await sweepBenches()).toEqual([]);
    expect(journals()).toHaveLength(2);
  });
});
