/**
 * The floor makes the container that `ringside run` makes: the two are compared by what a program inside them sees.
 * Without that, the benchmark would compare different work.
 */
import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { floorCommand } from "../../runtime/bench/floor.ts";
import { requireImage } from "../../runtime/container/start.ts";
import { BASE_IMAGE } from "../../runtime/image/image.ts";
import { startProcess } from "../../runtime/process/start.ts";
import { inside, withOutput } from "../support/inside.ts";
import { CONTAINERS, describeWhere, type Need } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const MEMORY_BYTES = 64 << 20;
const PIDS_LIMIT = 64;

/** The floor expects the control groups where distributions mount them, and to be allowed to make some. */
const needsUsualGroups: Need = () => {
  try {
    floorCommand({ ...limits(), directory: "/tmp", program: [] });
    return undefined;
  } catch (error) {
    return String(error);
  }
};

const limits = () => ({ image: requireImage(BASE_IMAGE), memoryBytes: MEMORY_BYTES, pidsLimit: PIDS_LIMIT });

async function insideFloor(script: string): Promise<string> {
  const directory = temporaryDirectory();
  await using launcher = await Launcher.open();
  const argv = floorCommand({ ...limits(), directory, program: ["/bin/sh", "-c", script] });
  const env = ["PATH=/bin:/usr/bin:/sbin:/usr/sbin", "HOME=/root"];
  const { world, output } = await withOutput((stdio) => startProcess(launcher, { argv, env, ...stdio }));
  const { status } = await world.exited;
  expect([status, await output]).toEqual([{ kind: "exited", code: 0 }, expect.any(String)]);
  expect(existsSync(argv[3] ?? "")).toBe(false);
  return await output;
}

async function both(script: string): Promise<{ floor: string; ours: string }> {
  const { output } = await inside(script, { memoryBytes: MEMORY_BYTES, pidsLimit: PIDS_LIMIT });
  return { floor: await insideFloor(script), ours: output };
}

/** Where, of which type and from which source each mount is, with its own options; ids, devices and options of the file system differ. */
function mountsOf(mountInfo: string): string[] {
  return mountInfo
    .trim()
    .split("\n")
    .map((line) => {
      const [left = "", right = ""] = line.split(" - ");
      const [, , , root, at, options] = left.split(" ");
      const [type, source] = right.split(" ");
      return [at, root, options, type, source].join(" ");
    })
    .sort();
}

describeWhere([...CONTAINERS, needsUsualGroups], "the floor and our container", () => {
  test("have the same mounts", async () => {
    const { floor, ours } = await both("cat /proc/self/mountinfo");
    expect(mountsOf(floor)).toEqual(mountsOf(ours));
  });

  test("have the same privileges, the same kind of filter and the same place in the process tree", async () => {
    const { floor, ours } = await both(
      "grep -E '^(Cap|Seccomp|NoNewPrivs|Umask|Uid|Gid|Groups)' /proc/self/status; echo $$; pwd; ls /proc/$$/fd",
    );
    expect(floor).toBe(ours);
    expect(ours).toContain("Seccomp:\t2");
  });

  test("have the same namespaces of their own", async () => {
    const names = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
    const script = names.map((name) => `readlink /proc/self/ns/${name}`).join("; ");
    const { floor, ours } = await both(script);
    const isOwn = (output: string) =>
      output
        .trim()
        .split("\n")
        .map((link, position) => link !== readlinkSync(join("/proc/self/ns", names[position] ?? "")));
    expect(isOwn(floor)).toEqual(isOwn(ours));
    expect(isOwn(floor).filter(Boolean).length).toBeGreaterThan(4);
  });

  test("have the same groups with the same limits", async () => {
    const limitsFiles = ["memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "pids/pids.max"];
    const unified = ["memory.max", "memory.swap.max", "pids.max", "cpu.max"];
    const files = [...limitsFiles, "devices/devices.list", ...unified]
      .map((file) => `/sys/fs/cgroup/${file}`)
      .join(" ");
    const script = `cat /proc/self/cgroup; for f in ${files}; do test -e $f && echo $f && sort $f; done; true`;
    const { floor, ours } = await both(script);
    expect(floor).toBe(ours);
    expect(ours).toContain(String(MEMORY_BYTES));
  });

  test("have the same devices and the same network", async () => {
    const script =
      "ls -lA /dev | awk '{ print $1, $3, $4, $5, $6, $NF }' | grep -E '^[cl]'; cat /proc/net/dev | wc -l; ip link show lo | head -1";
    const { floor, ours } = await both(script);
    const withoutSizes = (text: string) => text.replace(/^(l\S+ \S+ \S+).* (\S+)$/gm, "$1 $2");
    expect(withoutSizes(floor)).toBe(withoutSizes(ours));
    expect(ours).toContain("LOWER_UP");
  });
});
