/** The set-up's builds: once, in the right order, again after the right changes, one at a time. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Checkout, makeCheckout } from "./fixture.ts";

const onlyLinux = test.skipIf(process.platform !== "linux");

function withCompiler(): Checkout {
  const checkout = makeCheckout();
  for (const tool of ["g++", "make", "python3"]) checkout.script(tool, "");
  return checkout;
}

describe("the set-up builds what is not there", () => {
  onlyLinux("each part once, a line for each, and nothing the second time", async () => {
    const checkout = withCompiler();
    const first = await checkout.setUp("build");
    expect(first.code).toBe(0);
    expect(first.stdout).toBe("");
    expect(first.stderr.match(/^set-up: .+ \d+\.\d s$/gm)).toHaveLength(3);
    expect(checkout.calls().sort()).toEqual(["node-gyp", "vite cli", "vite web"]);
    const second = await checkout.setUp("build");
    expect(second).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(checkout.calls()).toHaveLength(3);
  });

  onlyLinux.each([
    ["runtime/plan/mounts.ts", ["vite cli"]],
    ["native/launcher/mounts.cc", ["node-gyp"]],
    ["native/probe.c", ["node-gyp"]],
    ["web/client/app.css", ["vite web"]],
    ["web/client/build/plugin.ts", ["vite web"]],
    ["web/protocol/frame.ts", ["vite cli", "vite web"]],
    ["simulator/engine/clock.ts", ["vite cli", "vite web"]],
    ["native/build/Release/obj.target/x.d", []],
    ["test/some.test.ts", []],
  ] as const)("and after a change of %s only %j", async (path, expected) => {
    const checkout = withCompiler();
    await checkout.setUp("build");
    const before = checkout.calls().length;
    checkout.write(path);
    await checkout.setUp("build");
    expect(checkout.calls().slice(before).sort()).toEqual(expected);
    expect(await checkout.setUp("build")).toMatchObject({ stderr: "" });
  });

  onlyLinux("a command that needs only the bundle builds only the bundle", async () => {
    const checkout = withCompiler();
    await checkout.setUp("explain");
    expect(checkout.calls()).toEqual(["vite cli"]);
  });
});

describe("what fails is named, and the rest goes on", () => {
  onlyLinux("without a compiler: the line that would bring it, and both bundles", async () => {
    const checkout = makeCheckout();
    const outcome = await checkout.setUp("build");
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/no g\+\+, no make, no python3/);
    expect(outcome.stderr).toMatch(/to fix it: .*g\+\+/);
    expect(checkout.calls().sort()).toEqual(["vite cli", "vite web"]);
  });

  onlyLinux("a build that fails shows the tool's own words and is tried again next time", async () => {
    const checkout = withCompiler();
    checkout.write("runtime/main.ts", "BROKEN");
    const outcome = await checkout.setUp("explain");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/could not be built[\s\S]*error: BROKEN/);
    checkout.write("runtime/main.ts", "mended");
    expect((await checkout.setUp("explain")).stderr).toMatch(/command line .* s$/m);
  });

  onlyLinux("without npm and its packages: one line, and nothing that could not work is tried", async () => {
    const checkout = withCompiler();
    rmSync(join(checkout.root, "node_modules"), { recursive: true });
    const outcome = await checkout.setUp("build");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/npm is missing/);
    expect(outcome.stderr.trim().split("\n")).toHaveLength(2);
    expect(checkout.calls()).toEqual([]);
  });

  onlyLinux("npm is called where the lock file is younger than what is installed", async () => {
    const checkout = withCompiler();
    checkout.script("npm", 'echo "npm $1" >>calls.log; touch -d "2100-01-01" node_modules/.package-lock.json');
    checkout.write("package-lock.json", "{}");
    await checkout.setUp("explain");
    expect(checkout.calls()).toEqual(["npm ci", "vite cli"]);
  });

  onlyLinux("a lock file without other platforms' packages is installed all the same", async () => {
    const checkout = withCompiler();
    checkout.script(
      "npm",
      'echo "npm $*" >>calls.log; if [ "$1" = ci ]; then echo "npm error code EUSAGE" >&2; exit 1; fi',
    );
    checkout.write("package-lock.json", "{}");
    const outcome = await checkout.setUp("explain");
    expect(outcome.stderr).not.toMatch(/could not/);
    expect(checkout.calls().slice(0, 2)).toEqual([
      expect.stringMatching(/^npm ci /),
      expect.stringMatching(/^npm install --no-save /),
    ]);
  });
});

describe("one set-up at a time", () => {
  onlyLinux("of several that start together one builds and the others wait", async () => {
    const checkout = withCompiler();
    const outcomes = await Promise.all([1, 2, 3].map(() => checkout.setUp("build")));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(checkout.calls().sort()).toEqual(["node-gyp", "vite cli", "vite web"]);
    expect(readdirSync(join(checkout.root, "dist/.stamps")).sort()).toEqual(["cli", "web"]);
  });

  onlyLinux("the lock of a set-up that was killed is taken over", async () => {
    const checkout = withCompiler();
    mkdirSync(join(checkout.root, "dist/.stamps"), { recursive: true });
    writeFileSync(join(checkout.root, "dist/.stamps/lock"), "999999999");
    expect((await checkout.setUp("explain")).code).toBe(0);
    expect(checkout.calls()).toEqual(["vite cli"]);
  });
});
