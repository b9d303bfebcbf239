/** The compiler and the linter have nothing to say: `npm test` is the one command that proves all. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./tree.ts";

/** @returns what a tool printed, with its exit code on the first line where that is not 0 */
function findings(program: string, ...options: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, options, { cwd: ROOT, encoding: "utf8", maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      resolve(error === null ? "" : `${program} ended with ${error.code}\n${stdout}${stderr}`);
    });
  });
}

const tool = (name: string) => join(ROOT, "node_modules/.bin", name);

test.each([
  ["what runs on Node", "."],
  ["the simulator, which knows neither Node nor a page", "simulator"],
  ["the pages, which know no Node", "web/client"],
])("the types are right in %s", async (_, project) => {
  expect(await findings(tool("tsc"), "-p", project)).toBe("");
});

test("the linter and the formatter find nothing: npm run format", async () => {
  expect(await findings(tool("biome"), "check", "--error-on-warnings", ".")).toBe("");
});

test.each([
  ["sh", "ringside"],
  ["bash", ".ci/run"],
])("%s can read %s", async (shell, script) => {
  expect(await findings(shell, "-n", script)).toBe("");
});
