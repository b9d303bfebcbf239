/**
 * Who may not issue a supervisor call at all: abend 0F8 and its reason codes (z/OS MVS System Codes, 0F8). Reason 1C, an
 * assist that is not authorized, is not modelled.
 */
import type { WorkUnit } from "./control-blocks.ts";
import type { Psw } from "./psw.ts";
import type { SvcRow } from "./svc-table.ts";

export const SVC_FORBIDDEN = "0F8";

export const REFUSALS = {
  notTask: 0x04,
  lockHeld: 0x08,
  disabled: 0x0c,
  crossMemory: 0x10,
  eutFrr: 0x14,
  accessRegisterMode: 0x18,
} as const;

/**
 * @param caller the PSW at the SVC
 * @returns the reason code of abend 0F8; undefined where the call may go on
 */
export function refusalOf(unit: WorkUnit, caller: Psw, row: SvcRow): number | undefined {
  if (unit.kind === "SRB") return REFUSALS.notTask;
  if (unit.locks.length > 0) return REFUSALS.lockHeld;
  if (!caller.enabled) return REFUSALS.disabled;
  if (unit.primary !== unit.home) return REFUSALS.crossMemory;
  if (unit.eutFrrs > 0) return REFUSALS.eutFrr;
  if (caller.addressSpace === "access-register" && row.accessRegisterMode !== true) return REFUSALS.accessRegisterMode;
  return undefined;
}
