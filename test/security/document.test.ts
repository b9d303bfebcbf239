/** docs/security.md is what its tables say, and the tables name tests and mutants that there are. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/ringside.ts";
import { DOCUMENT, securityDocument } from "./document.ts";
import { MUTANTS } from "./mutants.ts";
import { HOSTILE_CASES } from "./peers.ts";
import { PEER_VERDICTS, PROMISES, ROWS } from "./table.ts";

const rows = [...ROWS, ...PROMISES];

test.each(rows.flatMap(({ tests }) => tests))("test/%s has a test named %s", (file, title) => {
  const path = join(ROOT, "test", file);
  expect(existsSync(path)).toBe(true);
  expect(readFileSync(path, "utf8")).toContain(title);
});

test("no case stands in two rows", () => {
  const cves = rows.flatMap((row) => row.cves);
  expect(cves.filter((cve, index) => cves.indexOf(cve) !== index)).toEqual([]);
});

test("every mutant belongs to a row, and every row has one", () => {
  const belongs = (cve: string): boolean => rows.some((row) => row.cves.some((one) => cve.includes(one)));
  expect(MUTANTS.filter(({ cve }) => !belongs(cve)).map(({ name }) => name)).toEqual([]);
  const without = rows.filter(({ cves }) => !MUTANTS.some(({ cve }) => cves.some((one) => cve.includes(one))));
  expect(without.map(({ cves }) => cves[0])).toEqual([]);
});

test("every verdict on a peer comes from a bundle, and every bundle has one", () => {
  expect(Object.keys(PEER_VERDICTS).toSorted()).toEqual(HOSTILE_CASES.map(({ cve }) => cve).toSorted());
});

test("the document is up to date (node test/security/document.ts)", () => {
  expect(readFileSync(join(ROOT, DOCUMENT), "utf8")).toBe(securityDocument());
});
