/**
 * The simulator is pure: it imports only itself, and nothing in it reads a clock, draws chance or touches a machine.
 * The compiler keeps Node and the browser out (simulator/tsconfig.json); Date and Math.random are in the language itself
 * and have to be looked for. So have the functions whose last digit ECMAScript leaves to each engine ("implementation-
 * approximated", ECMA-262 §21.3), and what differs with the reader's language: one digit sends two runs different ways.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOM = join(import.meta.dirname, "../../simulator");
const files = readdirSync(ROOM, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

describe("the simulator", () => {
  it("has files to look at", () => {
    expect(files.length).toBeGreaterThan(30);
  });

  it.each(files)("%s imports only the simulator, and knows no clock and no chance", (name) => {
    const text = readFileSync(join(ROOM, name), "utf8");
    const imports = [...text.matchAll(/from "([^"]+)"/g)].map(([, target = ""]) => target);
    for (const target of imports) {
      expect(target).toMatch(/^\.\.?\//);
      expect(join(name, "..", target)).not.toMatch(/^\.\./);
    }
    expect(text).not.toMatch(/\bDate\b\s*[.(]|\bMath\.random\b|\bperformance\b\s*\.|\bcrypto\b\s*\./);
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    expect(code).not.toMatch(/\bMath\.(a?(sin|cos|tan)h?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow|sqrt)\b/);
    expect(code).not.toMatch(/\blocaleCompare\b|\btoLocale\w+|\bIntl\b/);
  });
});
