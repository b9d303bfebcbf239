/** One table of operations: what the plan may say, the launcher can do, and some container needs. */
import { describe, expect, test } from "vitest";
import { header } from "../../native/plan/generate.ts";
import { OPERATIONS } from "../../native/plan/operations.ts";
import { allFiles, modules, read } from "./tree.ts";

const operations = Object.entries(OPERATIONS);
const launcher = allFiles()
  .filter((path) => /^native\/launcher\/.+\.cc$/.test(path))
  .map(read)
  .join("\n");
const compilers = modules("runtime")
  .map(({ code }) => code)
  .join("\n");

describe("the table of operations", () => {
  test("is what the launcher was made from: operations.h is up to date (node native/plan/generate.ts)", () => {
    expect(read("native/plan/operations.h")).toBe(header());
  });

  test("has each code once", () => {
    const codes = operations.map(([, { code }]) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  test("names a manual page and the system calls of each", () => {
    const vague = operations.filter(
      ([, { manual, calls }]) => !/^\w+\(\d\)$/.test(manual) || !/^[a-z0-9_]+(\([A-Z]+\))?(, |$)/.test(calls),
    );
    expect(vague.map(([name]) => name)).toEqual([]);
  });

  test("has nothing that the launcher does not execute", () => {
    expect(operations.map(([name]) => name).filter((name) => !launcher.includes(`Operation::${name}`))).toEqual([]);
  });

  test("has nothing that no plan uses", () => {
    expect(operations.map(([name]) => name).filter((name) => !compilers.includes(`op: "${name}"`))).toEqual([]);
  });
});
