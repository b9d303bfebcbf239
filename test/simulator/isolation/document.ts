/** Makes docs/isolation.md of simulator/isolation: `node test/simulator/isolation/document.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isolationSources, isolationTable } from "../../../simulator/isolation/table.ts";

export const PAGE = join(import.meta.dirname, "../../../docs/isolation.md");

/** @returns the page. */
export function isolationPage(): string {
  return `# Isolation over one kernel: who sees what

Made from [simulator/isolation](../simulator/isolation) by \`node test/simulator/isolation/document.ts\`. Each as it comes, without
options, unless its name says otherwise.

| word | meaning |
|---|---|
| own | one of its own, whose names and numbers begin anew |
| part | a part of the host's, under the host's names and numbers |
| host's | the host's, as everybody has it |
| none | it cannot be had |
| fixed | root inside may not change it |
| · | none of the sources below says it, so nothing is claimed |

${isolationTable()}
All have one kernel between them: what stops it stops all of them, and a module that one may load is loaded for all.

## Where each word comes from

${isolationSources()}`;
}

if (import.meta.main) writeFileSync(PAGE, isolationPage());
