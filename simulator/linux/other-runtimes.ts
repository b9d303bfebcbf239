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

export const OTHER_RUNTIMES = ["crun", "crun-cached", "runc"] as const;
export type OtherRuntime = (typeof OTHER_RUNTIMES)[number];

/**
 * @param runtime `crun`: makes its seccomp filter anew; `crun-cached`: finds it in its cache
 * @param hostKernel whose namespace figures count; `source` is the kernel that the totals were published for, 5.19
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
  if (runtime === "runc") yield user("runc, not told apart", "runtime", costs.ns("runc.all"));
  else yield* crunItself(runtime, costs);
  yield kernel("unshare (network)", "clone", costs.ns(steps.network), { manual: "network_namespaces(7)" });
  yield kernel("unshare (ipc)", "clone", costs.ns(steps.ipc), { manual: "ipc_namespaces(7)" });
  yield kernel("mount (mqueue)", "mounts", costs.ns(steps.mqueue), { manual: "mq_overview(7)" });
  if (runtime !== "runc")
    yield kernel("the rest of the container, not told apart", "mounts", costs.ns(`${runtime}.kernel`));
  yield* linux.run(workload, "program");
  if (runtime !== "runc") yield { kind: "pause", duration: costs.ns(`${runtime}.wait`) };
  yield { kind: "mark", name: MARKS.gone };
}

function* crunItself(runtime: "crun" | "crun-cached", costs: CostBook): Generator<Activity> {
  yield user(`${runtime} itself`, "runtime", costs.ns(`${runtime}.user`));
  if (runtime === "crun") yield user("libseccomp makes the filter", "security", costs.ns("crun.seccomp"));
}
