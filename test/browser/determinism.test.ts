/**
 * The simulator is the same everywhere: what Node comes to from a seed, Chromium comes to, to the last bit. Both are V8,
 * of different age and differently built (Chromium's with short pointers); nothing that is drawn or decided rests on more
 * than integers and the four operations, which ECMAScript defines to the bit.
 */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumProblem, launchChromium, titled } from "../support/browser.ts";
import { chance } from "../support/chance.ts";
import { hashesOf, programs } from "../support/simulated.ts";

const problem = chromiumProblem();
const SEEDS = 100;
const ENTRY = fileURLToPath(new URL("../support/simulated.ts", import.meta.url));

interface Simulated {
  hashesOf: typeof hashesOf;
}

/** The simulator and its programs as one script, which leaves them in a variable of the page. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    publicDir: false,
    build: {
      write: false,
      minify: false,
      target: "es2023",
      lib: { entry: ENTRY, formats: ["iife"], name: "simulated", fileName: "simulated" },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !("output" in output)) throw new Error("vite made no bundle");
  const [chunk] = output.output;
  return chunk.code;
}

describe.skipIf(problem !== undefined)(titled("Node and Chromium", problem), { timeout: 600_000 }, () => {
  let page: Page;
  let close = async (): Promise<void> => {};
  beforeAll(async () => {
    const browser = await launchChromium();
    close = () => browser.close();
    page = await browser.newPage();
    // A top-level `var` of a classic script is a property of the page.
    await page.addScriptTag({ content: await bundle() });
  });
  afterAll(() => close());

  test.each(programs())(`come to the same from ${SEEDS} seeds: %s`, async (program) => {
    const random = chance();
    const seeds = Array.from({ length: SEEDS }, () => random.word());
    const there = page.evaluate(
      ([name, list]) => (globalThis as unknown as { simulated: Simulated }).simulated.hashesOf(name, list),
      [program, seeds] as const,
    );
    // The page has a processor of its own: both work at once. A failure here must not leave the other one unheard.
    const [here, theirs] = await Promise.all([Promise.resolve().then(() => hashesOf(program, seeds)), there]);
    const different = seeds.filter((_, index) => here[index] !== theirs[index]);
    expect(different).toEqual([]);
    expect(here).toHaveLength(SEEDS);
  });
});
