/** Waiting between rounds for what the kernel still takes down. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { busyTeardown, settle } from "../../runtime/bench/settle.ts";

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "ringside-settle-"));
});
afterEach(() => rmSync(proc, { recursive: true }));

function thread(pid: number, comm: string): void {
  mkdirSync(join(proc, String(pid)), { recursive: true });
  writeFileSync(join(proc, String(pid), "comm"), `${comm}\n`);
}

describe("settling", () => {
  it("sees the workers that take down network namespaces and cgroups now, and not those that did before", () => {
    thread(4, "kworker/R-netns");
    thread(20, "kworker/u8:1+netns");
    thread(21, "kworker/u8:2-netns");
    thread(22, "kworker/0:1+cgroup_destroy");
    thread(23, "kworker/0:2+cgroup_pidlist_destroy");
    thread(24, "kworker/1:0+events");
    thread(25, "netns");
    expect(busyTeardown(proc)).toEqual(["kworker/u8:1+netns", "kworker/0:1+cgroup_destroy"]);
  });

  it("ignores what is no process, and a process that has ended since", () => {
    mkdirSync(join(proc, "sys"));
    mkdirSync(join(proc, "77"));
    expect(busyTeardown(proc)).toEqual([]);
  });

  it("ends when the work has ended", async () => {
    thread(20, "kworker/u8:1+netns");
    const settled = settle(proc);
    thread(20, "kworker/u8:1-netns");
    await settled;
    expect(busyTeardown(proc)).toEqual([]);
  });
});
