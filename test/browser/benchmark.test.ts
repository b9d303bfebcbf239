/** The Benchmark page in a real browser, with real processes and containers: measured, watched, stopped, opened, compared. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { benchReportSchema } from "../../runtime/bench/schema.ts";
import { violations } from "../support/axe.ts";
import { BrowserSession, browserProblem, titled } from "../support/browser.ts";
import { containerProblem } from "../support/inside.ts";

const problem = browserProblem() ?? containerProblem();

describe.skipIf(problem !== undefined)(titled("the Benchmark page", problem), { timeout: 240_000 }, () => {
  let session: BrowserSession;
  let page: Page;
  beforeAll(async () => {
    session = await BrowserSession.open();
    page = await session.signIn({ acceptDownloads: true });
  });
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
  });

  const entries = () => page.locator(".benchmark-history li");
  const rows = () => page.locator("distribution-table tbody tr");

  /** Measures the process and our container so often. */
  async function measure(runs: number): Promise<void> {
    await page.locator("benchmark-form fieldset").first().waitFor();
    for (const box of await page.locator("benchmark-form input[name=system]").all()) {
      const name = await box.getAttribute("value");
      await box.setChecked(name === "process" || name === "container");
    }
    await page.getByLabel("Rounds").fill(String(runs));
    await page.getByText(/Takes at most .* of memory and .* of disk/).waitFor();
    await page.getByRole("button", { name: "Measure" }).click();
  }

  test("says what it takes, measures, and keeps what it measured", async () => {
    await page.goto(session.at("/benchmark"));
    await page.getByText("Nothing has been measured here yet.").waitFor();
    await measure(6);
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await entries().first().waitFor();
    expect(await page.locator(".benchmark-missing dd").allTextContents()).toEqual([]);
    expect(await rows().count()).toBe(2);
    expect(await rows().locator("td:nth-child(2)").allTextContents()).toEqual(["6", "6"]);
    expect(await page.locator("live-ecdf canvas").count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    expect(session.offences).toEqual([]);
  });

  test("is found again by who has looked away, and ends early with what there is", async () => {
    await measure(1000);
    await rows().nth(1).waitFor();
    await page.goto(session.at("/doctor"));
    await page.goto(session.at("/benchmark"));
    await rows().nth(1).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("interrupted", { exact: true }).waitFor();
    expect(await entries().count()).toBe(2);
    const samples = await rows().locator("td:nth-child(2)").allTextContents();
    for (const count of samples) expect(Number(count)).toBeGreaterThan(0);
    expect(session.offences).toEqual([]);
  });

  test("compares two, and names the test", async () => {
    for (const box of await entries().locator("input").all()) await box.check();
    await page.getByRole("button", { name: "Compare the two" }).click();
    const comparison = page.locator(".benchmark-comparison");
    expect(await comparison.locator("caption").textContent()).toMatch(/test/i);
    expect(await comparison.locator("tbody tr").count()).toBeGreaterThan(2);
    expect(session.offences).toEqual([]);
  });

  test("opens one as the whole report, in the colours of the app, and gives it away as a file", async () => {
    await entries().last().locator("a").first().click();
    const frame = page.frameLocator("iframe");
    await frame.getByRole("heading", { name: "How long until a program runs" }).waitFor();
    expect(await frame.locator("html").getAttribute("data-theme")).toBe("light");
    await page.getByRole("button", { name: "Dark" }).click();
    await frame.locator('html[data-theme="dark"]').waitFor();
    const scrolls = await frame.locator("html").evaluate((root) => root.scrollHeight - root.clientHeight);
    expect(scrolls).toBeLessThanOrEqual(1);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "JSON" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^ringside-benchmark-\d{14}\.json$/);
    const report = benchReportSchema.parse(JSON.parse(readFileSync(await download.path(), "utf8")));
    expect(report.systems.map(({ name }) => name).toSorted()).toEqual(["container", "process"]);
    expect(session.offences).toEqual([]);
  });
});
