/** The wrapper `ringside`: from anywhere, for anybody, every argument as it is, a set-up only when one is due. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary.ts";
import { type Checkout, makeCheckout } from "./fixture.ts";

const onlyLinux = test.skipIf(process.platform !== "linux");
const onlyRoot = test.skipIf(process.platform !== "linux" || process.getuid?.() !== 0);

/** A checkout where the command line has been built, and where any further set-up would be seen. */
async function makeBuilt(command = "explain"): Promise<Checkout> {
  const checkout = makeCheckout();
  checkout.offer("g++", "make", "python3");
  await checkout.setUp(command);
  writeFileSync(join(checkout.root, "set-up.mjs"), "console.error('set-up was called for', process.argv[2]);");
  return checkout;
}

describe("the wrapper", () => {
  onlyLinux("sets up what the command needs on a fresh clone, then runs it", async () => {
    const checkout = makeCheckout();
    const outcome = await checkout.ringside(["explain", "ringside/base", "sh"]);
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout)).toEqual(["explain", "ringside/base", "sh"]);
    expect(checkout.calls()).toEqual(["vite cli"]);
  });

  onlyLinux("hands every argument on as it is, and the exit code back", async () => {
    const checkout = await makeBuilt();
    const args = ["explain", "a b", "", "$HOME", "*", "--x=y z", "'\"`", "-", "--env-file", "/none"];
    const outcome = await checkout.ringside(args, { environment: { EXIT: "42" } });
    expect(outcome).toEqual({ code: 42, stdout: `${JSON.stringify(args)}\n`, stderr: "" });
  });

  onlyLinux("works through symbolic links and from any directory", async () => {
    const checkout = await makeBuilt();
    const elsewhere = temporaryDirectory();
    symlinkSync(join(checkout.root, "ringside"), join(elsewhere, "one"));
    symlinkSync("one", join(elsewhere, "two"));
    const outcome = await checkout.ringside(["explain"], { cwd: elsewhere, path: join(elsewhere, "two") });
    expect(outcome).toMatchObject({ code: 0, stdout: '["explain"]\n', stderr: "" });
    checkout.script("env", "");
    const relative = await checkout.ringside(["explain"], { cwd: join(checkout.root, "runtime"), path: "../ringside" });
    expect(relative).toMatchObject({ code: 0, stderr: "" });
  });

  onlyLinux.each([
    ["explain", "runtime/plan/mounts.ts", true],
    ["explain", "web/server/routes.ts", true],
    ["explain", "web/client/page.ts", false],
    ["explain", "native/launcher/mounts.cc", false],
    ["simulate", "simulator/engine/clock.ts", true],
    ["explain", "native/build/Release/generated.ts", false],
    ["ps", "runtime/container/state.ts", true],
    ["ps", "simulator/zos/dispatcher.ts", false],
  ] as const)("asks for a set-up for %s after a change of %s: %s", async (command, path, expected) => {
    const checkout = await makeBuilt(command);
    checkout.write(path);
    const { stderr } = await checkout.ringside([command]);
    expect(stderr).toBe(expected ? `set-up was called for ${command}\n` : "");
  });

  onlyLinux("asks for a set-up where a command needs an image that is not there", async () => {
    const checkout = await makeBuilt();
    for (const command of ["run", "vm", "serve"]) {
      expect((await checkout.ringside(["--debug", command])).stderr).toBe(`set-up was called for ${command}\n`);
    }
    for (const command of ["explain", "simulate", "doctor", "--help", "--version"]) {
      expect((await checkout.ringside([command])).stderr).toBe("");
    }
  });

  onlyRoot("runs for an ordinary user in root's checkout, even where a source is younger", async ({ skip }) => {
    const checkout = await makeBuilt();
    checkout.write("runtime/plan/mounts.ts");
    for (const path of [checkout.root, checkout.programs]) chmodSync(path, 0o755);
    const home = temporaryDirectory();
    chownSync(home, 65534, 65534);
    const args = ["--reuid=65534", "--regid=65534", "--clear-groups", join(checkout.root, "ringside"), "explain"];
    const env = { PATH: checkout.programs, HOME: home };
    // The Node of the checkout has to be within reach of that user for this to say anything.
    const node = join(checkout.root, "node_modules/.bin/node");
    skip(!canRun(node), "an ordinary user may not run the Node of this test");
    expect(execFileSync("/usr/bin/setpriv", args, { env, encoding: "utf8" })).toBe('["explain"]\n');
    expect(readdirSync(home)).toEqual([]);
  });

  onlyLinux("says what to type where nothing could be built", async () => {
    const checkout = makeCheckout();
    rmSync(join(checkout.root, "node_modules/vite/bin/vite.js"));
    const outcome = await checkout.ringside(["explain"]);
    expect(outcome.code).toBe(125);
    expect(outcome.stderr).toMatch(/could not be built/);
    expect(outcome.stderr).toMatch(/ringside: has not been set up .*; to fix it: cd .* && node set-up\.mjs explain\n$/);
  });
});

function canRun(program: string): boolean {
  try {
    execFileSync("/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", program, "--version"]);
    return true;
  } catch {
    return false;
  }
}
