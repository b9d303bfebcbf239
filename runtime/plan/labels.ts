/**
 * Labels of the kernel's security modules, which the program gets as it is executed: AppArmor's profile and SELinux's
 * context. apparmor(7), selinux(8), proc_pid_attr(5); runtime-spec, config.md, apparmorProfile and selinuxLabel.
 */
import { existsSync, readFileSync } from "node:fs";
import { RingsideError } from "../error.ts";
import type { OciProcess } from "../oci/config.ts";
import type { ProcWrite } from "./private-proc.ts";

/** Which of the two this kernel has and uses. */
export interface SecurityModules {
  readonly apparmor: boolean;
  readonly selinux: boolean;
}

/** Asks the kernel. @param sys where sysfs is mounted */
export function securityModules(sys = "/sys"): SecurityModules {
  const enabled = `${sys}/module/apparmor/parameters/enabled`;
  return {
    apparmor: existsSync(enabled) && readFileSync(enabled, "utf8").startsWith("Y"),
    selinux: existsSync(`${sys}/fs/selinux/enforce`),
  };
}

function missing(module: string, field: string): never {
  throw new RingsideError(`cannot set process.${field}: this kernel has not ${module}, or does not use it`, {
    fix: `leave ${field} out, or boot a kernel with lsm=${module.toLowerCase()}`,
  });
}

/**
 * What is to be written for the labels of `process`.
 * @param modules looked up only when a label is asked for
 * @throws RingsideError naming the module that the kernel lacks
 */
export function labelWrites(process: OciProcess, modules = securityModules): ProcWrite[] {
  const { apparmorProfile = "", selinuxLabel = "" } = process;
  if (apparmorProfile === "" && selinuxLabel === "") return [];
  const { apparmor, selinux } = modules();
  const words = { stage: "security", why: "The rules that the kernel's security module holds the program to." };
  const writes: ProcWrite[] = [];
  if (apparmorProfile !== "" && (apparmor || apparmorProfile !== "unconfined")) {
    if (!apparmor) missing("AppArmor", "apparmorProfile");
    // Its own directory first (Linux 5.8), since attr/exec belongs to whichever module comes first.
    writes.push({ ...words, path: "thread-self/attr/apparmor/exec", value: `exec ${apparmorProfile}` });
  }
  if (selinuxLabel !== "") {
    if (!selinux) missing("SELinux", "selinuxLabel");
    writes.push({ ...words, path: "thread-self/attr/exec", value: selinuxLabel });
  }
  return writes;
}
