/** A report's file in a real browser, from disk: whole without network and script, accessible, harmless whatever is in it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { htmlReport } from "../../runtime/bench/report/html.ts";
import { violations } from "../support/axe.ts";
import { generatedReport, poisoned } from "../support/bench-report.ts";
import { chromiumProblem, launchChromium, titled } from "../support/browser.ts";

const problem = chromiumProblem();
const REPORT = generatedReport(1);

/** What a hostile report would have in its names. */
const ATTACK = `"'><img src=x onerror="globalThis.hit=1"><script>globalThis.hit=1</script></style></title><svg/onload=globalThis.hit=1>`;

describe.skipIf(problem !== undefined)(titled("a report's file", problem), { timeout: 120_000 }, () => {
  let browser: Browser;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "ringside-report-"));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Opens a report, and keeps what it asked for beside its own file. */
  async function open(html: string, options: BrowserContextOptions = {}): Promise<{ page: Page; asked: string[] }> {
    const file = join(directory, "report.html");
    writeFileSync(file, html);
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const asked: string[] = [];
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) asked.push(request.url());
    });
    page.on("console", (message) => asked.push(message.text()));
    page.on("pageerror", (error) => asked.push(error.message));
    await page.goto(pathToFileURL(file).href);
    return { page, asked };
  }

  test.each([
    ["a phone, dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" as const }],
    ["a wide screen, light", { viewport: { width: 1600, height: 1000 }, colorScheme: "light" as const }],
  ])("fits, is accessible and asks for nothing on %s", async (_, options) => {
    const { page, asked } = await open(htmlReport(REPORT), options);
    for (const summary of await page.locator("summary").all()) await summary.click();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    expect(await violations(page)).toEqual([]);
    expect(asked).toEqual([]);
    await page.context().close();
  });

  test("is whole without its script", async () => {
    const { page } = await open(htmlReport(REPORT), { javaScriptEnabled: false });
    const drawn = await page.locator("figure .lane > svg[role=img]").count();
    expect(drawn).toBeGreaterThan(60);
    const boxes = await Promise.all((await page.locator("figure svg[role=img]").all()).map((svg) => svg.boundingBox()));
    expect(boxes.filter((box) => box === null || box.width < 100 || box.height < 15)).toEqual([]);
    await page.context().close();
  });

  test("shows the moment and the shares under the pointer", async () => {
    const { page } = await open(htmlReport(REPORT));
    const figure = page.locator("figure.lanes").first();
    await figure.locator(".lane > svg[data-places]").nth(2).hover();
    const texts = await figure.locator("text.pointer").allTextContents();
    expect(texts).toHaveLength(REPORT.systems.length);
    for (const text of texts) expect(text).toMatch(/^[\d.]+ (µs|ms|s): \d+ %$/);
    await page.context().close();
  });

  test("runs nothing that a report brings along, and shows it as it is", async () => {
    const { page, asked } = await open(htmlReport(poisoned(REPORT, ATTACK)));
    await page.locator("summary").first().click();
    expect(await page.evaluate(() => Reflect.get(globalThis, "hit") as unknown)).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await page.locator("h2", { hasText: "Method" }).count()).toBe(1);
    expect(await page.getByText(`process${ATTACK}`, { exact: true }).count()).toBeGreaterThan(0);
    // Even markup that got in would find that nothing may run.
    const isRefused = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.hit = 1";
      document.body.append(script);
      return Reflect.get(globalThis, "hit") === undefined;
    });
    expect(isRefused).toBe(true);
    await page.context().close();
  });

  test("prints in ink on white, with every figure on one page", async () => {
    const { page } = await open(htmlReport(REPORT), { colorScheme: "dark", viewport: { width: 680, height: 1000 } });
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
      "rgb(255, 255, 255)",
    );
    const heights = await page
      .locator(".group, .panel")
      .evaluateAll((figures) => figures.map((figure) => figure.getBoundingClientRect().height));
    // A4 less its margins, at 96 pixels to the inch.
    const PAGE_PX = ((297 - 28) / 25.4) * 96;
    expect(heights.filter((height) => height > PAGE_PX)).toEqual([]);
    await page.context().close();
  });
});
