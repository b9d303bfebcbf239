/** What a guest's init makes of the devices that were asked for: a root on a disk, a network, a virtio console, a crash. */
import { expect, test } from "vitest";
import { crashGuest, resizeGuestConsole, stopGuest } from "../../runtime/vm/agent.ts";
import { describeWhere, needsPrograms } from "../support/needs.ts";
import { BOOT_LIMIT_MS, bootWithAgent, MACHINES, seen } from "./agent-guest.ts";

const LIMIT = { timeout: BOOT_LIMIT_MS };
const PATIENCE = { timeoutMs: BOOT_LIMIT_MS };

describeWhere([...MACHINES, needsPrograms("mkfs.erofs")], "a guest with its root on an erofs disk", () => {
  test("runs the program below a writable overlay", LIMIT, async () => {
    await using guest = await bootWithAgent({ command: ["sleep", "1000"], root: "erofs", hostname: "on-a-disk" });
    expect(await guest.tell("cat /proc/mounts")).toMatch(/^overlay \/ overlay rw,/m);
    expect(await guest.tell("hostname; echo kept > /etc/new; cat /etc/new; rm /bin/sh && ls /bin/sh 2>&1")).toBe(
      "on-a-disk\nkept\nls: /bin/sh: No such file or directory\n",
    );
  });
});

describeWhere([...MACHINES, needsPrograms("mksquashfs")], "a guest with its root on a squashfs disk", () => {
  test("boots on q35 too, ends with its program, and passes its exit code on", LIMIT, async () => {
    await using guest = await bootWithAgent({
      command: ["sh", "-c", "grep ' / ' /proc/mounts; exit 4"],
      root: "squashfs",
      machine: "q35",
      agent: false,
    });
    expect((await guest.machine.exited).status).toEqual({ kind: "exited", code: 4 });
    expect(guest.output()).toMatch(/^overlay \/ overlay rw,/);
  });
});

describeWhere(MACHINES, "a guest with a virtio console", () => {
  test("has a terminal there, with its size, a new one and Ctrl-C, and is stopped", LIMIT, async () => {
    await using guest = await bootWithAgent({
      command: ["sh", "-c", "trap 'exit 8' TERM; stty size; tty; while :; do read line && stty size; done"],
      console: "virtio",
      machine: "q35",
      terminal: { columns: 91, rows: 17 },
    });
    const until = seen(guest.machine.console);
    expect(await until("/dev/hvc0")).toContain("17 91\r\n");
    await resizeGuestConsole(guest.place, { columns: 120, rows: 40 }, PATIENCE);
    await guest.machine.console.write(Buffer.from("\n"));
    await until("40 120\r\n");
    await stopGuest(guest.place, { graceMs: BOOT_LIMIT_MS, ...PATIENCE });
    await guest.machine.console.write(Buffer.from("\n"));
    expect((await guest.machine.exited).status).toEqual({ kind: "exited", code: 8 });
  });
});

describeWhere(MACHINES, "a guest without a terminal", () => {
  test("kills a program that does not want to end, and loses nothing of what it has printed", LIMIT, async () => {
    await using guest = await bootWithAgent({
      command: ["sh", "-c", "trap '' TERM; yes 0123456789abcde | head -c 65536; cat; while :; do sleep 1; done"],
      input: true,
    });
    const typed = Buffer.alloc(100_000, "typed\n");
    void guest.machine.console.write(typed);
    guest.machine.console.endInput();
    const whole = new Promise<void>((resolve) => {
      const look = (): void => {
        if (guest.output().length === 65536 + typed.length) resolve();
      };
      guest.machine.console.onData(look);
      look();
    });
    await whole;
    await stopGuest(guest.place, { graceMs: 1, ...PATIENCE });
    expect((await guest.machine.exited).status).toEqual({ kind: "signaled", signal: "SIGKILL" });
    expect(guest.output().slice(65536)).toBe(typed.toString());
  });

  test("has a root that a container in it can leave", LIMIT, async () => {
    await using guest = await bootWithAgent({ command: ["sleep", "1000"] });
    const leave =
      "mount -t tmpfs tmpfs /tmp; mkdir /tmp/old; cp /bin/busybox /tmp; busybox pivot_root /tmp /tmp/old && /busybox ls /";
    expect(await guest.tell(`busybox unshare -m sh -c '${leave}' 2>&1`)).toBe("busybox\nold\n");
  });

  test("goes down with all that is in it when its kernel panics", LIMIT, async () => {
    await using guest = await bootWithAgent({ command: ["sleep", "1000"] });
    const program = await guest.start(["sleep", "1000"]);
    await crashGuest(guest.place, PATIENCE);
    expect(await program.exited).toMatchObject({ kind: "lost" });
    expect((await guest.machine.exited).status).toEqual({ kind: "exited", code: 125 });
    expect(guest.machine.failure()?.message).toMatch(/panic/i);
  });
});
