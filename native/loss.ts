/** Why there is no launcher any more, by how it has ended. */
import type { ExitStatus } from "./kernel-types.ts";
import { errorName } from "./names.ts";

/** @param status its exit code is an errno where it could not start (native/launcher/main.cc) */
export function lossOf(status: ExitStatus): Error {
  if (status.kind === "signaled" || status.code === 0) return new Error("the launcher was killed from outside");
  const code = errorName(status.code);
  const fix = code === "EACCES" ? "; to fix it: sysctl vm.memfd_noexec=1" : "";
  return new Error(`${code}: the launcher cannot run from a sealed copy of itself (memfd_create(2))${fix}`);
}
