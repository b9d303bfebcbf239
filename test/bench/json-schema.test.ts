/** The JSON Schemas in docs/ are those of the code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonSchemaFiles } from "../../runtime/bench/json-schema.ts";

describe("the benchmark's formats in docs/", () => {
  it.each([...jsonSchemaFiles()])("%s is current (node test/bench/document.ts)", (name, text) => {
    expect(readFileSync(join(import.meta.dirname, "../../docs", name), "utf8")).toBe(text);
  });
});
