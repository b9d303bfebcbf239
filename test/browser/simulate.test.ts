/** Simulations in a real browser: asked first, run, locked, drawn; knobs turn and the address follows. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BrowserSession, browserProblem, titled } from "../support/browser.ts";

const problem = browserProblem();

describe.skipIf(problem !== undefined)(titled("simulations in a browser", problem), { timeout: 180_000 }, () => {
  let session: BrowserSession;
  beforeAll(async () => {
    session = await BrowserSession.open();
  });
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
  });

  test("are found by theme, ask first, lock the guess with the run, and answer", async () => {
    const page = await session.signIn();
    await page.goto(session.at("/simulate"));
    await page.getByRole("link", { name: "One system call in three kernels" }).click();
    await page.getByRole("radio", { name: "once", exact: true }).check();
    expect(await page.locator("timeline-figure, metric-table, .claim").count()).toBe(0);
    await page.getByRole("button", { name: "Run it" }).click();
    await page.locator("svg.waterline .outline[d^=M]").nth(3).waitFor({ state: "attached" });
    expect(await page.getByRole("radio", { name: "once", exact: true }).isDisabled()).toBe(true);
    expect(await page.locator(".reveal").textContent()).toContain("Not as predicted. It comes out as: never.");
    expect(await page.locator(".claim").textContent()).toContain("Holds loosely");
    await page.reload();
    await page.locator("metric-table").waitFor();
    expect(await page.getByRole("radio", { name: "once", exact: true }).isChecked()).toBe(true);
    expect(session.offences).toEqual([]);
  });

  test("of many tracks show a few and the others on request; captions take the cursor to their place", async () => {
    const page = await session.signIn();
    await page.goto(session.at("/simulate/hundred-sites#knob.sites=6&knob.cpus=6&knob.databaseMiB=4"));
    await page.locator("metric-table").waitFor();
    expect(await page.locator('.lane[data-world="container"] .strip').count()).toBe(4);
    await page.getByRole("button", { name: "Show 6 more tracks" }).click();
    expect(await page.locator('.lane[data-world="container"] .strip').count()).toBe(6);
    const place = page.locator("caption-list .places button[data-world=container]").last();
    const moment = ((await place.textContent()) ?? "").split(", ")[1] ?? "";
    await place.click();
    expect(moment).not.toBe("");
    // The figure is drawn anew in the next frame.
    await page.locator("output.cursor-time", { hasText: moment }).waitFor();
  });

  test("turn their knobs, and the address shows the same again", async () => {
    const page = await session.signIn();
    await page.goto(session.at("/simulate/startup-race#seed=3"));
    const name = page.locator("metric-table tr", { has: page.getByText("gone", { exact: true }) });
    const before = await name.textContent();
    await page.locator(".knob", { hasText: "who makes the container" }).locator("select").selectOption("runc");
    await page.getByText("Container: runc").waitFor();
    const turned = await name.textContent();
    expect(turned).not.toBe(before);
    expect(page.url()).toContain("#seed=3&knob.runtime=runc");
    await page.reload();
    expect(await name.textContent()).toBe(turned);
  });

  test("that nobody wrote are missed politely", async () => {
    const page = await session.signIn();
    await page.goto(session.at("/simulate/tea"));
    await page.getByText("There is no such simulation").waitFor();
  });
});
