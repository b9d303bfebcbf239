/** The lab in a real browser: a virtual machine, typed into on its console and in a second terminal beside it. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BrowserSession, browserProblem, PATIENCE_MS, terminalText } from "../support/browser.ts";
import { describeWhere } from "../support/needs.ts";
import { VIRTUAL_MACHINES } from "../support/vms.ts";

async function type(page: Page, text: string, at: number): Promise<void> {
  await page.locator("terminal-pane").nth(at).locator(".xterm-helper-textarea").focus();
  await page.keyboard.type(text);
}

/** A guest boots under emulation, beside other tests. */
const BOOT_MS = 2 * PATIENCE_MS;

async function shows(page: Page, text: string, at: number): Promise<void> {
  await expect.poll(() => terminalText(page, at), { timeout: BOOT_MS }).toContain(text);
}

describeWhere([browserProblem, ...VIRTUAL_MACHINES], "a virtual machine of the lab in a browser", () => {
  let session: BrowserSession;
  let page: Page;
  beforeAll(async () => {
    session = await BrowserSession.open();
    page = await session.signIn();
    await page.goto(session.at("/lab"));
    await page.getByRole("button", { name: "virtual machine", exact: true }).click();
    await page.getByRole("button", { name: "Start a virtual machine" }).click();
    await page.locator("terminal-pane").first().waitFor();
  }, 180_000);
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
  }, 60_000);

  test("is named with who executes its instructions, and its console takes what is typed", {
    timeout: 180_000,
  }, async () => {
    await page
      .getByText(/software emulation|hardware KVM/)
      .first()
      .waitFor();
    await shows(page, "#", 0);
    await type(page, "echo on-the-$((1 + 1))nd > /tmp/note; cat /proc/1/comm\n", 0);
    await shows(page, "\ninit", 0);
  });

  test("has a second shell with a terminal of its own size, in the same guest", { timeout: 180_000 }, async () => {
    await page.getByRole("button", { name: "another shell" }).click();
    await page.locator("terminal-pane").nth(1).locator(".xterm-screen").waitFor();
    await shows(page, "#", 1);
    await type(page, "cat /tmp/note; tty; stty size\n", 1);
    await shows(page, "\non-the-2nd\n/dev/pts/0\n", 1);
    const columns = async (): Promise<number> => Number(/^\d+ (\d+)$/m.exec(await terminalText(page, 1))?.[1] ?? 0);
    await expect.poll(columns, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
    const before = await columns();
    await page.setViewportSize({ width: 700, height: 900 });
    const askAgain = async (): Promise<number> => {
      await type(page, "clear; stty size\n", 1);
      return columns();
    };
    await expect.poll(askAgain, { timeout: PATIENCE_MS, interval: 300 }).toBeLessThan(before);
    await type(page, "exit 9\n", 1);
    await page.getByText("Ended with exit code 9.").waitFor();
    expect(session.offences).toEqual([]);
  });

  test("goes with the button, and nothing of it is left in the list", { timeout: 180_000 }, async () => {
    await page.getByRole("button", { name: "remove" }).first().click();
    await page.getByText("Nothing runs yet").waitFor();
  });
});
