/**
 * Containers that take all they can get, within the limits that they were given: the host and a neighbour go on. Each
 * bomb is bounded by itself too, so that a limit that does not hold is a failed test and not a lost machine.
 */
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { parseReports } from "../../runtime/cgroup/reports.ts";
import type { ContainerOptions } from "../../runtime/container/options.ts";
import type { OciMount } from "../../runtime/oci/config.ts";
import { makeBundle } from "../support/bundle.ts";
import { needsCompiler } from "../support/compiled.ts";
import { inside } from "../support/inside.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { compiled } from "./canary.ts";
import { type Running, startHostile } from "./running.ts";

const MEBIBYTE = 1 << 20;

function neighbour(): Promise<Running> {
  return startHostile(makeBundle(), ["/bin/sleep", "600"]);
}

/** Runs a bomb beside a neighbour, and asks the neighbour and the host for something while it is there and afterwards. */
async function explode(script: string, options: Partial<ContainerOptions>): ReturnType<typeof inside> {
  const { exec } = await neighbour();
  const works = async (): Promise<void> => {
    expect(await exec(["/bin/sh", "-c", "echo x > /tmp/file && cat /tmp/file | cat"])).toBe("x\n");
    expect(execFileSync("/bin/sh", ["-c", "echo host | cat"], { encoding: "utf8" })).toBe("host\n");
    closeSync(openSync("/dev/null", "r"));
  };
  const bomb = inside(script, options);
  await works();
  const ended = await bomb;
  await works();
  return ended;
}

describeWhere(CONTAINERS, "a container that takes all it can get leaves the host and its neighbours working", () => {
  test("with a memory bomb", async () => {
    const { output, world } = await explode("dd if=/dev/zero of=/dev/null bs=256M count=1 && echo all of it", {
      memoryBytes: 24 * MEBIBYTE,
    });
    expect(output).not.toContain("all of it");
    expect(await world.exited).toBeDefined();
  });

  test("with memory that looks like files", async () => {
    const { output } = await explode("dd if=/dev/zero of=/dev/shm/x bs=1M count=200 && echo all of it", {
      memoryBytes: 24 * MEBIBYTE,
    });
    expect(output).not.toContain("all of it");
  });

  test("with a full disk", async () => {
    const script =
      "dd if=/dev/zero of=/small/x bs=1M count=64 2>&1; echo more > /small/y; cat /small/y; ls / | head -1";
    const mounts = [{ destination: "/small", type: "tmpfs", source: "tmpfs", options: ["size=4m"] }];
    const { output } = await explode(script, { mounts });
    expect(output).toMatch(/No space left on device/);
  });

  test("with names instead of bytes", async () => {
    const script = "i=0; while [ $i -lt 5000 ] && : > /small/$i; do i=$((i + 1)); done; echo $i";
    const mounts = [{ destination: "/small", type: "tmpfs", source: "tmpfs", options: ["size=4m", "nr_inodes=100"] }];
    const { output } = await explode(script, { mounts });
    expect(output).toMatch(/No space left on device/);
    expect(output).not.toContain("5000");
  });
});

/** The hostile program, shown in the container. */
function attackMount(): OciMount[] {
  return [{ destination: "/attack", source: compiled("attack.c"), type: "bind", options: ["bind", "ro"] }];
}

describeWhere([...CONTAINERS, needsCompiler], "a container that comes to its limits", () => {
  test("by a fork bomb has as many processes as it may, and leaves the others theirs", async () => {
    const pidsLimit = 24;
    const { output, exit } = await explode("exec /attack fork", { mounts: attackMount(), pidsLimit });
    expect(Number(output)).toBeGreaterThan(pidsLimit / 2);
    expect(Number(output)).toBeLessThan(pidsLimit);
    expect(parseReports(exit.reports).pidsRefused).toBeGreaterThan(0);
  });

  test("by opening files has as many descriptors as it may, and leaves the others theirs", async () => {
    const mounts = attackMount();
    const rlimits = [{ type: "RLIMIT_NOFILE" as const, soft: 4096, hard: 4096 }];
    const { output } = await explode("/attack open", { mounts, rlimits });
    expect(output).toBe("the last was 4095: Too many open files\n");
  });
});
