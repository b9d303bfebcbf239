/**
 * Makes the README's picture, a race that was really run on this machine: `node test/support/picture.ts [FILE]`. It is
 * written to assets/race.png unless a file is named.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { BrowserSession, browserProblem } from "./browser.ts";
import { ROOT } from "./ringside.ts";

const BOOT_TIMEOUT_MS = 120_000;
const file = process.argv[2] ?? join(ROOT, "assets/race.png");

async function takePicture(): Promise<string> {
  await using session = await BrowserSession.open();
  const page = await session.signIn({ viewport: { width: 1280, height: 996 }, colorScheme: "light" });
  const run = page.getByRole("button", { name: "Run for real" });
  await run.click();
  for (const world of ["process", "container", "vm"]) {
    const lane = page.locator(`.lane[data-world="${world}"]`);
    await lane.locator(".provenance b", { hasText: "measured" }).waitFor({ timeout: BOOT_TIMEOUT_MS });
  }
  await run.waitFor();
  await page.mouse.move(0, 0);
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
  mkdirSync(dirname(file), { recursive: true });
  await page.screenshot({ path: file, fullPage: false });
  return `${file}: ${Math.ceil(statSync(file).size / 1024)} KiB`;
}

const problem = browserProblem();
if (problem !== undefined) throw new Error(`take a picture of the race: ${problem}`);
console.log(await takePicture());
