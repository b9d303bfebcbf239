/**
 * A guest that runs is moved, for real: what it prints goes on without a gap, whoever looks for it finds it, and one that
 * cannot be moved stays where it was. The long series is the benchmark's (`ringside bench migration`).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { benchMigration } from "../../runtime/bench/migration/bench.ts";
import { migrationPart } from "../../runtime/bench/migration/entry.ts";
import { migrationReportSchema } from "../../runtime/bench/migration/schema.ts";
import { migrationText } from "../../runtime/bench/migration/text.ts";
import { migrationTimeline } from "../../runtime/bench/migration/timeline.ts";
import { predictMigration } from "../../runtime/cli/migration-prediction.ts";
import { LogReader } from "../../runtime/container/log-files.ts";
import { moveVm } from "../../runtime/vm/migration/move.ts";
import { vmLogDirectory } from "../../runtime/vm/monitored.ts";
import { withQmp } from "../../runtime/vm/qmp.ts";
import { statusOf } from "../../runtime/vm/qmp-control.ts";
import { requireLivingVm } from "../../runtime/vm/state.ts";
import { waitForVm } from "../../runtime/vm/wait.ts";
import { chromeTraceText } from "../../simulator/trace/chrome-trace.ts";
import { parseChromeTrace } from "../../simulator/trace/chrome-trace-parse.ts";
import { until } from "../support/detached.ts";
import { processes, untilEmpty } from "../support/leftovers.ts";
import { describeWhere } from "../support/needs.ts";
import { COMMAND_LINE } from "../support/ringside.ts";
import { VIRTUAL_MACHINES, VmRoot, vm } from "../support/vms.ts";

const LIMIT_MS = 240_000;
const MIB = 1024 ** 2;

describeWhere(VIRTUAL_MACHINES, "a series of migrations", () => {
  test.each([{ machine: "microvm", runs: 2 } as const, { machine: "q35", runs: 1 } as const])(
    "of a guest that writes memory on $machine loses no value and no page, and has passes and samples",
    { timeout: LIMIT_MS },
    async ({ machine, runs }) => {
      const report = await benchMigration({
        runs,
        seed: 1,
        machine,
        accelerator: "tcg",
        memoryBytes: 192 * MIB,
        intervalUs: 10_000,
        workingSetBytes: 32 * MIB,
        writesPerSecond: 8000,
        downtimeLimitMs: 30,
        bandwidthBytesPerSecond: 128 * MIB,
        lastResort: "none",
      });
      expect(migrationReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
      expect(report.migrations.map(({ kind }) => kind)).toEqual(Array(runs).fill("done"));
      expect(report.counter).toMatchObject({ missed: 0, doubled: 0, wrongPages: 0, strange: 0 });
      for (const migration of report.migrations) {
        if (migration.kind !== "done") throw new Error(migration.reason);
        const { rounds, samples, transferredBytes } = migration;
        expect(rounds.length).toBeGreaterThanOrEqual(2);
        expect(rounds.map(({ pass }) => pass)).toEqual(rounds.map((_, index) => index + 1));
        for (const [index, round] of rounds.entries()) {
          expect(round.endMs).toBeGreaterThanOrEqual(round.startMs);
          if (index > 0) expect(round.startMs).toBe(rounds[index - 1]?.endMs);
        }
        // All that is not the same byte throughout went over at least once.
        expect(transferredBytes).toBeGreaterThan(32 * MIB);
        const sent = samples.map((sample) => sample.transferredBytes);
        expect(sent).toEqual(sent.toSorted((a, b) => a - b));
      }
      expect(migrationText(report, predictMigration(report))).toMatch(
        new RegExp(`^Live migration: ${runs} of ${runs} succeeded\n.* none missed, none doubled`),
      );
      expect(migrationPart(report)).toMatchObject({ attempts: runs, succeeded: runs, counterComplete: runs });
      const timeline = migrationTimeline(report);
      expect(parseChromeTrace(JSON.parse(chromeTraceText(timeline)))).toEqual(timeline);
      expect(new Set(timeline.counters.map(({ name }) => name)).size).toBe(3);
    },
  );
});

/** All processes of QEMU that serve a machine of this directory. */
function monitorsIn(directory: string): number[] {
  return processes()
    .filter(({ command }) => command.includes("qemu-system") && command.includes(directory))
    .map(({ pid }) => pid);
}

