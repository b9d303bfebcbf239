/**
 * System call filters: a filter that allows everything is installed once, and the kernel's list of verdicts is read:
 * seccomp(2).
 */
import { readFileSync } from "node:fs";
import { NO_SLOT } from "../../native/plan/operations.ts";
import { gap, ok, type Question } from "./check.ts";

const NAME = "seccomp";

/** One instruction: BPF_RET | BPF_K with SECCOMP_RET_ALLOW. */
const ALLOW_ALL = Uint8Array.of(0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x7f);

export const askSeccomp: Question = async (lab) => {
  const actions = verdicts();
  if (actions === undefined) {
    const fix = process.platform === "linux" ? "use a kernel with CONFIG_SECCOMP_FILTER" : "run Ringside on Linux";
    return [gap(NAME, "missing", "this kernel has no system call filters", fix)];
  }
  const attempt = await lab.attempt([], 0, [
    { op: "setNoNewPrivileges" },
    { op: "setSeccomp", filter: ALLOW_ALL, flags: 0, listener: NO_SLOT, state: [] },
  ]);
  if (attempt.kind === "worked") return [ok(NAME, `a filter was installed; verdicts: ${actions}`)];
  if (attempt.kind === "failed") return [gap(NAME, "missing", `a filter was refused (${attempt.code})`, null)];
  return [gap(NAME, "limited", `the kernel has filters; not tried: ${attempt.reason}`, null)];
};

function verdicts(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/seccomp/actions_avail", "utf8").trim();
  } catch {
    return undefined;
  }
}
