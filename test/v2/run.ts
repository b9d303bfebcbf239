/**
 * `npm run test:v2 [-- PATH…]`: runs tests in a guest that has cgroup v2 only, by default those of selection.ts.
 * `npm run test:v2 -- test/cgroup/kernel` runs one file, `npm run test:v2 -- --shell 'COMMAND'` any command of its shell,
 * `--console` shows the kernel's log too, `--systemd` boots with systemd as process 1, `--all` adds the slower tests.
 */
import { parseArgs } from "node:util";
import { runInGuest, testCommand } from "./guest.ts";
import type { InnerTest } from "./report.ts";
import { GUEST_TESTS, SLOWER_TESTS, SYSTEMD_TESTS } from "./selection.ts";

/** For whoever waits at a terminal, who can end it too. */
const TIME_LIMIT_MS = 3_600_000;

const MARKS: Readonly<Record<InnerTest["state"], string>> = { passed: "ok  ", failed: "FAIL", skipped: "skip" };

function show(test: InnerTest): void {
  const words = test.words === "" ? "" : test.state === "skipped" ? ` (${test.words})` : `\n${test.words}`;
  console.log(`${MARKS[test.state]} ${test.file} › ${test.name} ${test.durationMs} ms${words}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shell: { type: "string" },
    console: { type: "boolean", default: false },
    systemd: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
  },
});
const ownTests = values.systemd ? SYSTEMD_TESTS : values.all ? [...GUEST_TESTS, ...SLOWER_TESTS] : GUEST_TESTS;
const startedMs = Date.now();
const run = await runInGuest({
  command: values.shell ?? testCommand(positionals.length > 0 ? positionals : ownTests),
  systemd: values.systemd,
  timeLimitMs: TIME_LIMIT_MS,
  onTest: show,
  onWords: (line) => console.log(line),
  ...(values.console && { onConsole: (line: string) => console.error(line) }),
});
for (const words of run.outside) console.log(`FAIL outside a test: ${words}`);
if (run.code === undefined) console.log(`the guest ended without a result; its console said:\n${run.console}`);
const count = (state: InnerTest["state"]) => run.tests.filter((test) => test.state === state).length;
console.log(
  `cgroup v2 only, Linux ${run.kernel}, ${run.accelerator.accelerator}, ${Math.round((Date.now() - startedMs) / 1000)} s:`,
);
console.log(`${count("passed")} passed, ${count("failed") + run.outside.length} failed, ${count("skipped")} skipped`);
process.exitCode = run.code === 0 ? 0 : 1;
