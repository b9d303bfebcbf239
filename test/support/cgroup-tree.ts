/** Made-up cgroup file systems: a directory tree and a mount table that says it is mounted. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface FakeMount {
  readonly at: string;
  readonly type: "cgroup" | "cgroup2" | "tmpfs";
  readonly options?: string;
  readonly superOptions: string;
}

export interface FakeCgroups {
  /** Stands for /sys/fs/cgroup. */
  readonly root: string;
  /** Stands for /proc/self/mountinfo. */
  readonly mountInfo: string;
}

/**
 * @param directory an empty directory to build in
 * @param files by path below the root
 */
export function fakeCgroups(
  directory: string,
  mounts: readonly FakeMount[],
  files: Readonly<Record<string, string>> = {},
): FakeCgroups {
  const root = join(directory, "cgroup");
  const mountInfo = join(directory, "mountinfo");
  const lines = mounts.map(({ at, type, options = "rw,nosuid", superOptions }, index) => {
    const where = join(root, at);
    mkdirSync(where, { recursive: true });
    return `${40 + index} 31 0:${28 + index} / ${where} ${options} shared:${index} - ${type} ${type} ${superOptions}`;
  });
  const others = ["22 1 254:0 / / rw - ext4 /dev/vda rw", `23 22 0:21 / /elsewhere rw - cgroup2 cgroup2 rw`];
  writeFileSync(mountInfo, `${[...others, ...lines].join("\n")}\n`);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, mountInfo };
}

export const V1_MOUNTS: readonly FakeMount[] = [
  { at: "", type: "tmpfs", superOptions: "rw,mode=755" },
  { at: "cpu,cpuacct", type: "cgroup", superOptions: "rw,cpu,cpuacct" },
  { at: "memory", type: "cgroup", superOptions: "rw,memory" },
  { at: "pids", type: "cgroup", superOptions: "rw,pids" },
  { at: "devices", type: "cgroup", superOptions: "rw,devices" },
  { at: "systemd", type: "cgroup", superOptions: "rw,xattr,name=systemd" },
];
export const V1_FILES = { "memory/memory.memsw.limit_in_bytes": "9223372036854771712\n" };

export const V2_MOUNTS: readonly FakeMount[] = [{ at: "", type: "cgroup2", superOptions: "rw,nsdelegate" }];
export const V2_FILES = {
  "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
  "cgroup.subtree_control": "cpu memory pids\n",
  "system.slice/memory.max": "max\n",
  "system.slice/memory.swap.max": "max\n",
};
