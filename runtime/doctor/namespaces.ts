/**
 * The eight kinds of namespaces, each made once: namespaces(7). Root makes each one alone; an ordinary user makes it
 * together with a user namespace, which is the only way open to them.
 */
import { existsSync } from "node:fs";
import { type Check, gap, ok, type Question } from "./check.ts";
import type { ProbeLab } from "./probe-lab.ts";

const CLONE_NEWUSER = 0x1000_0000;

/** By the file below /proc/PID/ns: the clone(2) flag, the kernel's configuration option, and what it is for. */
const NAMESPACES = {
  mnt: { flag: 0x0002_0000, option: "MOUNT_NS", holds: "mounts" },
  cgroup: { flag: 0x0200_0000, option: "CGROUPS", holds: "the view of control groups" },
  uts: { flag: 0x0400_0000, option: "UTS_NS", holds: "the host name" },
  ipc: { flag: 0x0800_0000, option: "IPC_NS", holds: "System V IPC and message queues" },
  user: { flag: CLONE_NEWUSER, option: "USER_NS", holds: "users and capabilities" },
  pid: { flag: 0x2000_0000, option: "PID_NS", holds: "process numbers" },
  net: { flag: 0x4000_0000, option: "NET_NS", holds: "interfaces, routes and ports" },
  time: { flag: 0x0000_0080, option: "TIME_NS", holds: "the monotonic and boot clocks" },
} as const;

type Kind = keyof typeof NAMESPACES;

export const askNamespaces: Question = (lab) => {
  const kinds = Object.keys(NAMESPACES).filter((kind): kind is Kind => kind in NAMESPACES);
  return Promise.all(kinds.map((kind) => askOne(kind, lab)));
};

async function askOne(kind: Kind, lab: ProbeLab): Promise<Check> {
  const { flag, option, holds } = NAMESPACES[kind];
  const name = `namespace ${kind}`;
  if (process.platform !== "linux") return gap(name, "missing", "only Linux has it", "run Ringside on Linux");
  if (!existsSync(`/proc/self/ns/${kind}`)) {
    return gap(name, "missing", "this kernel does not have it", `use a kernel with CONFIG_${option}`);
  }
  const attempt = await lab.attempt([], lab.isRoot ? flag : flag | CLONE_NEWUSER, []);
  switch (attempt.kind) {
    case "worked":
      return ok(name, `made one${lab.isRoot || kind === "user" ? "" : " inside a user namespace"}: ${holds}`);
    case "failed":
      return gap(
        name,
        "missing",
        `the kernel has it, but refused to make one (${attempt.code})`,
        refusal(attempt.code, lab),
      );
    case "untried":
      return gap(name, "limited", `the kernel has it; not tried: ${attempt.reason}`, null);
  }
}

/** ENOSPC is the limit of user.max_*_namespaces; EPERM a missing right, most often inside a container. */
function refusal(code: string, lab: ProbeLab): string | null {
  if (code === "ENOSPC") return "sysctl -w user.max_user_namespaces=10000, and the same for the other kinds";
  if (code !== "EPERM") return null;
  return lab.isRoot ? "run Ringside outside of a container, or give that one CAP_SYS_ADMIN" : "run Ringside as root";
}
