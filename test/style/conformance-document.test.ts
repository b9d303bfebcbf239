/** docs/conformance.md is what its table says, and the table names tests that there are. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { conformanceDocument, DOCUMENT } from "../conformance/document.ts";
import type { TestName } from "../conformance/tables/feature.ts";
import { CHAPTERS } from "../conformance/tables/features.ts";
import { ROOT, read } from "./tree.ts";

const rows = CHAPTERS.flatMap((chapter) => chapter.rows);
const named: readonly TestName[] = rows.flatMap(({ tests, rootless = "same" }) => {
  if (typeof rootless === "string") return tests;
  return [...tests, "run" in rootless ? rootless.run : rootless.refused];
});

test("every test that the table names is there, by its title", () => {
  const missing = named.filter(([file, title]) => {
    const path = `test/${file}`;
    return !existsSync(join(ROOT, path)) || !read(path).includes(title);
  });
  expect(missing.map(([file, title]) => `${file} › ${title}`)).toEqual([]);
  expect(named.length).toBeGreaterThan(80);
});

test("every feature has a test, and none is named twice", () => {
  expect(rows.filter(({ tests }) => tests.length === 0).map(({ feature }) => feature)).toEqual([]);
  const features = rows.map(({ feature }) => feature);
  expect(features.filter((feature, index) => features.indexOf(feature) !== index)).toEqual([]);
});

test("the document is up to date (node test/conformance/document.ts)", () => {
  expect(read(DOCUMENT)).toBe(conformanceDocument());
});
