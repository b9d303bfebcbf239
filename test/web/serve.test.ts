/**
 * `ringside serve` as people start it, in a process of its own: what it prints, which port it takes, and what is left of
 * its machines when it is asked to stop, and when it is killed.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createNetServer } from "node:net";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { listContainers } from "../../runtime/container/state.ts";
import { BASE_IMAGE } from "../../runtime/image/image.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";

/** The command line with this one command, so that the test needs no bundle. */
const PROGRAM = `
  import { Command } from "commander";
  import { registerServe } from ${JSON.stringify(pathToFileURL("runtime/cli/serve.ts").href)};
  const program = new Command();
  registerServe(program);
  program.parseAsync().catch((error) => {
    process.stderr.write(error.message + " | " + error.fix + "\\n");
    process.exitCode = error.exitCode;
  });
`;

class Serving implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown[]>;
  errors = "";
  readonly #lines: string[] = [];
  #wake: () => void = () => {};

  constructor(...options: readonly string[]) {
    const argv = ["--input-type=module", "--eval", PROGRAM, "--", "serve", ...options];
    this.process = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
    this.exited = once(this.process, "exit");
    const { stdout, stderr } = this.process;
    if (stdout === null || stderr === null) throw new Error("the server has no output");
    createInterface(stdout).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
    void this.exited.then(() => this.#wake());
  }

  /** The address that it printed. */
  async address(): Promise<URL> {
    while (this.#lines.length === 0) {
      if (this.process.exitCode !== null) throw new Error(`the server ended: ${this.errors}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return new URL(/http:\S+/.exec(this.#lines[0] ?? "")?.[0] ?? "");
  }

  async signIn(): Promise<{ readonly cookie: string; readonly origin: string }> {
    const address = await this.address();
    const answer = await fetch(address, { redirect: "manual" });
    return { cookie: answer.headers.get("set-cookie")?.split(";")[0] ?? "", origin: address.origin };
  }

  async createContainer(): Promise<string> {
    const { cookie, origin } = await this.signIn();
    const body = { kind: "container", image: BASE_IMAGE, size: { columns: 80, rows: 24 } };
    const headers = { cookie, origin, "content-type": "application/json" };
    const answer = await fetch(`${origin}/api/lab`, { method: "POST", headers, body: JSON.stringify(body) });
    const { name }: { name: string } = JSON.parse(await answer.text());
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.exited;
  }
}

describe("ringside serve", () => {
  test("prints one address with a token that opens a session once, on loopback", async () => {
    await using serving = new Serving("--port", "0");
    const address = await serving.address();
    expect(address.hostname).toBe("127.0.0.1");
    expect(address.searchParams.get("token")).toMatch(/^[\w-]{43}$/);
    const { cookie, origin } = await serving.signIn();
    expect((await fetch(`${origin}/api/lab`, { headers: { cookie } })).status).toBe(200);
    expect((await fetch(address, { redirect: "manual" })).status).toBe(403);
  });

  test("takes the next free port when nobody asked for one, and says so", async () => {
    await using first = new Serving();
    const port = Number((await first.address()).port);
    await using second = new Serving();
    expect(Number((await second.address()).port)).toBeGreaterThan(port);
    expect(second.errors).toContain("is taken");
  });

  test("does not take another port than the one asked for", async () => {
    const holder = createNetServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const address = holder.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await using serving = new Serving("--port", String(port));
    const [code] = await serving.exited;
    expect([code, serving.errors]).toEqual([
      125,
      expect.stringMatching(/EADDRINUSE.*\| give another one with --port/s),
    ]);
    holder.close();
  });

  test.each([
    ["--port", "70000", /"70000" is not a port/],
    ["--port", "http", /"http" is not a port/],
    ["--host", "203.0.113.7", /address of this machine/],
  ])("refuses %s %s in words", async (option, value, words) => {
    await using serving = new Serving(option, value);
    const [code] = await serving.exited;
    expect([code, serving.errors]).toEqual([125, expect.stringMatching(words)]);
  });

  test("warns where other machines can reach it, and is then found under its own address", async () => {
    await using serving = new Serving("--host", "0.0.0.0", "--port", "0");
    const address = await serving.address();
    expect(address.hostname).toBe("localhost");
    expect(serving.errors).toContain("can run programs on this machine");
    expect((await fetch(`http://127.0.0.1:${address.port}/api/lab`)).status).toBe(401);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends by itself after %s, with status 0", async (signal) => {
    await using serving = new Serving("--port", "0");
    await serving.address();
    serving.process.kill(signal);
    expect(await serving.exited).toEqual([0, null]);
  });
});

describeWhere(CONTAINERS, "its machines", () => {
  const exists = (name: string): boolean => listContainers().some((container) => container.name === name);

  test("are removed when it is asked to stop", async () => {
    await using serving = new Serving("--port", "0");
    const name = await serving.createContainer();
    expect(exists(name)).toBe(true);
    serving.process.kill("SIGTERM");
    expect(await serving.exited).toEqual([0, null]);
    expect(exists(name)).toBe(false);
  });

  test("do not survive when it is killed", async () => {
    await using serving = new Serving("--port", "0");
    const name = await serving.createContainer();
    const pid = listContainers().find((container) => container.name === name)?.init?.pid ?? 0;
    expect(pid).toBeGreaterThan(0);
    serving.process.kill("SIGKILL");
    await serving.exited;
    await until(() => !isRunning(pid));
    await until(() => listContainers().find((container) => container.name === name)?.status !== "running");
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}
