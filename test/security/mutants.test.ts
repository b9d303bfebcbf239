/** The table of mutants stays true: what each edit replaces is there, exactly once, and so is the test that must fail. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../support/ringside.ts";
import { MUTANTS } from "./mutants.ts";

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

describe.each(MUTANTS)("the mutant $name", ({ test: file, only, edits }) => {
  test.each(edits)("finds in $file what it replaces, exactly once", ({ file: edited, from, to }) => {
    expect(read(edited).split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
  });

  test("names a test that there is", () => {
    expect(read(file)).toContain(only);
  });
});

test("each mutant has a name of its own", () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});
