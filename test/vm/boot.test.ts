/** Real guests: what the inside of one sees, and what is left when it has gone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { guestKernel } from "../../runtime/vm/guest-files.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { describeWhere } from "../support/needs.ts";
import { BOOT_LIMIT_MS, boot, expectWholeTimeline, MACHINES, printed } from "./booted.ts";

describeWhere(MACHINES, "a virtual machine", () => {
  test("runs the program as a process of its own kernel, with its arguments, variables and exit code", {
    timeout: BOOT_LIMIT_MS,
  }, async () => {
    const script = 'echo "$1|$NAME"; hostname; cat /proc/1/comm; uname -r; grep MemTotal /proc/meminfo; exit 7';
    const { machine, output, exit } = await boot(["sh", "-c", script, "sh", "a 'b\"\\\n c"], {
      env: ["NAME=v = ü"],
      hostname: "guest-1",
      memoryBytes: 160 * 1024 ** 2,
    });
    expect(machine.failure()).toBeUndefined();
    const lines = output.split("\n");
    expect(lines.slice(0, 4)).toEqual(["a 'b\"\\", " c|v = ü", "guest-1", "init"]);
    expect(lines[4]).toBe(guestKernel().version);
    const totalKiB = Number(/MemTotal:\s+(\d+) kB/.exec(output)?.[1]);
    expect(totalKiB).toBeGreaterThan(64 * 1024);
    expect(totalKiB).toBeLessThan(160 * 1024);
    expect(exit.status).toEqual({ kind: "exited", code: 7 });
    expect(machine.accelerator).toContain("software emulation");
    expectWholeTimeline(machine);
  });

  test("does not take for a milestone what the program prints", { timeout: BOOT_LIMIT_MS }, async () => {
    const forged = "printf '%s\\n' 'x exited 1 0' '00 exited 1 0'; test -e /ringside/run && echo found; exit 5";
    const { output, exit } = await boot(["sh", "-c", forged]);
    expect(output).toBe("x exited 1 0\n00 exited 1 0\n");
    expect(exit.status).toEqual({ kind: "exited", code: 5 });
  });

  test("passes input through, with every byte, and ends it", { timeout: BOOT_LIMIT_MS }, async () => {
    const { output } = await boot(["sh", "-c", "od -An -tx1 -v"], { input: true }, (machine) => {
      machine.console.write(Uint8Array.of(0, 3, 4, 0x10, 0x45, 0x11, 0x13, 255, 10));
      machine.console.endInput();
    });
    expect(output.trim()).toBe("00 03 04 10 45 11 13 ff 0a");
  });

  test("gives a terminal its size, hands on a new one, and Ctrl-C reaches the program", {
    timeout: BOOT_LIMIT_MS,
  }, async () => {
    const script =
      "trap 'stty size' WINCH; trap 'echo interrupted; exit 9' INT; stty size; echo ready; while :; do read line; done";
    const { output, exit } = await boot(
      ["sh", "-c", script],
      { terminal: { columns: 91, rows: 17 } },
      async (machine, seen) => {
        await printed(machine, seen, "ready");
        machine.terminal?.resize({ columns: 120, rows: 40 });
        machine.terminal?.write(Buffer.from("\n"));
        await printed(machine, seen, "40 120");
        machine.terminal?.write(Uint8Array.of(3));
      },
    );
    expect(output).toContain("17 91");
    expect(output).toContain("interrupted");
    expect(exit.status).toEqual({ kind: "exited", code: 9 });
  });

  test("says 127 for a program that is not there", { timeout: BOOT_LIMIT_MS }, async () => {
    const { machine, exit } = await boot(["no-such-program"]);
    expect(exit.status).toEqual({ kind: "exited", code: 127 });
    expect(machine.failure()?.message).toContain("no-such-program");
  });

  test("is ended when it does not boot in time, and says so", { timeout: BOOT_LIMIT_MS }, async () => {
    const { machine, exit } = await boot(["true"], { bootTimeoutMs: 1 });
    expect(exit.status).toEqual({ kind: "exited", code: 125 });
    expect(machine.failure()?.message).toContain("within 0.001 s");
  });

  test("goes with its owner, also when that is killed with -9", { timeout: BOOT_LIMIT_MS }, async () => {
    const owner = spawn(process.execPath, [join(import.meta.dirname, "owner.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = await once(owner.stdout, "data");
    const qemu = Number(String(said));
    expect(readFileSync(`/proc/${qemu}/comm`, "utf8")).toContain("qemu");
    const gone = once(owner, "exit");
    owner.kill("SIGKILL");
    await gone;
    expect(await untilEmpty(() => (existsSync(`/proc/${qemu}`) ? [qemu] : []))).toEqual([]);
  });
});
