/**
 * How virtual machines end, and what is left then: in the foreground, left to themselves, and with kill -9 of everybody who
 * has a part in them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isAlive, processIdentity } from "../../runtime/container/process-identity.ts";
import { makeVmDirectory, vmDirectory } from "../../runtime/vm/directory.ts";
import { findVm, listVms, type VmState } from "../../runtime/vm/state.ts";
import { removeVm } from "../../runtime/vm/stop.ts";
import { sweepVms } from "../../runtime/vm/sweep.ts";
import { waitForVm } from "../../runtime/vm/wait.ts";
import { until } from "../support/detached.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { describeWhere, needsNative } from "../support/needs.ts";
import { COMMAND_LINE } from "../support/ringside.ts";
import { VIRTUAL_MACHINES, VmRoot, vm } from "../support/vms.ts";

const LIMIT_MS = 180_000;
const UNTIL_TOLD = "until test -e /told; do sleep 0.1; done; exit 7";

function ownRoot(): VmRoot {
  const root = new VmRoot();
  onTestFinished(() => root[Symbol.asyncDispose](), LIMIT_MS);
  return root;
}

/** `ringside vm run …` in the foreground, to be looked at from outside. */
function foreground(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["--", COMMAND_LINE, ...VmRoot.runArguments(...args)], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** The one machine that there is, once its monitor runs. */
async function theMachine(): Promise<VmState & { readonly process: NonNullable<VmState["process"]> }> {
  await until(() => listVms()[0]?.process !== undefined);
  const [machine] = listVms();
  if (machine?.process === undefined) throw new Error("there is no machine");
  return { ...machine, process: machine.process };
}

async function gone({ pid, startTicks }: { readonly pid: number; readonly startTicks: number }): Promise<void> {
  expect(await untilEmpty(() => (isAlive(pid, startTicks) ? [pid] : []))).toEqual([]);
}

describeWhere(VIRTUAL_MACHINES, "the end of a virtual machine", () => {
  test("in the foreground is its program's, stays known without --rm, and another terminal can wait for it or cause it", {
    timeout: LIMIT_MS,
  }, async () => {
    const root = ownRoot();
    const child = foreground(
      "--name",
      "short",
      "ringside/base",
      "sh",
      "-c",
      "trap 'exit 6' TERM; while :; do sleep 1; done",
    );
    const ended = once(child, "exit");
    await theMachine();
    const waiting = vm("wait", "short");
    expect((await vm("logs", "short")).stderr).toContain("there is no log of short");
    // The agent answers once the guest is up; whoever asks before waits.
    expect(await vm("exec", "short", "hostname")).toMatchObject({ code: 0 });
    expect(await vm("stop", "-t", "60", "short")).toMatchObject({ stdout: "short\n", code: 0 });
    expect(await ended).toEqual([6, null]);
    expect(await waiting).toMatchObject({ stdout: "6\n", code: 0 });
    expect((await vm("ps", "-a")).stdout).toContain("exited with 6");
    expect(await vm("rm", "short")).toMatchObject({ code: 0 });
    expect(root.left()).toEqual([]);
  });

  test("left to itself with --rm tells its exit code to whoever waits, and takes everything along", {
    timeout: LIMIT_MS,
  }, async () => {
    const root = ownRoot();
    const started = await root.run("-d", "--rm", "--name", "brief", "ringside/base", "sh", "-c", UNTIL_TOLD);
    expect(started).toMatchObject({ stderr: "", code: 0 });
    const { owner } = await theMachine();
    const waiting = waitForVm("brief");
    expect(await vm("exec", "brief", "touch", "/told")).toMatchObject({ code: 0 });
    expect(await waiting).toBe(7);
    await gone(owner);
    expect(root.left()).toEqual([]);
  });

  test("is that of kill where the plug is pulled, as for a container", { timeout: LIMIT_MS }, async () => {
    const root = ownRoot();
    const child = foreground("--rm", "ringside/base", "sleep", "1000");
    const ended = once(child, "exit");
    const machine = await theMachine();
    // Nobody has a name for it, so it has no agent, and says so.
    const refused = await vm("exec", machine.id, "true");
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain("without an agent in its guest\n  fix: start it with ringside vm run --agent");
    expect(await vm("kill", machine.id)).toMatchObject({ code: 0 });
    expect(await ended).toEqual([137, null]);
    await gone(machine.process);
    expect(root.left()).toEqual([]);
  });

  test("comes with Ctrl-C during the boot, which leaves nothing", { timeout: LIMIT_MS }, async () => {
    const root = ownRoot();
    const child = foreground("-d", "ringside/base", "sleep", "1000");
    const ended = once(child, "exit");
    const machine = await theMachine();
    child.kill("SIGINT");
    await ended;
    await gone(machine.process);
    await gone(machine.owner);
    expect(root.left()).toEqual([]);
  });

  test("comes with kill -9 of its owner, and nothing is left after the next command", {
    timeout: LIMIT_MS,
  }, async () => {
    const root = ownRoot();
    const child = foreground("ringside/base", "sleep", "1000");
    const machine = await theMachine();
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    await gone(machine.process);
    expect((await vm("ps", "-aq")).stdout).toBe("");
    expect(root.left()).toEqual([]);
  });

  test("comes with kill -9 of its monitor, or of QEMU, and is written down: 137", { timeout: LIMIT_MS }, async () => {
    const root = ownRoot();
    for (const victim of ["owner", "process"] as const) {
      expect(await root.run("-d", "--name", victim, "ringside/base", "sleep", "1000")).toMatchObject({ code: 0 });
      const machine = listVms().find(({ name }) => name === victim);
      if (machine?.process === undefined) throw new Error(`there is no machine ${victim}`);
      process.kill(machine[victim]?.pid ?? 0, "SIGKILL");
      await gone(machine.process);
      await gone(machine.owner);
      await sweepVms();
      expect(findVm(victim).exit?.status).toEqual({ kind: "signaled", signal: "SIGKILL" });
      expect(await waitForVm(victim)).toBe(137);
      await removeVm(victim);
    }
    expect(root.left()).toEqual([]);
  });
});

describeWhere([needsNative], "sweeping up after virtual machines", () => {
  const dead = { pid: process.pid, startTicks: (processIdentity(process.pid)?.startTicks ?? 0) + 1 };

  function record(id: string, more: Readonly<Record<string, unknown>>): void {
    const directory = vmDirectory(id);
    mkdirSync(directory.path, { recursive: true });
    const facts = { schema: "ringside.vm/1", id, name: `vm-${id}`, image: "ringside/base", command: ["true"] };
    const kinds = { vmm: "qemu", vmmVersion: "7", machine: "microvm", kernelVersion: "6", accelerator: "tcg" };
    const rest = { acceleratorLabel: "", acceleratorReason: "", memoryBytes: 1, root: "initramfs", ports: [] };
    const life = { createdAt: "2026-11-23T00:00:00Z", terminal: false, input: false, remove: false };
    writeFileSync(directory.record, JSON.stringify({ ...facts, ...kinds, ...rest, ...life, ...more }));
  }

  test("takes what a dead owner has left, and nothing of a living one's", async () => {
    const root = ownRoot();
    const living = { pid: process.pid, startTicks: processIdentity(process.pid)?.startTicks ?? 0 };
    record("000000000001", { owner: { kind: "lab", ...dead }, process: dead });
    record("000000000002", { owner: { kind: "lab", ...dead } });
    record("000000000003", { owner: { kind: "lab", ...living } });
    mkdirSync(join(root.path, "vm-logs/000000000004"), { recursive: true });
    mkdirSync(join(root.path, "vm-names"));
    symlinkSync("000000000001", join(root.path, "vm-names/vm-000000000001"));
    await sweepVms();
    expect(root.left()).toEqual(["vm/000000000003", "vm/000000000003/record.json"]);
    rmSync(vmDirectory("000000000003").path, { recursive: true });
  });

  test("tells a directory that is being used from one that was left before there was a record", async () => {
    const root = ownRoot();
    const used = makeVmDirectory("000000000001");
    await sweepVms();
    expect(root.left()).toContain("vm/000000000001");
    rmSync(used.maker);
    symlinkSync(`${dead.pid} ${dead.startTicks}`, used.maker);
    await sweepVms();
    expect(root.left()).toEqual([]);
  });
});
