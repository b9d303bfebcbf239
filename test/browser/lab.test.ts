/** The lab in a real browser: a terminal in a live container, through a reload and a flood; and a stranger's page. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BrowserSession, browserProblem, PATIENCE_MS, terminalText, titled } from "../support/browser.ts";
import { containerProblem } from "../support/inside.ts";

const problem = browserProblem() ?? containerProblem();

async function startContainer(page: Page, session: BrowserSession): Promise<void> {
  await page.goto(session.at("/lab"));
  await page.getByRole("button", { name: "Start a container" }).click();
  await page.locator("terminal-pane .xterm-accessibility-tree", { hasText: "#" }).first().waitFor();
}

async function type(page: Page, text: string): Promise<void> {
  await page.locator("terminal-pane .xterm-helper-textarea").first().focus();
  await page.keyboard.type(text);
}

async function shows(page: Page, text: string): Promise<void> {
  await expect.poll(() => terminalText(page), { timeout: PATIENCE_MS }).toContain(text);
}

describe.skipIf(problem !== undefined)(titled("the lab in a browser", problem), { timeout: 180_000 }, () => {
  let session: BrowserSession;
  let page: Page;
  beforeAll(async () => {
    session = await BrowserSession.open();
    page = await session.signIn();
    await startContainer(page, session);
  }, 180_000);
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
  });

  test("sends what is typed to the shell and shows what it says", async () => {
    await type(page, "echo sum-$((40 + 2))\n");
    await shows(page, "\nsum-42");
    expect(session.offences).toEqual([]);
  });

  test("has its screen intact after a reload", async () => {
    await type(page, "echo before-the-reload\n");
    await shows(page, "\nbefore-the-reload");
    await page.reload();
    await shows(page, "\nbefore-the-reload");
    await type(page, "echo and-$((1 + 1))-after\n");
    await shows(page, "\nand-2-after");
  });

  test("answers Ctrl-C while its output floods", async () => {
    await type(page, "yes\n");
    await shows(page, "y\ny\ny\ny");
    await page.keyboard.press("Control+c");
    await type(page, "echo stopped-$?\n");
    await shows(page, "\nstopped-130");
  });

  test("tells the shell when its window changes", async () => {
    await type(page, "clear; stty size\n");
    const columns = async (): Promise<number> => Number(/^\d+ (\d+)$/m.exec(await terminalText(page))?.[1] ?? 0);
    await expect.poll(columns, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
    const before = await columns();
    await page.setViewportSize({ width: 700, height: 900 });
    const askAgain = async (): Promise<number> => {
      await type(page, "clear; stty size\n");
      return columns();
    };
    await expect.poll(askAgain, { timeout: PATIENCE_MS, interval: 300 }).toBeLessThan(before);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test("opens another shell beside the first", async () => {
    await page.getByRole("button", { name: "another shell" }).first().click();
    await page.locator("terminal-pane").nth(1).locator(".xterm-screen").waitFor();
    await expect.poll(() => terminalText(page, 1), { timeout: PATIENCE_MS }).toContain("#");
  });

  test("lists the start's operations with their times", async () => {
    await page.getByRole("link", { name: "how it started" }).first().click();
    await page.locator("ol.plan li").first().waitFor();
    const operations = await page.locator("ol.plan .op").allTextContents();
    expect(operations.some((calls) => calls.includes("clone3"))).toBe(true);
    expect(operations.some((calls) => calls.includes("execve"))).toBe(true);
    expect(await page.locator("start-plan svg.waterline .outline[d^=M]").count()).toBe(1);
  });

  test("says how the program ended, and removes the machine", async () => {
    await page.goto(session.at("/lab"));
    await shows(page, "#");
    await type(page, "exit 7\n");
    await page.getByText("Ended with exit code 7.").first().waitFor();
    await page.getByRole("button", { name: "remove" }).first().click();
    await page.getByText("Nothing runs yet").waitFor();
  });

  test("gives a page of another origin nothing, even in the browser that is signed in", async () => {
    await using stranger = await Stranger.open();
    const visitor = await page.context().newPage();
    await visitor.goto(stranger.origin);
    const outcome = await visitor.evaluate(attack, session.server.origin);
    expect(outcome).toEqual({ read: "refused", made: "refused", socket: "refused" });
    const list = await page.evaluate(async () => (await fetch("/api/lab")).json());
    expect(list).toEqual({ machines: [] });
    session.offences.length = 0;
  });
});

/** What a stranger's page may try from inside a browser that is signed in. */
async function attack(target: string): Promise<{ read: string; made: string; socket: string }> {
  const tried = async (request: Promise<unknown>): Promise<string> =>
    request.then(() => "answered").catch(() => "refused");
  const body = JSON.stringify({ kind: "container", image: "ringside/base", size: { columns: 80, rows: 24 } });
  const connected = new Promise<string>((resolve) => {
    const socket = new WebSocket(`${target.replace("http", "ws")}/api/terminal`);
    socket.addEventListener("open", () => resolve("answered"));
    socket.addEventListener("error", () => resolve("refused"));
  });
  return {
    read: await tried(fetch(`${target}/api/lab`, { credentials: "include" })),
    made: await tried(
      fetch(`${target}/api/lab`, {
        method: "POST",
        credentials: "include",
        body,
        headers: { "content-type": "application/json" },
      }),
    ),
    socket: await connected,
  };
}

/** A web server of somebody else, on this machine too: the hardest neighbour to tell apart. */
class Stranger implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Stranger> {
    const server = createServer((_, response) =>
      response.setHeader("content-type", "text/html").end("<title>stranger</title>"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Stranger(server);
  }

  get origin(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
