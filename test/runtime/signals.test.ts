/**
 * Signals of the caller's that come before there is anybody to get them. A FIFO in place of a file of variables keeps the
 * command where its start has not begun, and its program is no PID 1: what it has no handler for ends it.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { holdSignals } from "../../runtime/cli/held-signals.ts";
import { BUNDLES, bundleConfig, makeBundle } from "../support/bundle.ts";
import { detached, ownRoot } from "../support/detached.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { COMMAND_LINE } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const SIGNALED = 128;

function makeFifo(): string {
  const path = join(temporaryDirectory(), "fifo");
  spawnSync("mkfifo", [path]);
  return path;
}

/** Signals `ringside ARGS…` while it waits for the other end of `fifo`, lets it go on, and waits for its end. */
async function signalledEarly(fifo: string, signals: readonly NodeJS.Signals[], args: readonly string[]) {
  // Behind "--" nothing is Node's: it would take an --env-file for its own wherever that stands.
  const child = spawn(process.execPath, ["--", COMMAND_LINE, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "close");
  // Opens as soon as the command does: that it has come so far.
  const end = await open(fifo, "w");
  for (const signal of signals) child.kill(signal);
  await end.close();
  const [code, signal] = await ended;
  return { code, signal };
}

describeWhere(CONTAINERS, "a signal that comes before the program runs", () => {
  test.each(["SIGTERM", "SIGUSR1", "SIGHUP", "SIGINT"] as const)("is handed on to it by run: %s", async (signal) => {
    ownRoot();
    const fifo = makeFifo();
    const args = ["run", "--rm", "--pid", "host", "--env-file", fifo, "ringside/base", "sleep", "600"];
    const { code } = await signalledEarly(fifo, [signal], args);
    expect(code).toBe(SIGNALED + constants.signals[signal]);
  });

  test("is handed on to it by exec, and the container runs on", async () => {
    ownRoot();
    const { id, state } = await detached("exec sleep 600");
    const fifo = makeFifo();
    const { code } = await signalledEarly(fifo, ["SIGTERM"], ["exec", "--env-file", fifo, id, "sleep", "600"]);
    expect(code).toBe(SIGNALED + constants.signals.SIGTERM);
    expect(state().status).toBe("running");
  });
});

describeWhere(BUNDLES, "a signal that comes while a hook of a bundle runs", () => {
  test("is handed on to the program", async () => {
    const bundle = makeBundle();
    const fifo = makeFifo();
    const config = bundleConfig(bundle, {
      script: "exec sleep 600",
      linux: { namespaces: [{ type: "mount" }, { type: "uts" }] },
    });
    const hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `read line < ${fifo}; true`] }] };
    writeFileSync(join(bundle.path, "config.json"), JSON.stringify({ ...config, hooks }));
    const root = temporaryDirectory();
    const args = ["oci", "--root", root, "run", "--bundle", bundle.path, `early-${process.pid}`];
    expect((await signalledEarly(fifo, ["SIGTERM"], args)).code).toBe(SIGNALED + constants.signals.SIGTERM);
  });
});

test("signals are kept in their order until somebody gets them, and then come at once", async () => {
  const held = holdSignals(["SIGUSR2", "SIGHUP"]);
  onTestFinished(() => held.release());
  const got: string[] = [];
  const heard = once(process, "SIGHUP");
  process.kill(process.pid, "SIGHUP");
  await heard;
  held.handTo((signal) => got.push(signal));
  expect(got).toEqual(["SIGHUP"]);
  const later = once(process, "SIGUSR2");
  process.kill(process.pid, "SIGUSR2");
  await later;
  expect(got).toEqual(["SIGHUP", "SIGUSR2"]);
});
