/**
 * What a process takes of the host's memory, its shared pages divided among those who share them: the proportional set
 * size of /proc/PID/smaps_rollup, proc_pid_smaps(5). Of a virtual machine monitor it holds the guest's memory too, as
 * far as the guest has ever touched it.
 */
import { readFileSync } from "node:fs";

const LINE = /^Pss:\s+(\d+) kB$/m;

/** @returns undefined where the process has gone, or may not be looked at */
export function pssBytes(pid: number): number | undefined {
  try {
    const [, kibibytes] = LINE.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
