/**
 * A real Chromium with a real server behind it: a signed-in page of the built app, and whatever that page did that it
 * must not do: requests to other origins, errors, violations of the content security policy.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { SYSTEM_CLOCK } from "../../web/server/clock.ts";
import { RuntimeBackend } from "../../web/server/real/runtime-backend.ts";
import { TestServer } from "./web/visitor.ts";

const APP = fileURLToPath(new URL("../../dist/web", import.meta.url));
const CHROMIUMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Nothing of the browser's own may go out. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a page may take for one thing. */
export const PATIENCE_MS = 60_000;

/** Why there is no browser here; undefined where there is one. */
export function chromiumProblem(): string | undefined {
  return CHROMIUMS.some((path) => existsSync(path)) ? undefined : "there is no Chromium";
}

/** A browser without a server: for what runs in a page that nobody serves. */
export function launchChromium(): Promise<Browser> {
  const executablePath = CHROMIUMS.find((path) => existsSync(path)) ?? "";
  return chromium.launch({ executablePath, args: QUIET, downloadsPath: tmpdir() });
}

/** Why no browser test can run here; undefined where they can. */
export function browserProblem(): string | undefined {
  const missing = chromiumProblem();
  if (missing !== undefined) return missing;
  return existsSync(join(APP, "index.html")) ? undefined : "the app has not been built";
}

/** Adds the reason to a title, as the house wants skipped tests to say why. */
export function titled(title: string, problem: string | undefined): string {
  return problem === undefined ? title : `${title} [skipped: ${problem}]`;
}

export class BrowserSession implements AsyncDisposable {
  readonly server: TestServer;
  /** Everything that no page of ours may cause. */
  readonly offences: string[] = [];
  readonly #browser: Browser;
  /** What the server keeps. */
  readonly #directory: string;

  private constructor(server: TestServer, browser: Browser, directory: string) {
    this.server = server;
    this.#browser = browser;
    this.#directory = directory;
  }

  static async open(): Promise<BrowserSession> {
    let session: BrowserSession | undefined;
    const directory = mkdtempSync(join(tmpdir(), "ringside-browser-"));
    const backend = new RuntimeBackend((error) => session?.offences.push(`server: ${String(error)}`), {
      historyFile: join(directory, "bench.sqlite"),
    });
    const server = await new TestServer(APP, backend, SYSTEM_CLOCK).listen();
    const browser = await launchChromium();
    session = new BrowserSession(server, browser, directory);
    return session;
  }

  /** A browser of its own that has opened the printed address. */
  async signIn(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.visit(options);
    const page = await context.newPage();
    await page.goto(`${this.server.origin}/?token=${this.server.sessions.renewToken()}`);
    return page;
  }

  /** A browser of its own that nobody knows. */
  async visit(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    // Other tests run beside these on few processors; these limits only end what hangs.
    context.setDefaultTimeout(PATIENCE_MS);
    // What a terminal shows is read from what it tells a screen reader.
    await context.addInitScript(() => {
      if (location.protocol === "http:") localStorage.setItem("ringside.terminal.screen-reader", "yes");
    });
    context.on("page", (page) => this.#watch(page));
    return context;
  }

  /** The address of a page of the app. */
  at(path: string): string {
    return this.server.origin + path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.server.server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #watch(page: Page): void {
    const own = [this.server.origin, this.server.origin.replace("http", "ws"), "blob:", "data:", "about:"];
    page.on("request", (request) => {
      if (!own.some((start) => request.url().startsWith(start))) this.offences.push(`request: ${request.url()}`);
    });
    page.on("pageerror", (error) => this.offences.push(`error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.offences.push(`console: ${message.text()}`);
    });
  }
}

/** What a terminal shows, as a screen reader would hear it. */
export async function terminalText(page: Page, at = 0): Promise<string> {
  const lines = page.locator("terminal-pane").nth(at).locator(".xterm-accessibility-tree > *");
  return (await lines.allTextContents()).map((line) => line.trimEnd()).join("\n");
}
