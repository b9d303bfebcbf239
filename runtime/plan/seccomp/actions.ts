/** What a filter can answer (seccomp(2), return values of filters; numbers of linux/seccomp.h). */
import { constants } from "node:os";
import { RingsideError } from "../../error.ts";
import type { SeccompAction } from "../../oci/seccomp.ts";

const ACTIONS: Readonly<Record<SeccompAction, number>> = {
  SCMP_ACT_KILL: 0x0000_0000,
  SCMP_ACT_KILL_THREAD: 0x0000_0000,
  SCMP_ACT_KILL_PROCESS: 0x8000_0000,
  SCMP_ACT_TRAP: 0x0003_0000,
  SCMP_ACT_ERRNO: 0x0005_0000,
  SCMP_ACT_NOTIFY: 0x7fc0_0000,
  SCMP_ACT_TRACE: 0x7ff0_0000,
  SCMP_ACT_LOG: 0x7ffc_0000,
  SCMP_ACT_ALLOW: 0x7fff_0000,
};

/** These two carry a number for the caller: an errno, a message to the tracer. */
const CARRY_DATA: ReadonlySet<SeccompAction> = new Set(["SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"]);

/** What a call of a foreign architecture gets, as with libseccomp: its numbers would mean other calls. */
export const FOREIGN_VERDICT = ACTIONS.SCMP_ACT_KILL_THREAD;

/** What a call gets that is newer than the profile. A program sees an old kernel, and falls back. */
export const NEWER_VERDICT = ACTIONS.SCMP_ACT_ERRNO | constants.errno.ENOSYS;

/** Actions that let a call through; under them newer calls need no ENOSYS. */
export const PERMISSIVE: ReadonlySet<SeccompAction> = new Set(["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"]);

/**
 * The 32 bits that a filter returns for an action.
 *
 * @param errnoRet the action's number; EPERM if missing
 * @throws RingsideError for an action that seccomp does not have, or a number that does not fit
 */
export function verdictOf(action: SeccompAction, errnoRet: number = constants.errno.EPERM): number {
  const bits: number | undefined = ACTIONS[action];
  if (bits === undefined) {
    throw new RingsideError(`unknown seccomp action ${JSON.stringify(action)}`, {
      fix: `use one of ${Object.keys(ACTIONS).join(", ")}`,
    });
  }
  if (!CARRY_DATA.has(action)) return bits;
  if (!(Number.isInteger(errnoRet) && errnoRet >= 0 && errnoRet <= 0xffff)) {
    throw new RingsideError(`cannot return errno ${errnoRet} from a seccomp filter: it carries 16 bits`, {
      fix: "use a number from 0 to 65535; errno(3) lists those with a meaning",
    });
  }
  return bits + errnoRet;
}
