/** The benchmark's formats as JSON Schema (2020-12), for those who read reports with something else than Ringside. */

import * as z from "zod";
import { comparisonReportSchema } from "./compare.ts";
import { migrationReportSchema } from "./migration/schema.ts";
import { benchProtocolSchema } from "./protocol.ts";
import { benchReportSchema } from "./schema.ts";

const FORMATS = {
  "ringside.bench-1": { schema: benchReportSchema, title: "ringside.bench/1", io: "output" },
  "ringside.bench-protocol-1": { schema: benchProtocolSchema, title: "ringside.bench-protocol/1", io: "input" },
  "ringside.bench-compare-1": { schema: comparisonReportSchema, title: "ringside.bench-compare/1", io: "output" },
  "ringside.migration-1": { schema: migrationReportSchema, title: "ringside.migration/1", io: "output" },
} as const;

/** The documents in docs/, by the names of their files. */
export function jsonSchemaFiles(): Map<string, string> {
  return new Map(
    Object.entries(FORMATS).map(([name, { schema, title, io }]) => {
      const document = { title, ...z.toJSONSchema(schema, { io }) };
      return [`${name}.schema.json`, `${JSON.stringify(document, null, 2)}\n`];
    }),
  );
}
