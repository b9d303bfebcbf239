/** What a detached container prints is kept in order, byte by byte, within its bounds, and never holds it up. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { places } from "../../runtime/container/directories.ts";
import { newestLogFile } from "../../runtime/container/log-files.ts";
import { logDirectory } from "../../runtime/container/logs.ts";
import { removeContainer } from "../../runtime/container/stop.ts";
import { openViewer } from "../../runtime/container/viewer.ts";
import { waitForContainer } from "../../runtime/container/wait.ts";
import { detached, monitorGone, ownRoot, printed, until, untilPrinted } from "../support/detached.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { COMMAND_LINE, ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const SMALL_LOG = { fileBytes: 64 * 1024, files: 2 };

function logBytes(id: string): number {
  const directory = logDirectory(id);
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, "utf8");
}

/** mount(8); what it mounts is gone after the test. */
function mount(args: readonly string[]): void {
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`mount ${args.join(" ")}: ${stderr}`);
}

describeWhere(CONTAINERS, "the log of a detached container", () => {
  test("keeps both streams, and the order within each", async () => {
    ownRoot();
    const { id } = await detached("for i in $(seq 200); do echo out $i; echo err $i >&2; done");
    await waitForContainer(id);
    const numbers = Array.from({ length: 200 }, (_, index) => index + 1);
    const { stdout, stderr } = await printed(id);
    expect(stdout).toBe(numbers.map((number) => `out ${number}\n`).join(""));
    expect(stderr).toBe(numbers.map((number) => `err ${number}\n`).join(""));
    const shown = await ringside(["logs", id]);
    expect(shown).toMatchObject({ stdout, stderr, code: 0 });
  });

  test("keeps every byte, also those that are no text", async () => {
    ownRoot();
    const script = 'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done';
    const { id } = await detached(script);
    await waitForContainer(id);
    const { stdout } = spawnSync(process.execPath, [COMMAND_LINE, "logs", id]);
    expect([...stdout]).toEqual(Array.from({ length: 256 }, (_, byte) => byte));
  });

  test("shows the last lines, or those since a moment, with their times", async () => {
    ownRoot();
    // Two pipes: only what lies some time apart has an order.
    const { id } = await detached("seq 5; sleep 0.1; echo late >&2; sleep 0.1; printf unfinished");
    await waitForContainer(id);
    expect((await printed(id, { tail: 2 })).stdout).toBe("unfinished");
    expect((await printed(id, { tail: 2 })).stderr).toBe("late\n");
    expect((await printed(id, { tail: 4 })).stdout).toBe("4\n5\nunfinished");
    expect((await printed(id, { tail: 0 })).stdout).toBe("");
    const { stdout } = await ringside(["logs", "-t", id]);
    const times = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0] ?? "");
    expect(times).toHaveLength(6);
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect(times.toSorted()).toEqual(times);
    const since = await ringside(["logs", "--since", times.at(-1) ?? "", id]);
    expect(since.stdout).toBe("unfinished");
    const until = await ringside(["logs", "--until", times[0] ?? "", id]);
    expect(until.stdout).toBe("1\n2\n3\n4\n5\n");
    expect((await ringside(["logs", "--since", "1h", "--tail", "1", id])).stdout).toBe("unfinished");
  });

  test("is followed whole by who reads, though it is written faster than its files can hold, and to the end", async () => {
    ownRoot();
    const { id, state } = await detached("read x; seq 600000; exit 3", { log: SMALL_LOG, remove: true, input: true });
    const following = printed(id, { follow: true });
    const viewer = await openViewer(state());
    expect(await viewer.requestWriting()).toBe("granted");
    await viewer.write(Buffer.from("go\n"));
    viewer.close();
    const { stdout, lost } = await following;
    expect(lost).toBe(0);
    const numbers = stdout.trim().split("\n");
    expect(numbers).toHaveLength(600_000);
    expect(numbers.findIndex((number, index) => number !== String(index + 1))).toBe(-1);
  });

  test("is followed by the command, until the container ends", async () => {
    ownRoot();
    const { id } = await detached("seq 5; until [ -e /go ]; do sleep 0.02; done; seq 6 10; exit 3");
    const command = spawn(process.execPath, [COMMAND_LINE, "logs", "-f", id], { stdio: ["ignore", "pipe", "inherit"] });
    const all = text(command.stdout);
    await once(command.stdout, "readable");
    expect((await ringside(["exec", id, "touch", "/go"])).code).toBe(0);
    expect(await all).toContain("5\n6\n7\n8\n9\n10\n");
  });

  test("stays within its bounds whatever is printed, holds nothing up, and says what is missing", async () => {
    ownRoot();
    const script = "yes | head -c 20000000; echo the end";
    const { id, state } = await detached(script, { log: SMALL_LOG, memoryBytes: 16 << 20 });
    await waitForContainer(id);
    expect(logBytes(id)).toBeLessThanOrEqual(SMALL_LOG.fileBytes * SMALL_LOG.files);
    expect(newestLogFile(logDirectory(id))).toBeGreaterThan(100);
    expect((await printed(id, { tail: 1 })).stdout).toBe("the end\n");
    expect(state().exit).toMatchObject({ status: { kind: "exited", code: 0 }, oomKilled: false });
  });

  test("costs the monitor no more memory when a container prints without end, with or without somebody looking", async () => {
    ownRoot();
    const { id, state } = await detached("yes", { log: SMALL_LOG, memoryBytes: 16 << 20 });
    // One who follows and does not read: the pipe fills, the follower waits, the container does not.
    const idle = spawn(process.execPath, [COMMAND_LINE, "logs", "-f", id], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void idle.kill("SIGKILL"));
    await once(idle.stdout, "readable");
    const before = newestLogFile(logDirectory(id)) ?? 0;
    await until(() => (newestLogFile(logDirectory(id)) ?? 0) > before + 200);
    expect(logBytes(id)).toBeLessThanOrEqual(SMALL_LOG.fileBytes * SMALL_LOG.files);
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(statusOf(state().owner.pid))?.[1];
    expect(Number(peak)).toBeLessThan(4096);
    await removeContainer(id, { force: true });
    const readers = once(idle, "exit");
    idle.stdout.resume();
    await readers;
  });

  test("lets go of what a full disk has no room for, counts it, and goes on when there is room again", async () => {
    ownRoot();
    const { logs } = places();
    mkdirSync(logs, { recursive: true });
    mount(["-t", "tmpfs", "-o", "size=96k", "tmpfs", logs]);
    onTestFinished(() => void spawnSync("umount", ["-l", logs]));
    const share = temporaryDirectory();
    const { id } = await detached(
      "yes | head -c 1000000; touch /share/full; until [ -e /share/room ]; do sleep 0.02; done; echo afterwards",
      {
        mounts: [{ destination: "/share", type: "bind", source: share, options: ["rbind"] }],
        // Larger than the disk.
        log: { fileBytes: 1 << 20, files: 1 },
      },
    );
    await until(() => existsSync(join(share, "full")));
    mount(["-o", "remount,size=4m", logs]);
    writeFileSync(join(share, "room"), "");
    await waitForContainer(id);
    const { stdout, lost } = await printed(id);
    expect(stdout).toMatch(/^(?:y\n)+[\s\S]*afterwards\n$/);
    expect(lost).toBeGreaterThan(0);
    expect((await ringside(["logs", id])).stderr).toMatch(/here \d+ bytes are missing: the disk had no room/);
    await removeContainer(id);
  });

  test("is none where the output went to whoever started it", async () => {
    ownRoot();
    expect((await ringside(["run", "--name", "front", "ringside/base", "echo", "seen"])).stdout).toBe("seen\n");
    const { code, stderr } = await ringside(["logs", "front"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/no log of front[\s\S]*fix:/);
  });

  test("ends quietly when nobody reads any more", async () => {
    ownRoot();
    const { id } = await detached("seq 100000; sleep 600");
    await untilPrinted(id, "100000");
    const pipe = spawnSync("sh", ["-c", `"${process.execPath}" "${COMMAND_LINE}" logs -f ${id} | head -n 1`], {
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(pipe.stdout).toBe("1\n");
    expect(pipe.stderr).toBe("");
  });

  test.each([
    ["--tail", "-1"],
    ["--tail", "ten"],
    ["--since", "yesterday"],
  ])("%s %s is refused with what to write instead", async (option, value) => {
    ownRoot();
    const { id, state } = await detached("true");
    await waitForContainer(id);
    await monitorGone(state());
    const { code, stderr } = await ringside(["logs", `${option}=${value}`, id]);
    expect(code).toBe(125);
    expect(stderr).toContain("fix:");
  });
});
