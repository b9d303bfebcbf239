/** Writes the JSON Schemas of the benchmark's formats into docs/: `node test/bench/document.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonSchemaFiles } from "../../runtime/bench/json-schema.ts";

for (const [name, text] of jsonSchemaFiles()) writeFileSync(join(import.meta.dirname, "../../docs", name), text);
