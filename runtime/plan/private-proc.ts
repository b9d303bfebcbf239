/**
 * Files of /proc that a start writes itself: kernel settings and security labels. They are written below a procfs that
 * is attached nowhere, so that nothing which a configuration mounts over /proc can take the words for another file, or
 * swallow them (CVE-2019-16884, CVE-2025-52881). fsopen(2), proc(5).
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciLinux } from "../oci/config.ts";
import { sysctlPath, sysctlProblem } from "../oci/sysctl.ts";
import { MOUNT_ATTRIBUTES } from "./mount-options.ts";
import { isOurOwn } from "./namespaces.ts";
import type { Slots } from "./slots.ts";

/** One file and what is written to it. */
export interface ProcWrite {
  /** Below /proc, as in `sys/net/core/somaxconn` or `thread-self/attr/exec`. */
  readonly path: string;
  readonly value: string;
  readonly stage: string;
  readonly why: string;
}

/** The steps that write all of `writes`, in the container's own namespaces; none for none. */
export function procWriteSteps(writes: readonly ProcWrite[], slots: Slots): PlanStep[] {
  if (writes.length === 0) return [];
  const proc = slots.take();
  const { nosuid, nodev, noexec } = MOUNT_ATTRIBUTES;
  return [
    {
      phase: "child",
      stage: "security",
      why: "A /proc that nobody else has, to write to the kernel's files and to no others.",
      op: "newFilesystem",
      slot: proc,
      type: "proc",
      options: ["source=proc"],
      attributes: nosuid | nodev | noexec,
    },
    ...writes.map(
      ({ path, value, stage, why }): PlanStep => ({ phase: "child", stage, why, op: "writeProc", proc, path, value }),
    ),
  ];
}

/**
 * linux.sysctl as files to write. Checked here too, where every configuration comes by: a setting that is in none of the
 * container's namespaces would be the host's (CVE-2022-0811).
 * @throws RingsideError for a name that is no setting's, and for a setting that is not the container's own
 */
export function sysctlWrites({ sysctl = {}, namespaces = [] }: OciLinux): ProcWrite[] {
  const own = new Set(namespaces.filter((namespace) => !isOurOwn(namespace)).map(({ type }) => type));
  return Object.entries(sysctl).map(([name, value]) => {
    const problem = sysctlProblem(name, value, own);
    if (problem !== undefined) {
      throw new RingsideError(`cannot set ${JSON.stringify(name)}: ${problem.why}`, { fix: problem.fix });
    }
    const path = sysctlPath(name) ?? "";
    return { path: `sys/${path}`, value, stage: "identity", why: `The kernel setting ${name}, in its own namespace.` };
  });
}
