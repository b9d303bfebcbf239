/**
 * The life of a virtual machine for those who use it: one guest that outlives its command serves most of what is asserted
 * here, from other processes than the one that has started it.
 */
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { readLogAt } from "../../runtime/container/logs.ts";
import { processIdentity } from "../../runtime/container/process-identity.ts";
import { openConsoleViewer, requireVmLog } from "../../runtime/vm/console-viewer.ts";
import { findVm, listVms } from "../../runtime/vm/state.ts";
import { withStatus } from "../../runtime/vm/status.ts";
import { waitForVm } from "../../runtime/vm/wait.ts";
import { until } from "../support/detached.ts";
import { describeWhere } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";
import { VIRTUAL_MACHINES, VmRoot, vm } from "../support/vms.ts";

const LIMIT_MS = 180_000;

/** Serves a file, repeats what is typed, and has something to say to signals. */
const PROGRAM = `
trap 'echo got-hup' HUP; trap 'echo got-term; exit 4' TERM
mkdir /www && echo served-by-$(hostname) > /www/index.html && httpd -p 8080 -h /www
echo up-and-running; while :; do read -t 1 line && echo "typed: $line"; done`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function untilLogged(text: string): Promise<void> {
  await until(async () => {
    const machine = findVm("clock");
    let seen = "";
    for await (const piece of readLogAt(
      { log: requireVmLog(machine), state: machine.directory.path },
      { follow: false },
    )) {
      if (piece.kind === "text") seen += Buffer.from(piece.data).toString();
    }
    return seen.includes(text);
  });
}

const psSchema = z.object({
  schema: z.literal("ringside.vm-ps/1"),
  virtualMachines: z.array(z.looseObject({ id: z.string(), name: z.string(), status: z.string() })),
});

async function listed(...flags: string[]) {
  return psSchema.parse(JSON.parse((await vm("ps", "--json", ...flags)).stdout)).virtualMachines;
}

/** As `listed`, but without a process of its own. */
async function statuses() {
  return (await withStatus(listVms())).map(({ id, status }) => ({ id, status }));
}

