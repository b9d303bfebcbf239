/** Many threads and processes at once: nothing is missed, nobody is lost, and letting go at any moment harms nobody. */
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { PROGRAM_PAUSE, withProgramPause } from "../../runtime/plan/pauses.ts";
import { processPlan } from "../../runtime/process/start.ts";
import type { TraceRecord } from "../../runtime/trace/records.ts";
import { callName } from "../../runtime/trace/signature.ts";
import { type Watch, watchProcess } from "../../runtime/trace/watch.ts";
import { chance } from "../support/chance.ts";
import { processes } from "../support/leftovers.ts";
import { describeWhere, needsLinux, needsNative, needsPrograms, needsRoot } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const [ROUNDS, THREADS, CALLS] = [5, 8, 100];

describeWhere(
  [needsLinux, needsNative, needsRoot("traces other processes"), needsPrograms("gcc")],
  "a storm of threads and processes",
  () => {
    let launcher: Launcher;
    beforeAll(async () => {
      launcher = await Launcher.open();
    });
    afterAll(async () => {
      await launcher.close();
    });

    async function storm(onRecord: (record: TraceRecord, watch: Watch) => void) {
      const program = join(temporaryDirectory(), "storm");
      execFileSync("gcc", ["-O1", "-pthread", "-o", program, join(import.meta.dirname, "storm.c")]);
      const nothing = openSync("/dev/null", "r+");
      let watch: Watch | undefined;
      const onPause = async (name: string, pid: number): Promise<void> => {
        if (name !== PROGRAM_PAUSE) return;
        const own = watchProcess({ pid, follow: true, fromExec: true, mostDataBytes: 32 }, (records) => {
          for (const record of records) onRecord(record, own);
        });
        watch = own;
      };
      try {
        const plan = withProgramPause(processPlan({ argv: [program] }));
        const running = await launcher.start(plan, [nothing, nothing, nothing], { onPause });
        const exit = await running.exited;
        return { exit, ended: await watch?.ended, program };
      } finally {
        closeSync(nothing);
      }
    }

    test("is seen whole: every thread with all its calls, and the one that took the process over", async () => {
      const calls = new Map<number, number>();
      let execs = 0;
      const { exit, ended } = await storm((record) => {
        if (record.kind === "exec") execs++;
        if (record.kind !== "call" || callName(record.architecture, record.number) !== "getppid") return;
        calls.set(record.thread, (calls.get(record.thread) ?? 0) + 1);
      });
      expect(exit.status).toEqual({ kind: "exited", code: 5 });
      expect(ended).toEqual({ lost: 0 });
      const workers = [...calls.values()].filter((count) => count === CALLS);
      expect(workers).toHaveLength(ROUNDS * (THREADS + 1));
      expect(execs).toBe(1);
    });

    test("is none the worse for being let go at any moment", async () => {
      const random = chance();
      for (let round = 0; round < 5; round++) {
        let left = random.integer(1, 4000);
        const { exit, ended, program } = await storm((_, watch) => {
          left--;
          if (left === 0) watch.detach();
        });
        expect(exit.status).toEqual({ kind: "exited", code: 5 });
        expect(ended).toEqual({ lost: 0 });
        expect(processes().filter(({ command }) => command.includes(program))).toEqual([]);
      }
    });
  },
);
