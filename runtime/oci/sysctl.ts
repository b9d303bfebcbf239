/**
 * Which kernel settings a container may have of its own (sysctl(8); config-linux.md, Sysctl). Most of /proc/sys is the
 * host's, whatever the namespaces; the list of what is not is runc's. A name is turned into a path here, and only here,
 * so that what was checked is what is written (CVE-2022-0811 was a value that smuggled in a second name).
 */
import type { NamespaceType } from "./config.ts";

/** System V IPC (sysvipc(7)), all in the IPC namespace. */
const IPC_SETTINGS = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

/** Why a setting cannot be made, and what to do; undefined where it can. */
export interface SysctlProblem {
  readonly why: string;
  readonly fix: string;
}

const COMPONENT = /^[A-Za-z0-9_-][A-Za-z0-9_.@-]*$/;

/**
 * The file of a setting below /proc/sys. As with sysctl(8) either separator may come first in a name, and the other
 * then stands for a dot within a component: `net.ipv4.conf.eno2/100.rp_filter`, `net/ipv4/conf/eno2.100/rp_filter`.
 *
 * @returns a relative path without `.`, `..` or empty components; undefined for a name that has no such path
 */
export function sysctlPath(name: string): string | undefined {
  const first = name.search(/[./]/);
  if (first < 0) return undefined;
  const separator = name.charAt(first);
  const components = name
    .split(separator)
    .map((component) => (separator === "." ? component.replaceAll("/", ".") : component));
  return components.every((component) => COMPONENT.test(component)) ? components.join("/") : undefined;
}

/** The namespace that keeps a setting apart from the host's; undefined where none does. */
function namespaceOf(path: string): NamespaceType | undefined {
  if (path.startsWith("net/")) return "network";
  if (path.startsWith("fs/mqueue/") || IPC_SETTINGS.has(path.replaceAll("/", "."))) return "ipc";
  if (path === "kernel/domainname" || path === "kernel/hostname") return "uts";
  return undefined;
}

/**
 * Whether a container with these namespaces, new or joined, may have this setting.
 *
 * @param namespaces the types in the configuration
 */
export function sysctlProblem(
  name: string,
  value: string,
  namespaces: ReadonlySet<NamespaceType>,
): SysctlProblem | undefined {
  const path = sysctlPath(name);
  if (path === undefined) {
    return {
      why: "it is not the name of a kernel setting",
      fix: "write it as sysctl(8) does, like net.core.somaxconn",
    };
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be in it
  if (/[+\u0000-\u0008\u000a-\u001f]/.test(value)) {
    return { why: "its value has a + or a control character in it", fix: "give each setting an entry of its own" };
  }
  const owner = namespaceOf(path);
  if (owner === undefined) {
    return { why: "it is not in any namespace: it would change the host", fix: "set it on the host, or leave it out" };
  }
  if (!namespaces.has(owner)) {
    return {
      why: `the container shares the host's ${owner} namespace, so it would change the host`,
      fix: `add {"type": "${owner}"} to linux.namespaces, or leave the setting out`,
    };
  }
  return path === "kernel/hostname"
    ? { why: "the hostname has a field of its own", fix: "use the field hostname" }
    : undefined;
}
