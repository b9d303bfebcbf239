/** Makes docs/security.md from the tables: `node test/security/document.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MUTANTS } from "./mutants.ts";
import { PEER_VERDICTS, PEER_VERSIONS, PROMISES, ROWS, type SecurityRow } from "./table.ts";

export const DOCUMENT = "docs/security.md";

const INTRODUCTION = `# What other runtimes fell for, and what keeps ours from it

Made from [table.ts](../test/security/table.ts) by \`node test/security/document.ts\`; a test finds every test that is named
here. \`npm run test:mutants\` takes each defence named in its last column out of a copy of this checkout and expects the
test to fail.

crun ${PEER_VERSIONS.crun} and runc ${PEER_VERSIONS.runc} are those of Debian 12. *holds* and *falls* are what they did with the same hostile bundle
([peers.ts](../test/security/peers.ts)), which a test repeats; a dash means that the case was not put to them: it needs
our inside, or an engine, or a race. Debian may have patched what a version number promises, so a verdict is about the
installed program, and about the variant that was tried, not about every way into a hole.
`;

/** The whole document. */
export function securityDocument(): string {
  return [INTRODUCTION, "## Holes of others\n", tableOf(ROWS), "## Promises\n", tableOf(PROMISES)].join("\n");
}

function tableOf(rows: readonly SecurityRow[]): string {
  const { crun, runc } = PEER_VERSIONS;
  return `| case | cause | our defence | test | crun ${crun} | runc ${runc} | mutants |
|---|---|---|---|---|---|---|
${rows.map(rowText).join("\n")}
`;
}

function rowText({ cves, cause, defence, tests }: SecurityRow): string {
  const mutants = MUTANTS.filter((mutant) => cves.some((cve) => mutant.cve.includes(cve)));
  const cells = [
    cves.join("<br>"),
    cause,
    defence,
    tests.map(([file, title]) => `[${file.replace(".test.ts", "")}](../test/${file}) › ${title}`).join("<br>"),
    verdict(cves, "crun"),
    verdict(cves, "runc"),
    mutants.map(({ name }) => name).join("<br>") || "–",
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function verdict(cves: readonly string[], name: "crun" | "runc"): string {
  const found = cves.map((cve) => PEER_VERDICTS[cve]?.[name]).find((one) => one !== undefined);
  return found ?? "–";
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, "../..", DOCUMENT), securityDocument());
