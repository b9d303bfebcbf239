/** The last line of a test run is true: runs of small test files with the real reporter, by the real command. */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary.ts";
import { ROOT } from "./tree.ts";

const NEEDS = JSON.stringify(join(ROOT, "test/support/needs.ts"));

/** Runs test files by `vitest run`, as npm does. */
function run(files: Readonly<Record<string, string>>, ...options: readonly string[]) {
  const directory = temporaryDirectory();
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
  mkdirSync(join(directory, "test"));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(
      join(directory, "test", name),
      `import { beforeAll, describe, expect, test } from "vitest";\n${text}`,
    );
  }
  writeFileSync(
    join(directory, "vitest.config.ts"),
    `import { ClosingLine } from ${JSON.stringify(join(ROOT, "test/support/closing-line.ts"))};
     export default { test: { include: ["test/*.test.ts"], reporters: ["default", new ClosingLine()] } };`,
  );
  const vitest = join(ROOT, "node_modules/.bin/vitest");
  const env = { ...process.env, CI: "true", VITEST: undefined, VITEST_MODE: undefined };
  return new Promise<{ code: number; lines: string[] }>((resolve) => {
    execFile(vitest, ["run", ...options], { cwd: directory, env, encoding: "utf8" }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), lines: stdout.split("\n") });
    });
  });
}

const PASS = `test("passes", () => {});`;
const FAIL = `test("fails", () => expect(1).toBe(2));`;

test.each<[name: string, files: Record<string, string>, line: string, code: number]>([
  ["tests that pass", { "a.test.ts": PASS, "b.test.ts": PASS }, "2 passed, 0 failed, 0 skipped", 0],
  ["a test that fails", { "a.test.ts": `${PASS}\n${FAIL}` }, "1 passed, 1 failed, 0 skipped", 1],
  [
    "a file that does not load",
    { "a.test.ts": PASS, "b.test.ts": `import "./no.ts";` },
    "1 passed, 1 failed, 0 skipped",
    1,
  ],
  ["a file without a test", { "a.test.ts": "" }, "0 passed, 1 failed, 0 skipped", 1],
  [
    "a group whose set-up fails",
    { "a.test.ts": `describe("a", () => { beforeAll(() => { throw new Error("no"); }); ${PASS} });` },
    "0 passed, 1 failed, 1 skipped",
    1,
  ],
  [
    "an error that nobody caught",
    {
      "a.test.ts": `test("passes", async () => { void Promise.reject(new Error("no")); await new Promise(setImmediate); });`,
    },
    "1 passed, 1 failed, 0 skipped",
    1,
  ],
  ["no test at all", {}, "0 passed, 1 failed, 0 skipped", 1],
  [
    "a process that goes in the middle of a test",
    { "a.test.ts": `test("goes", () => process.kill(process.pid, "SIGKILL"));` },
    "0 passed, 2 failed, 0 skipped",
    1,
  ],
])("%s", async (_, files, line, code) => {
  const result = await run(files);
  expect(result.lines.slice(-3)).toEqual(["", line, ""]);
  expect(result.code).toBe(code);
});

test("tests that cannot run are named with their reasons", async () => {
  const text = `import { describeWhere, testWhere, unless } from ${NEEDS};
    const need = () => "no moon\\ntonight";
    testWhere([() => undefined, need], "one", () => {});
    testWhere([() => undefined], "two", () => {});
    describeWhere([need], "group", () => { test("three", () => {}); });
    test("four", ({ skip }) => skip("said inside"));
    test.skipIf(true)("five", () => {});
    test.each([6])("six: %d", unless("no sun"), () => {});
    test("seven", { ...unless(undefined), timeout: 1000 }, () => {});`;
  const { code, lines } = await run({ "a.test.ts": text });
  expect(lines.slice(lines.indexOf("skipped:"))).toEqual([
    "skipped:",
    "  test/a.test.ts › one: no moon tonight",
    "  test/a.test.ts › group > three: no moon tonight",
    "  test/a.test.ts › four: said inside",
    "  test/a.test.ts › five: no reason given",
    "  test/a.test.ts › six: 6: no sun",
    "",
    "2 passed, 0 failed, 5 skipped",
    "",
  ]);
  expect(code).toBe(0);
});

test("where tests are chosen by name, the others are counted and not listed", async () => {
  const { lines } = await run({ "a.test.ts": `${PASS}\ntest("other", () => {});` }, "-t", "passes");
  expect(lines).not.toContain("skipped:");
  expect(lines.slice(-2)).toEqual(["1 passed, 0 failed, 1 skipped", ""]);
});
