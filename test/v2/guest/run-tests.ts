/**
 * Runs tests inside the guest and tells of each on standard output: `node run-tests.ts PATH…`. No configuration file,
 * so that nothing has to be bundled under emulation, where everything takes ten to twenty times as long.
 */
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";
import { startVitest } from "vitest/node";
import { skipReason } from "../../support/closing-line.ts";
import type { ReportLine } from "../report.ts";

/** Only there to end what hangs; the host ends the guest after a while too. */
const TEST_LIMIT_MS = 240_000;

function tell(line: ReportLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function wordsOf(errors: readonly { message: string; stack?: string; diff?: string }[]): string {
  return errors.map(({ message, stack = message, diff = "" }) => `${stack}\n${diff}`.trim()).join("\n");
}

class Lines implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    if (state === "pending") return;
    const file = test.module.relativeModuleId;
    const durationMs = Math.round(test.diagnostic()?.duration ?? 0);
    const words = state === "skipped" ? skipReason(test) : wordsOf(errors);
    tell({ kind: "test", file, name: test.fullName, state, durationMs, words });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    for (const module of modules) {
      for (const group of [module, ...module.children.allSuites()]) {
        if (group.errors().length > 0)
          tell({ kind: "outside", file: module.relativeModuleId, words: wordsOf(group.errors()) });
      }
    }
    if (unhandled.length > 0) tell({ kind: "outside", file: "no file", words: wordsOf(unhandled) });
  }
}

await startVitest(
  "test",
  process.argv.slice(2),
  {
    config: false,
    include: ["test/**/*.test.ts"],
    exclude: ["test/v2/**"],
    environment: "node",
    pool: "forks",
    maxWorkers: 1,
    // One process for all files, which read what they share once: emulated, each new one costs seconds.
    isolate: false,
    testTimeout: TEST_LIMIT_MS,
    hookTimeout: TEST_LIMIT_MS,
    reporters: [new Lines()],
    watch: false,
    fsModuleCache: false,
  },
  { cacheDir: "/tmp/vite" },
);
