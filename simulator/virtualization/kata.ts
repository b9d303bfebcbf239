/**
 * Kata Containers (docs/design/architecture): each pod is a machine of its own, and in it an agent makes containers with
 * namespaces and cgroups of the guest's kernel: the list of a container's start is carried out all the same, one kernel
 * deeper.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { containerLife } from "../linux/container.ts";
import type { ContainerPlanStep } from "../linux/container-plan.ts";
import { kernel, type LinuxKernel, user } from "../linux/kernel.ts";
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { BootConfiguration } from "./machine.ts";

export interface KataOptions {
  readonly costs: CostBook;
  readonly hypervisor: Hypervisor;
  readonly guest: LinuxKernel;
  readonly boot: BootConfiguration;
  readonly plan: readonly ContainerPlanStep[];
}

/** @returns the whole life of a pod with one container. */
export function* kataLife(options: KataOptions, workload: Workload): Generator<Activity> {
  const { boot, costs, hypervisor } = options;
  yield user(`${boot.vmm} starts`, "VMM", costs.ns(boot.vmmCost));
  yield* hypervisor.run(inGuest(options, workload));
  yield { kind: "mark", name: MARKS.gone };
}

function* inGuest({ boot, costs, guest, plan }: KataOptions, workload: Workload): Generator<Activity> {
  yield kernel("the guest's kernel starts", "kernel", costs.ns(boot.kernelCost));
  yield kernel("execve(kata-agent)", "init", costs.ns("linux.execve"), { manual: "execve(2)" });
  yield user("shim, agent, file-system daemon and network, not told apart", "init", costs.ns("kata.rest"));
  const life = containerLife({ linux: guest, costs, plan, hostKernel: "source" }, workload);
  for (const activity of life) {
    if (activity.kind !== "mark" || activity.name !== MARKS.gone) yield activity;
  }
  yield kernel("the agent powers the guest off", "gone", guest.entryNs, { manual: "reboot(2)" });
}
