/** The agent in a real guest: programs beside the machine's own, what they see, and what is left of them. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { guestStats, pingGuest, resizeGuestConsole, signalGuest, stopGuest } from "../../runtime/vm/agent.ts";
import { AGENT_PORTS } from "../../runtime/vm/directory.ts";
import { describeWhere } from "../support/needs.ts";
import { type AgentGuest, BOOT_LIMIT_MS, bootWithAgent, finish, MACHINES, seen } from "./agent-guest.ts";

const LIMIT = { timeout: BOOT_LIMIT_MS };
const PATIENCE = { timeoutMs: BOOT_LIMIT_MS };

describeWhere(MACHINES, "a guest's agent", () => {
  let guest: AgentGuest;
  // The machine's own program counts what it is told, and ends by SIGTERM.
  const own = "trap 'echo hung up' HUP; trap 'stty size' WINCH; trap 'exit 6' TERM; while :; do sleep 0.1; done";

  beforeAll(async () => {
    guest = await bootWithAgent({
      command: ["sh", "-c", own],
      env: ["COLOUR=blue", "TERM=machine"],
      cwd: "/etc",
      terminal: { columns: 80, rows: 24 },
      network: { forwards: [] },
    });
  }, BOOT_LIMIT_MS);

  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]();
  });

  test("runs several programs at once, and tells how each ended", LIMIT, async () => {
    const ends = await Promise.all(
      [0, 1, 42, 255].map((code) => guest.run(["sh", "-c", `echo out ${code}; echo err ${code} >&2; exit ${code}`])),
    );
    expect(ends.map(({ exit }) => exit)).toEqual([0, 1, 42, 255].map((code) => ({ kind: "exited", code })));
    expect(ends.map(({ stdout, stderr }) => `${stdout}${stderr}`)).toEqual(
      [0, 1, 42, 255].map((code) => `out ${code}\nerr ${code}\n`),
    );
    const killed = await guest.run(["sh", "-c", "kill -USR1 $$"]);
    expect(killed.exit).toEqual({ kind: "signaled", signal: "SIGUSR1" });
  });

  test(
    "gives a program the variables and the directory of the machine's own, and what was asked for on top",
    LIMIT,
    async () => {
      const plain = await guest.run(["sh", "-c", 'echo "$COLOUR $TERM $HOME"; pwd; id -u']);
      expect(plain.stdout.toString()).toBe("blue  /root\n/etc\n0\n");
      const asked = await guest.run(
        [
          "sh",
          "-c",
          'echo "$1 $COLOUR"; pwd; id -u; id -g; echo "$HOME"; echo again > /dev/stdout',
          "sh",
          "a 'b\"\n ü",
        ],
        {
          env: ["COLOUR=red"],
          cwd: "/tmp",
          user: "1234:56",
        },
      );
      expect(asked.stderr).toBe("");
      expect(asked.stdout.toString()).toBe("a 'b\"\n ü red\n/tmp\n1234\n56\n/\nagain\n");
      await expect(guest.run(["true"], { user: "nobody-of-that-name" })).rejects.toThrow(
        /no user "nobody-of-that-name"/,
      );
    },
  );

  test("says why a program cannot be run, as a shell's exit codes do", LIMIT, async () => {
    await expect(guest.run(["no-such-program"])).rejects.toMatchObject({ exitCode: 127 });
    await expect(guest.run(["/etc/passwd"])).rejects.toMatchObject({ exitCode: 126 });
    await expect(guest.run(["true"], { cwd: "/no/such/directory" })).rejects.toMatchObject({ exitCode: 127 });
    await expect(guest.run(["echo", "x".repeat(300_000)])).rejects.toThrow(/300/);
  });

  test("carries a megabyte in and out without losing a byte, and ends the input", LIMIT, async () => {
    const bytes = randomBytes(1024 ** 2);
    const program = await guest.start(["cat"], { input: true });
    const whole = finish(program);
    for (let at = 0; at < bytes.length; at += 50_000) await program.stdin.write(bytes.subarray(at, at + 50_000));
    program.stdin.end();
    const { stdout, exit } = await whole;
    const sum = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
    expect(exit).toEqual({ kind: "exited", code: 0 });
    expect([stdout.length, sum(stdout)]).toEqual([bytes.length, sum(bytes)]);
  });

  test("lets a program wait for a reader that is slow, and answers others meanwhile", LIMIT, async () => {
    const program = await guest.start(["sh", "-c", "head -c 3000000 /dev/zero; echo all is written >&2"]);
    let read = 0;
    const errors = seen(program.stderr);
    program.stdout.pause();
    program.stdout.onData((chunk) => {
      read += chunk.length;
    });
    expect(await pingGuest(guest.place, PATIENCE)).toBeGreaterThan(0);
    expect((await guest.run(["true"])).exit).toEqual({ kind: "exited", code: 0 });
    expect(read).toBe(0);
    program.stdout.resume();
    await errors("all is written");
    expect(await program.exited).toEqual({ kind: "exited", code: 0 });
    expect(read).toBe(3_000_000);
  });

  test("passes a signal on although the program reads nothing of its input", LIMIT, async () => {
    const program = await guest.start(["sleep", "1000"], { input: true });
    const writing = program.stdin.write(new Uint8Array(1024 ** 2));
    program.kill("SIGINT");
    expect(await program.exited).toEqual({ kind: "signaled", signal: "SIGINT" });
    await writing;
  });

  test("gives a terminal: its size, a new one, editing, Ctrl-C, job control", LIMIT, async () => {
    const script = "trap 'exit 9' INT; stty size; tty; echo $TERM; while :; do read line && stty size; done";
    const program = await guest.start(["sh", "-c", script], { terminal: { columns: 91, rows: 17 } });
    const { terminal } = program;
    if (terminal === undefined) throw new Error("there is no terminal");
    const until = seen(terminal);
    expect(await until("xterm-256color")).toContain("17 91\r\n/dev/pts/");
    terminal.resize({ columns: 132, rows: 43 });
    await terminal.write(Buffer.from("\n"));
    await until("43 132");
    // A shell that was just about to wait for a line hears of a signal only once it has one. What busybox's prints in a
    // handler, it sometimes loses, whoever has the terminal's other end: so the exit code is what tells.
    await terminal.write(Buffer.from("\x03\n"));
    expect(await program.exited).toEqual({ kind: "exited", code: 9 });
  });

  test("ends a program, and the jobs in its session, when its host has disconnected", LIMIT, async () => {
    const program = await guest.start(["sh", "-mc", "/bin/sleep 12345 & /bin/sleep 12346 & echo there; wait"]);
    await seen(program.stdout)("there");
    expect((await sleeping(guest, "1234[56]")).length).toBe(2);
    program.close();
    expect(await program.exited).toMatchObject({ kind: "lost" });
    expect(await left(guest, "1234[56]")).toEqual([]);
  });

  test("leaves alone what a program has left behind on purpose", LIMIT, async () => {
    await guest.run(["sh", "-c", "/bin/sleep 23456 > /dev/null 2>&1 &"]);
    expect((await sleeping(guest, "23456")).length).toBe(1);
    const [line = ""] = await sleeping(guest, "23456");
    await guest.tell(`kill ${Number.parseInt(line.trim(), 10)}`);
    expect(await left(guest, "23456")).toEqual([]);
  });

  test("is free again after a host that was killed in the middle of a sentence", LIMIT, async () => {
    const host = spawn(process.execPath, [join(import.meta.dirname, "agent-host.ts"), guest.machine.id], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(host.stdout, "data");
    const gone = once(host, "exit");
    host.kill("SIGKILL");
    await gone;
    expect(await left(guest, "34567")).toEqual([]);
    const all = await Promise.all(Array.from({ length: AGENT_PORTS }, () => guest.run(["echo", "still here"])));
    expect(all.map(({ stdout }) => stdout.toString())).toEqual(all.map(() => "still here\n"));
  });

  test("refuses a ninth session in words, and still answers short questions", LIMIT, async () => {
    const programs = [];
    for (let count = 0; count < AGENT_PORTS; count++) programs.push(await guest.start(["cat"], { input: true }));
    await expect(guest.start(["cat"])).rejects.toMatchObject({
      message: expect.stringMatching(/all 8 sessions/),
      fix: expect.stringMatching(/vm exec/),
    });
    expect((await guestStats(guest.place, PATIENCE)).processes).toBeGreaterThan(AGENT_PORTS);
    for (const program of programs) program.stdin.end();
    const ends = await Promise.all(programs.map(({ exited }) => exited));
    expect(ends).toEqual(programs.map(() => ({ kind: "exited", code: 0 })));
    expect((await guest.run(["true"])).exit).toEqual({ kind: "exited", code: 0 });
  });

  test("tells memory, time and processes as the guest's kernel sees them", LIMIT, async () => {
    const stats = await guestStats(guest.place, PATIENCE);
    const told = await guest.tell("grep MemTotal /proc/meminfo");
    expect(stats.memoryTotalBytes).toBe(Number(/(\d+) kB/.exec(told)?.[1]) * 1024);
    expect(stats.memoryAvailableBytes).toBeLessThan(stats.memoryTotalBytes);
    expect(stats.processors).toBe(1);
    expect(stats.uptimeNs).toBeGreaterThan(stats.userNs);
    expect(stats.systemNs).toBeGreaterThan(0);
    const later = await guestStats(guest.place, PATIENCE);
    expect(later.uptimeNs).toBeGreaterThan(stats.uptimeNs);
  });

  test("finds the network set up as user-mode networking has it", LIMIT, async () => {
    expect(await guest.tell("ip -4 -o addr show eth0")).toContain("inet 10.0.2.15/24");
    expect(await guest.tell("ip route")).toContain("default via 10.0.2.2");
    expect(await guest.tell("cat /etc/resolv.conf")).toBe("nameserver 10.0.2.3\n");
  });

  test("sends the machine's own program a signal and its console a new size", LIMIT, async () => {
    const until = seen(guest.machine.console);
    await signalGuest(guest.place, "SIGHUP", PATIENCE);
    await until("hung up");
    await resizeGuestConsole(guest.place, { columns: 100, rows: 30 }, PATIENCE);
    await until("30 100");
  });

  test("stops the machine's own program, and with it the machine and whatever else runs", LIMIT, async () => {
    const program = await guest.start(["sleep", "1000"]);
    await stopGuest(guest.place, { graceMs: BOOT_LIMIT_MS, ...PATIENCE });
    expect((await guest.machine.exited).status).toEqual({ kind: "exited", code: 6 });
    expect(await program.exited).toMatchObject({ kind: "lost" });
    await expect(guest.start(["true"])).rejects.toThrow(/virtual machine/);
  });
});

/** Those that are still there after a while: the guest hears of a host's end in its own time. */
async function left(guest: AgentGuest, what: string): Promise<string[]> {
  const deadlineMs = performance.now() + BOOT_LIMIT_MS / 2;
  let found = await sleeping(guest, what);
  while (found.length > 0 && performance.now() < deadlineMs) found = await sleeping(guest, what);
  return found;
}

async function sleeping(guest: AgentGuest, what: string): Promise<string[]> {
  const told = await guest.tell("ps");
  return told.split("\n").filter((line) => new RegExp(` /bin/sleep ${what}$`).test(line));
}
