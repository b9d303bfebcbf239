/** The race in a real browser: drawn at once, kept within its origin, readable by keys, by table and on a phone. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "../support/axe.ts";
import { BrowserSession, browserProblem, titled } from "../support/browser.ts";
import { containerProblem } from "../support/inside.ts";

const problem = browserProblem();
/** Every lane has a drawing with teeth in it. */
async function drawnLanes(page: Page): Promise<string[]> {
  await page.locator("svg.waterline .outline[d^=M]").nth(3).waitFor({ state: "attached" });
  return page
    .locator(".lane:has(svg.waterline .outline[d^=M])")
    .evaluateAll((lanes) => lanes.map((lane) => lane.getAttribute("aria-label") ?? ""));
}

describe.skipIf(problem !== undefined)(titled("the race in a browser", problem), { timeout: 180_000 }, () => {
  let session: BrowserSession;
  beforeAll(async () => {
    session = await BrowserSession.open();
  });
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
  });

  test("is drawn at once, simulated, and asks nobody else for anything", async () => {
    const page = await session.signIn();
    expect(await drawnLanes(page)).toEqual(["Process", "Container", "Virtual machine", "Address space"]);
    expect(await page.locator(".provenance b").allTextContents()).toEqual([
      "simulated",
      "simulated",
      "simulated",
      "simulated",
    ]);
    expect(session.offences).toEqual([]);
  });

  test("draws the address space against steps, and says so", async () => {
    const page = await session.signIn();
    await drawnLanes(page);
    const lane = page.locator('.lane[data-world="address-space"]');
    expect(await lane.locator("svg[data-axis=step]").count()).toBe(1);
    expect(await lane.locator(".lane-note").textContent()).toContain("counts steps");
  });

  test("shows the same figure again from its address", async () => {
    const page = await session.signIn();
    await drawnLanes(page);
    await page.getByRole("button", { name: "linear" }).click();
    await page.keyboard.press("w");
    await page.keyboard.press("ArrowRight");
    const readouts = await page.locator("strip-readout").allTextContents();
    await page.goto(page.url());
    await page.reload();
    await page.locator(".waterline .surface .level-sea").nth(3).waitFor({ state: "attached" });
    expect(await page.locator("strip-readout").allTextContents()).toEqual(readouts);
    expect(await page.getByRole("button", { name: "linear" }).getAttribute("aria-pressed")).toBe("true");
  });

  test("can be read as a table with the figures of the drawing", async () => {
    const page = await session.signIn();
    await drawnLanes(page);
    await page.getByRole("button", { name: "Show as table" }).click();
    const moments = await page.locator(".flags .moment").allTextContents();
    const tables = (await page.locator("figure-table caption").allTextContents()).join(" ");
    for (const moment of moments) expect(tables).toContain(moment);
    expect(await page.locator("figure-table caption").count()).toBe(4);
  });

  test.each([
    ["a phone, dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" as const }],
    ["a wide screen, light", { viewport: { width: 1600, height: 1000 }, colorScheme: "light" as const }],
  ])("fits and is accessible on %s", async (_, options) => {
    const page = await session.signIn({ ...options, reducedMotion: "reduce" });
    for (const path of [
      "/",
      "/lab",
      "/lessons",
      "/lessons/namespaces",
      "/simulate",
      "/simulate/startup-race#seed=2",
      "/benchmark",
      "/doctor",
    ]) {
      await page.goto(session.at(path));
      await page.locator("h1").waitFor();
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(`${path} ${overflow}`).toBe(`${path} 0`);
      expect(await violations(page)).toEqual([]);
    }
  });

  test("says what to do to a browser that nobody knows, and still shows the simulation", async () => {
    const context = await session.visit();
    const page = await context.newPage();
    const answer = await page.goto(session.at("/"));
    if (answer?.ok() === true) {
      await drawnLanes(page);
      await page.getByRole("button", { name: "Run for real" }).click();
    }
    await page.getByText("ringside serve").first().waitFor();
    session.offences.length = 0;
  });

  const real = containerProblem();
  test.skipIf(real !== undefined)(
    titled("runs for real, lane by lane, and names what was measured", real),
    { timeout: 240_000 },
    async () => {
      const page = await session.signIn();
      await drawnLanes(page);
      await page.getByRole("button", { name: "Run for real" }).click();
      const measured = (world: string) =>
        page.locator(`.lane[data-world="${world}"] .provenance b`, { hasText: "measured" });
      await measured("process").waitFor();
      await measured("container").waitFor();
      // A machine that cannot boot says why instead, when the server has given it up.
      const refused = page.locator('.lane[data-world="vm"] .lane-note', { hasText: "Not run for real" });
      await measured("vm").or(refused).first().waitFor({ timeout: 90_000 });
      await page.getByRole("button", { name: "Run for real" }).waitFor();
      expect(await page.locator('.lane[data-world="address-space"] .provenance b').textContent()).toBe("simulated");
      await page.locator('.lane[data-world="container"]').getByRole("button", { name: "both" }).click();
      expect(await page.locator('.lane[data-world="container"] .provenance b').allTextContents()).toEqual([
        "simulated",
        "measured",
      ]);
      expect(session.offences).toEqual([]);
    },
  );
});
