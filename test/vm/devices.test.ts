/** The devices of a real guest, and what its monitor can be asked while it runs: seen from inside, and from the host. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { parsePort } from "../../runtime/vm/ports.ts";
import { withQmp } from "../../runtime/vm/qmp.ts";
import { describeWhere, needsPrograms, unless } from "../support/needs.ts";
import { BOOT_LIMIT_MS, boot, expectWholeTimeline, MACHINES, printed } from "./booted.ts";

const LIMIT = { timeout: BOOT_LIMIT_MS };
const MIB = 1024 ** 2;

/** A server on the host's own loopback that nobody in a guest has any business with. */
async function listener(): Promise<{ readonly port: number; readonly visits: () => number }> {
  let visits = 0;
  const server = createServer((socket) => {
    visits++;
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return { port: z.object({ port: z.int() }).parse(server.address()).port, visits: () => visits };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.int() }).parse(server.address());
  server.close();
  await once(server, "close");
  return port;
}

describeWhere(MACHINES, "a machine of QEMU's", () => {
  test("q35 with a disk and a network: writable above, served to the host, shut off from it, paused and resumed", {
    ...LIMIT,
    ...unless([needsPrograms("mkfs.erofs")]),
  }, async () => {
    const own = await listener();
    const [tcp, udp] = [await freePort(), await freePort()];
    const script = [
      "grep -c '^overlay / ' /proc/mounts; touch /bin/new && echo writable",
      `nc -w 3 10.0.2.2 ${own.port} </dev/null 2>&1 | grep -v refused; nc -w 3 127.0.0.1 ${own.port} </dev/null 2>&1 | grep -v refused`,
      "echo served >/tmp/page; httpd -p 80 -h /tmp; echo ready; read line; echo end",
    ].join("; ");
    const forwards = [`${tcp}:80`, `${udp}:53/udp`].map(parsePort);
    const options = { machine: "q35", root: "erofs", network: { forwards }, input: true } as const;
    const { machine, output, exit } = await boot(["sh", "-c", script], options, async (vm, seen) => {
      await printed(vm, seen, "ready\n");
      const page = await fetch(`http://127.0.0.1:${tcp}/page`);
      expect(await page.text()).toBe("served\n");
      expect(await isTaken(udp)).toBe(true);
      expect(await vm.control.memory()).toMatchObject({ assignedBytes: expect.closeTo(256 * MIB, -5) });
      expect((await vm.control.memory()).hostPssBytes).toBeGreaterThan(64 * MIB);
      expect(await vm.control.status()).toEqual({ running: true, word: "running" });
      await vm.control.pause();
      expect(await vm.control.status()).toEqual({ running: false, word: "paused" });
      await vm.control.resume();
      vm.console.write(Buffer.from("\n"));
    });
    expect(machine.failure()).toBeUndefined();
    expect(output).toBe("1\nwritable\nready\nend\n");
    expect(own.visits()).toBe(0);
    expect(exit.status).toEqual({ kind: "exited", code: 0 });
    expectWholeTimeline(machine);
  });

  test("microvm with another disk: a virtio console, the user, variables and directory that were asked for, QEMU's events", {
    ...LIMIT,
    ...unless([needsPrograms("mksquashfs")]),
  }, async () => {
    const script = 'readlink /proc/self/fd/1; echo "$(id -u):$(id -g) $NAME in $PWD"; read line; exit 3';
    const options = {
      ...({ root: "squashfs", console: "virtio", input: true } as const),
      ...{ user: "1000:1001", env: ["NAME=value"], cwd: "/tmp" },
    };
    const { output, exit } = await boot(["sh", "-c", script], options, async (vm, seen) => {
      await printed(vm, seen, "in /tmp\n");
      await withQmp(vm.directory.control, async (qmp) => {
        const stopped = qmp.event(({ name }) => name === "STOP");
        await qmp.execute("stop");
        expect((await stopped).wallNs).toBeGreaterThan(0);
        await qmp.execute("cont");
        await expect(qmp.execute("no-such-command")).rejects.toThrow(/has not been found/);
      });
      vm.console.write(Buffer.from("\n"));
    });
    expect(output).toBe("/dev/hvc0\n1000:1001 value in /tmp\n");
    expect(exit.status).toEqual({ kind: "exited", code: 3 });
  });

  test("whose kernel panics has a known end", LIMIT, async () => {
    const { machine, exit } = await boot(["sh", "-c", "echo c >/proc/sysrq-trigger"]);
    expect(machine.failure()?.message).toMatch(/kernel panicked: sysrq triggered crash/);
    expect(exit.status).toEqual({ kind: "exited", code: 125 });
  });

  test("whose port somebody else has does not start, and says what to do", LIMIT, async () => {
    const { port } = await listener();
    const { machine, exit } = await boot(["true"], { network: { forwards: [parsePort(`${port}:80`)] } });
    expect(exit.status).toEqual({ kind: "exited", code: 125 });
    expect(machine.failure()?.message).toContain("host forwarding");
    expect(machine.failure()?.fix).toContain("--publish");
  });
});

/** Whether somebody has a port of the loopback's for datagrams: bind(2). */
async function isTaken(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  try {
    socket.bind(port, "127.0.0.1");
    await once(socket, "listening");
    return false;
  } catch {
    return true;
  } finally {
    socket.close();
  }
}
