/** Waiting for the end of a process that is nobody's child here. */
import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { processEnd } from "../../native/kernel.ts";
import { describeWhere, needsLinux, needsNative } from "../support/needs.ts";

describeWhere([needsLinux, needsNative], "the wait for the end of a process", () => {
  test("is over when it ends", async () => {
    const child = spawn("/bin/sleep", ["1000"], { stdio: "ignore" });
    const end = processEnd(child.pid ?? 0, () => true);
    child.kill("SIGKILL");
    await end;
    expect(child.exitCode ?? child.signalCode ?? "SIGKILL").toBe("SIGKILL");
  });

  test("is given up when whoever waits has no more patience", async () => {
    const patience = AbortSignal.timeout(5);
    await processEnd(process.pid, () => true, patience);
    expect(patience.aborted).toBe(true);
    await processEnd(process.pid, () => true, AbortSignal.abort());
  });

  test("is none for a process that has given its number to another", async () => {
    await processEnd(process.pid, () => false);
  });
});