describeWhere(VIRTUAL_MACHINES, "a detached machine that is moved", () => {
  let root: VmRoot;
  beforeAll(async () => {
    root = new VmRoot();
    // It writes more than the slow connections below carry, so that a move over them never ends by itself.
    const counter = ["ringside-counter", "50000", "16384", "4000"];
    const { stderr, code } = await root.run("-d", "--name", "mover", "ringside/base", ...counter);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  }, LIMIT_MS);
  afterAll(async () => {
    await root?.[Symbol.asyncDispose]();
  }, LIMIT_MS);

  function counts(): number[] {
    const reader = new LogReader(vmLogDirectory(requireLivingVm("mover", "look at").id));
    const printed = [...reader.records()].map((record) => {
      if (record.kind !== "output") throw new Error("the log has lost something");
      return Buffer.from(record.data).toString("latin1");
    });
    reader.close();
    return printed
      .join("")
      .split("\n")
      .slice(0, -1)
      .map((line) => Number.parseInt(line, 10));
  }

  /** That it goes on counting, where it is now. */
  async function goesOn(): Promise<void> {
    const before = counts().length;
    await until(() => counts().length > before + 5);
    const all = counts();
    expect(all).toEqual(all.map((_, index) => (all[0] ?? 0) + index));
  }

  function nothingOfTheOther(): void {
    const { directory, process: qemu } = requireLivingVm("mover", "look at");
    expect(monitorsIn(directory.path)).toEqual([qemu.pid]);
    const entries = readdirSync(directory.path, { withFileTypes: true });
    expect(entries.filter((entry) => entry.isDirectory() || entry.name === "move.json")).toEqual([]);
  }

  test("keeps its id, its name, its log and its agent, and goes on in another process, twice", {
    timeout: LIMIT_MS,
  }, async () => {
    const before = requireLivingVm("mover", "look at");
    for (const _ of [1, 2]) {
      const { from, to } = await moveVm("mover");
      const now = requireLivingVm("mover", "look at");
      expect(now.id).toBe(before.id);
      expect(to.pid).toBe(now.process.pid);
      expect(from.pid).not.toBe(to.pid);
      nothingOfTheOther();
      await goesOn();
    }
    const { stdout, code } = await vm("exec", "mover", "sh", "-c", "hostname; exit 3");
    expect({ stdout, code }).toEqual({ stdout: `${before.id}\n`, code: 3 });
  });

  test("stays where it was when the move is given up, and nothing of the other is left", {
    timeout: LIMIT_MS,
  }, async () => {
    const { process: before } = requireLivingVm("mover", "look at");
    const move = moveVm("mover", { bandwidthBytesPerSecond: 2 * MIB, timeLimitMs: 1 });
    await expect(move).rejects.toThrow(/could not be moved in time.*runs on where it was/);
    expect(requireLivingVm("mover", "look at").process).toEqual(before);
    nothingOfTheOther();
    await goesOn();
  });

  test("stays where it was when the command is killed, and can be moved after it", { timeout: LIMIT_MS }, async () => {
    const { process: before, directory } = requireLivingVm("mover", "look at");
    const command = spawn(process.execPath, ["--", COMMAND_LINE, "vm", "migrate", "--bandwidth", "1M", "mover"], {
      stdio: "ignore",
    });
    await until(() => existsSync(join(directory.path, "move.json")) && monitorsIn(directory.path).length === 2);
    command.kill("SIGKILL");
    await once(command, "exit");
    expect(await untilEmpty(() => monitorsIn(directory.path).filter((pid) => pid !== before.pid))).toEqual([]);
    await vm("ps");
    expect(await withQmp(directory.control, statusOf)).toEqual({ running: true, word: "running" });
    nothingOfTheOther();
    await goesOn();
    const { stdout, code } = await vm("migrate", "mover");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mover went from QEMU \d+ to QEMU \d+ in \d+ ms\n/);
    await goesOn();
  });

  test("is refused while it is paused", { timeout: LIMIT_MS }, async () => {
    await vm("pause", "mover");
    const refused = await vm("migrate", "mover");
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain("does not run now");
    expect(refused.stderr).toContain("fix: ringside vm resume mover");
    await vm("resume", "mover");
  });

  test("is waited for across a move, and goes, with everything of it, when it is removed", {
    timeout: LIMIT_MS,
  }, async () => {
    const { directory } = requireLivingVm("mover", "look at");
    const waited = waitForVm("mover");
    await moveVm("mover");
    await vm("kill", "--signal", "TERM", "mover");
    expect(await waited).toBe(143);
    expect((await vm("rm", "mover")).code).toBe(0);
    expect(await untilEmpty(() => monitorsIn(directory.path))).toEqual([]);
    expect(root.left()).toEqual([]);
  });
});
