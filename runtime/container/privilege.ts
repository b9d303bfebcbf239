/** What we are, to the kernel: root, root of a user namespace, or an ordinary user. user_namespaces(7). */
import { readFileSync } from "node:fs";
import type { Privilege } from "../plan/tree.ts";

/** The map of the machine's own user namespace, in which every number stands for itself. */
const WHOLE = /^\s*0\s+0\s+4294967295\s*$/;

/** Asks the kernel. */
export function ownPrivilege(): Privilege {
  if (process.geteuid?.() !== 0) return "user";
  try {
    return WHOLE.test(readFileSync("/proc/self/uid_map", "utf8")) ? "root" : "namespaced";
  } catch {
    // A kernel without user namespaces.
    return "root";
  }
}
