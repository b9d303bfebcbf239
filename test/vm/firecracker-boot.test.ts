/**
 * Firecracker's monitor of ours, driven from end to end against a stand-in that gives what it is told to QEMU: see
 * firecracker-stand-in.ts for what that shows and what it does not.
 */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { vmIds } from "../../runtime/vm/directory.ts";
import { startVm } from "../../runtime/vm/start.ts";
import { describeWhere, needsPrograms } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { BOOT_LIMIT_MS, boot, MACHINES, printed } from "./booted.ts";

const OPTIONS = { vmm: "firecracker", accelerator: "kvm" } as const;

/** Puts a program in the way of the search path, until the test is over. */
function onPath(name: string, script: string): void {
  const directory = temporaryDirectory();
  const before = process.env.PATH;
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
  process.env.PATH = `${directory}:${before ?? ""}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
}

/** Nobody else's machines are seen, until the test is over. */
function ownState(): void {
  const before = process.env.RINGSIDE_ROOT;
  process.env.RINGSIDE_ROOT = temporaryDirectory();
  onTestFinished(() => {
    if (before === undefined) delete process.env.RINGSIDE_ROOT;
    else process.env.RINGSIDE_ROOT = before;
  });
}

describeWhere([...MACHINES, needsPrograms("mksquashfs")], "a machine under a stand-in for Firecracker", () => {
  test("runs the program: input, output, exit code, pause, stages, and nothing of the milestones is seen", {
    timeout: BOOT_LIMIT_MS,
  }, async () => {
    onPath("firecracker", `exec '${process.execPath}' '${join(import.meta.dirname, "firecracker-stand-in.ts")}' "$@"`);
    const script = "grep -c '^overlay / ' /proc/mounts; echo ready; read line; echo \"got $line\"; exit 6";
    const options = { ...OPTIONS, root: "squashfs", input: true } as const;
    const { machine, output, exit } = await boot(["sh", "-c", script], options, async (vm, seen) => {
      await printed(vm, seen, "ready\n");
      await vm.control.pause();
      expect(await vm.control.status()).toEqual({ running: false, word: "paused" });
      await vm.control.resume();
      expect(await vm.control.memory()).toMatchObject({ assignedBytes: 256 * 1024 ** 2 });
      vm.console.write(Buffer.from("this\n"));
    });
    expect(machine.failure()).toBeUndefined();
    expect(output).toBe("1\nready\ngot this\n");
    expect(exit.status).toEqual({ kind: "exited", code: 6 });
    expect(new Set(machine.timeline().spans.map(({ stage }) => stage))).toEqual(
      new Set(["VMM", "kernel", "init", "program", "gone"]),
    );
  });

  test("that ends before it has been told anything says why, and leaves no process and no file", async () => {
    onPath("firecracker", `case "$*" in *version*) echo v1.0.0;; *) echo no KVM here >&2; exit 1;; esac`);
    await using launcher = await Launcher.open();
    ownState();
    const failed = startVm(launcher, { image: "ringside/base", command: ["true"], env: [], ...OPTIONS });
    await expect(failed).rejects.toThrow(/cannot speak with Firecracker.*no KVM here/);
    expect(vmIds()).toEqual([]);
  });

  test.each([
    ["a network", { network: { forwards: [] } }, /user-mode networking/],
    ["a guest agent", { agent: true }, /virtio-serial/],
    ["a terminal", { terminal: { columns: 80, rows: 24 } }, /a terminal/],
    ["emulation", { accelerator: "tcg" }, /software emulation/],
  ] as const)("cannot have %s, and says so at once", async (_, asked, why) => {
    onPath("firecracker", "echo v1.0.0");
    await using launcher = await Launcher.open();
    const failed = startVm(launcher, { image: "ringside/base", command: ["true"], env: [], ...OPTIONS, ...asked });
    await expect(failed).rejects.toThrow(why);
  });
});
