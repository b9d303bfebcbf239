/** A lesson in a real browser: predicted before revealed, done in a live container, remembered after a reload. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BrowserSession, browserProblem, PATIENCE_MS, titled } from "../support/browser.ts";
import { containerProblem } from "../support/inside.ts";

const problem = browserProblem();
const noContainers = problem ?? containerProblem();

describe.skipIf(problem !== undefined)(titled("a lesson in a browser", problem), { timeout: 180_000 }, () => {
  let session: BrowserSession;
  let page: Page;
  beforeAll(async () => {
    session = await BrowserSession.open();
    page = await session.signIn();
    await page.goto(session.at("/lessons/namespaces"));
  }, 180_000);
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
  });

  test("reveals nothing before a guess, locks the guess at the reveal, and keeps both over a reload", async () => {
    const question = page.locator("predict-choice#ps");
    const reveal = question.getByRole("button", { name: "Reveal the answer" });
    expect(await reveal.isDisabled()).toBe(true);
    expect(await question.locator(".reveal").count()).toBe(0);
    await question.getByRole("radio").first().check();
    await reveal.click();
    await question.locator('.reveal[data-right="false"]').waitFor();
    expect(await question.getByRole("radio").first().isDisabled()).toBe(true);
    await page.reload();
    await question.locator('.reveal[data-right="false"]').waitFor();
    expect(await question.getByRole("radio").first().isChecked()).toBe(true);
  });

  test("computes the answer that the simulator knows, and says where it comes from", async () => {
    const question = page.locator("predict-choice#below");
    await question.getByRole("spinbutton").fill("0");
    await question.getByRole("button", { name: "Reveal the answer" }).click();
    await question.locator('.reveal[data-right="true"]').waitFor();
    expect(await question.locator(".provenance-line").textContent()).toContain("simulated");
  });

  test.skipIf(noContainers !== undefined)(
    titled("says why a check fails, runs a listing in the lab, and remembers what is done", noContainers),
    async () => {
      await page.locator(".dock").getByRole("button", { name: "Start the lab" }).click();
      await page.locator(".dock .xterm-screen").waitFor();
      const task = page.locator("lesson-task#init");
      await task.getByRole("button", { name: "Check" }).click();
      await task.locator('.result[data-passed="false"]', { hasText: "/tmp/init" }).waitFor();
      await page.locator(".dock .xterm-helper-textarea").focus();
      await page.keyboard.type("cat /proc/1/comm > /tmp/init\n");
      await expect
        .poll(
          async () => {
            await task.getByRole("button", { name: "Check" }).click();
            return task.locator('.result[data-passed="true"]').count();
          },
          { timeout: PATIENCE_MS },
        )
        .toBe(1);
      await page.reload();
      await page.locator('lesson-task#init [data-done="true"]').waitFor();
      // The lab is still the same one.
      await page.locator(".dock .xterm-screen").waitFor();
      expect(session.offences).toEqual([]);
    },
  );

  test("goes one step a screen in the walkthrough, by keys, and comes back to the same step", async () => {
    await page.goto(session.at("/lessons/namespaces/walk"));
    await page.locator(".walk-title h1").waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press(" ");
    await page.locator(".walk-count", { hasText: /^3 of/ }).waitFor();
    await page.reload();
    await page.locator(".walk-count", { hasText: /^3 of/ }).waitFor();
    await page.keyboard.press("End");
    expect(await page.getByRole("button", { name: "On →" }).isDisabled()).toBe(true);
    await page.keyboard.press("Escape");
    await page.locator("lesson-page h1").waitFor();
  });
});
