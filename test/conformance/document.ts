/** Makes docs/conformance.md from the table of features: `node test/conformance/document.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GUEST_TESTS, SLOWER_TESTS } from "../v2/selection.ts";
import type { Chapter, FeatureRow, Standing, TestName } from "./tables/feature.ts";
import { CHAPTERS } from "./tables/features.ts";

export const DOCUMENT = "docs/conformance.md";

const INTRODUCTION = `# What of the OCI runtime specification is there, and which test holds it

Made from [features.ts](../test/conformance/tables/features.ts) by \`node test/conformance/document.ts\`; a test finds every
test that is named here. The specification is runtime-spec 1.3 for Linux.

How a feature stands with each kind of control groups, and for an ordinary user:

| word | meaning |
|---|---|
| run | its tests run there: *hybrid* on a machine whose controllers are v1 hierarchies beside a v2 tree, *v2* in a guest that has v2 only (\`npm run test:v2\`, which \`npm test\` includes) |
| slow | they take too long for \`npm test\`: \`npm run test:v2 -- --all\` runs them there; that has not been seen to its end in one run |
| as hybrid | control groups of v1, which are what hybrid has: the same files, the same code |
| same | nothing in it depends on this |
| made-up | its logic is tested on made-up files of that kind |
| untried | nobody has tried it there |
| refused | it cannot be had there; the error says what to do |
| none | the kernel has no such thing there |
`;

/** The whole document. */
export function conformanceDocument(): string {
  return [INTRODUCTION, ...CHAPTERS.map(chapterText)].join("\n");
}

function chapterText({ title, rows }: Chapter): string {
  return `## ${title}

| feature | tests | v1 | hybrid | v2 | rootless |
|---|---|---|---|---|---|
${rows.map(rowText).join("\n")}
`;
}

function rowText(row: FeatureRow): string {
  const cells = [row.feature, row.tests.map(testText).join("<br>"), v1(row), "run", v2(row), rootless(row)];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function testText([file, title]: TestName): string {
  return `[${file.replace(".test.ts", "")}](../test/${file}) › ${escaped(title)}`;
}

/** Titles are no Markdown: what looks like it is taken literally. */
function escaped(title: string): string {
  return title.replace(/[`*_[\]<>\\$]/g, "\\$&");
}

const v1 = ({ v1: said, onGroups }: FeatureRow): string => said ?? (onGroups === true ? "as hybrid" : "same");

function v2({ v2: said, onGroups, tests }: FeatureRow): Standing | "run" | "slow" {
  const isIn = (selection: readonly string[]): boolean =>
    tests.some(([file]) => selection.some((prefix) => `test/${file}`.startsWith(prefix)));
  if (isIn(GUEST_TESTS)) return "run";
  if (isIn(SLOWER_TESTS)) return "slow";
  return said ?? (onGroups === true ? "made-up" : "same");
}

function rootless({ rootless: said = "same" }: FeatureRow): string {
  if (typeof said === "string") return said;
  return "run" in said ? `run: ${testText(said.run)}` : `refused: ${testText(said.refused)}`;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(import.meta.dirname, "../..", DOCUMENT), conformanceDocument());
}