describeWhere(VIRTUAL_MACHINES, "a virtual machine that outlives its command", () => {
  let root: VmRoot;
  let port: number;
  let id: string;

  beforeAll(async () => {
    root = new VmRoot();
    port = await freePort();
    const flags = ["-d", "-i", "--name", "clock", "-h", "guest-7", "-p", `${port}:8080`];
    const { stdout, stderr, code } = await root.run(...flags, "ringside/base", "sh", "-c", PROGRAM);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    id = stdout.trim();
  }, LIMIT_MS);
  afterAll(async () => {
    await root?.[Symbol.asyncDispose]();
  }, LIMIT_MS);

  test("is listed with its accelerator by name, and its name is nobody else's", async () => {
    const [machine] = await listed();
    expect(machine).toMatchObject({
      id,
      name: "clock",
      status: "running",
      image: "ringside/base",
      vmm: "qemu",
      machine: "microvm",
      accelerator: "tcg",
      acceleratorLabel: "software emulation (TCG)",
      memoryBytes: 256 * 1024 ** 2,
      ports: [{ address: "127.0.0.1", hostPort: port, guestPort: 8080, protocol: "tcp" }],
    });
    expect(machine).not.toHaveProperty("nonce");
    expect((await vm("ps")).stdout).toMatch(/clock +ringside\/base .* running .* software emulation \(TCG\)/);
    const second = await root.run("--name", "clock", "ringside/base", "true");
    expect(second.code).toBe(125);
    expect(second.stderr).toContain(`the name clock is taken by virtual machine ${id}`);
    expect(second.stderr).toContain("fix: ");
    expect(await statuses()).toHaveLength(1);
  });

  test("is served by its monitor alone: the command and its parents have gone", () => {
    const { owner, process: monitored } = findVm("clock");
    expect(owner.kind).toBe("monitor");
    expect(processIdentity(owner.pid)).toBeDefined();
    expect(processIdentity(monitored?.pid ?? 0)?.startTicks).toBe(monitored?.startTicks);
  });

  test("leads a port of the host to a server in the guest", async () => {
    await untilLogged("up-and-running");
    const answer = await fetch(`http://127.0.0.1:${port}/index.html`);
    expect(await answer.text()).toBe("served-by-guest-7\n");
  });

  test("runs further programs with streams, directory, user and exit code of their own", async () => {
    const script = "echo out; echo err >&2; id -u; pwd; cat; exit 9";
    const args = ["exec", "-i", "-u", "65534", "-w", "/tmp", "clock", "sh", "-c", script];
    const { stdout, stderr, code } = await ringside(["vm", ...args], { input: "from the host\n" });
    expect({ stdout, stderr, code }).toEqual({ stdout: "out\n65534\n/tmp\nfrom the host\n", stderr: "err\n", code: 9 });
    const missing = await vm("exec", "clock", "no-such-program");
    expect(missing.code).toBe(127);
    expect(missing.stderr).toMatch(/^ringside: .*no-such-program.*\n {2}fix: /);
  });

  test("is counted from both sides", async () => {
    const { stdout } = await vm("stats", "--no-stream", "--json", "clock");
    const {
      schema,
      virtualMachines: [row],
    } = JSON.parse(stdout);
    expect(schema).toBe("ringside.vm-stats/1");
    expect(row.assignedBytes).toBe(256 * 1024 ** 2);
    expect(row.guestTotalBytes).toBeLessThan(row.assignedBytes);
    expect(row.guestUsedBytes).toBeLessThan(row.guestTotalBytes);
    expect(row.hostPssBytes).toBeGreaterThan(row.guestUsedBytes);
    expect(row.cpuPercent).toBeGreaterThanOrEqual(0);
    expect(row.guestProcesses).toBeGreaterThan(1);
    const inspected = JSON.parse((await vm("inspect", "clock")).stdout);
    expect(inspected.schema).toBe("ringside.vm-inspect/1");
    expect(inspected.virtualMachines[0].guest.memoryTotalBytes).toBe(row.guestTotalBytes);
    expect(inspected.virtualMachines[0].memory.hostPssBytes).toBeGreaterThan(row.guestUsedBytes);
  });

  test("takes what is typed into its console from elsewhere, and tells what it prints", async () => {
    const viewer = await openConsoleViewer(findVm("clock"));
    try {
      expect(await viewer.requestWriting()).toBe("granted");
      await viewer.write(Buffer.from("hello console\n"));
      let seen = "";
      for await (const record of viewer.output()) {
        if (record.kind === "output") seen += Buffer.from(record.data).toString();
        if (seen.includes("typed: hello console")) break;
      }
      expect(seen).toContain("typed: hello console");
    } finally {
      viewer.close();
    }
  });

  test("hands a signal on to its program", async () => {
    expect(await vm("kill", "-s", "HUP", "clock")).toMatchObject({ stdout: "clock\n", code: 0 });
    await untilLogged("got-hup");
  });

  test("stands still while it is paused, says so, and goes on", async () => {
    expect(await vm("pause", "clock")).toMatchObject({ stdout: "clock\n", code: 0 });
    expect(await statuses()).toEqual([{ id, status: "paused" }]);
    const refused = await vm("exec", "clock", "true");
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain("it is paused\n  fix: ringside vm resume clock");
    expect((await vm("pause", "clock")).stderr).toContain("clock is paused already");
    expect(await vm("resume", "clock")).toMatchObject({ stdout: "clock\n", code: 0 });
    expect(await vm("exec", "clock", "echo", "on")).toMatchObject({ stdout: "on\n", code: 0 });
    expect((await vm("resume", "clock")).stderr).toContain("clock is not paused");
  });

  test("is not removed while it runs; ends when it is asked to, and is known until it is removed", async () => {
    expect((await vm("rm", "clock")).stderr).toContain(
      "cannot remove clock: it is running\n  fix: ringside vm stop clock",
    );
    const waiting = vm("wait", "clock");
    expect(await vm("stop", "-t", "60", "clock")).toMatchObject({ stdout: "clock\n", code: 0 });
    expect(await waiting).toMatchObject({ stdout: "4\n", code: 0 });
    expect(await waitForVm("clock")).toBe(4);
    expect(await listed("-a")).toMatchObject([{ id, status: "exited", exit: { status: { kind: "exited", code: 4 } } }]);
    expect((await vm("logs", "--tail", "1", "clock")).stdout).toBe("got-term\n");
    expect((await vm("exec", "clock", "true")).stderr).toContain("it has ended");
    expect(await vm("rm", "clock")).toMatchObject({ stdout: "clock\n", code: 0 });
    expect(root.left()).toEqual([]);
  });
});
