/**
 * Starting a container with crun or runc, as far as published figures tell its parts apart. The kernel's part is the same
 * as with any runtime; what differs is what the runtime does in user mode before.
 */
import type { CostBook } from "../costs/cost-book.ts";
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import { type HostKernel, namespaceCosts } from "./host-kernel.ts";
import { kernel, type LinuxKernel, user } from "./kernel.ts";

export const OTHER_RUNTIMES = ["crun", "crun-cached", "runc", "containerd", "docker"] as const;
export type OtherRuntime = (typeof OTHER_RUNTIMES)[number];

/** What stands between whoever asks and runc; published figures do not tell its parts apart. */
const DAEMONS = {
  containerd: "containerd and its shim, network and storage, not told apart",
  docker: "docker's command line, dockerd, containerd and its shim, network and storage, not told apart",
} as const;
type Daemon = keyof typeof DAEMONS;

function isDaemon(runtime: OtherRuntime): runtime is Daemon {
  return Object.hasOwn(DAEMONS, runtime);
}

/**
 * @param runtime `crun`: makes its seccomp filter anew; `crun-cached`: finds it in its cache; `containerd` and `docker` have
 *   runc do it
 * @param hostKernel whose namespace figures count, and whose time's libseccomp; `source` is the kernel that the totals were
 *   published for, 5.19
 * @returns the whole life of the container, to when the runtime's command has ended
 */
export function* otherRuntimeLife(
  runtime: OtherRuntime,
  linux: LinuxKernel,
  costs: CostBook,
  hostKernel: HostKernel,
  workload: Workload,
): Generator<Activity> {
  const steps = namespaceCosts(hostKernel === "source" ? "5.19" : hostKernel);
  if (isDaemon(runtime)) yield user(DAEMONS[runtime], "runtime", costs.ns(`${runtime}.daemon`));
  if (runtime === "crun" || runtime === "crun-cached") yield* crunItself(runtime, costs, hostKernel);
  else yield user("runc, not told apart", "runtime", costs.ns("runc.all"));
  yield kernel("unshare (network)", "clone", costs.ns(steps.network), { manual: "network_namespaces(7)" });
  yield kernel("unshare (ipc)", "clone", costs.ns(steps.ipc), { manual: "ipc_namespaces(7)" });
  yield kernel("mount (mqueue)", "mounts", costs.ns(steps.mqueue), { manual: "mq_overview(7)" });
  if (runtime === "crun" || runtime === "crun-cached")
    yield kernel("the rest of the container, not told apart", "mounts", costs.ns(`${runtime}.kernel`));
  yield* linux.run(workload, "program");
  if (runtime === "crun" || runtime === "crun-cached") yield { kind: "pause", duration: costs.ns(`${runtime}.wait`) };
  yield { kind: "mark", name: MARKS.gone };
}

function* crunItself(runtime: "crun" | "crun-cached", costs: CostBook, hostKernel: HostKernel): Generator<Activity> {
  yield user(`${runtime} itself`, "runtime", costs.ns(`${runtime}.user`));
  const seccomp = hostKernel === "4.5" ? "crun.seccomp.old" : "crun.seccomp";
  if (runtime === "crun") yield user("libseccomp makes the filter", "security", costs.ns(seccomp));
}
