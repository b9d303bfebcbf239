/** Why there is no launcher any more, by how it has ended. */
import type { ExitRecord, ExitStatus } from "./kernel-types.ts";
import { errorName } from "./names.ts";

/** @param status its exit code is an errno where it could not start (native/launcher/main.cc) */
export function lossOf(status: ExitStatus): Error {
  if (status.kind === "signaled" || status.code === 0) return new Error("the launcher was killed from outside");
  const code = errorName(status.code);
  const fix = code === "EACCES" ? "; to fix it: sysctl vm.memfd_noexec=1" : "";
  return new Error(`${code}: the launcher cannot run from a sealed copy of itself (memfd_create(2))${fix}`);
}

/** How a process has ended that died with its launcher: nobody was left to ask the kernel what it had used. */
export function lostExit(exitedNs: number): ExitRecord {
  return {
    status: { kind: "signaled", signal: "SIGKILL" },
    exitedNs,
    userUs: 0,
    systemUs: 0,
    maxRssKiB: 0,
    reports: {},
  };
}
