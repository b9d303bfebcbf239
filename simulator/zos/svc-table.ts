/**
 * The SVC table: one row for each supervisor call that the model issues. Numbers, types, locks and modules as in z/OS
 * MVS Diagnosis: Reference, "SVC summary"; a row whose type the manual was not read for says so.
 */
import type { Evidence } from "./step.ts";

export interface SvcRow {
  readonly number: number;
  readonly macro: string;
  /** 1, 2 and 6 are in the nucleus, 3 and 4 in the link pack area; there is no type 5. */
  readonly type: 1 | 2 | 3 | 4 | 6;
  readonly locks: readonly ("LOCAL" | "CMS")[];
  readonly module: string | undefined;
  readonly does: string;
  readonly evidence: Evidence;
}

export const SVC_TABLE = {
  wait: row(1, "WAIT", 1, ["LOCAL"], "IGC001", "waits until an event control block is posted"),
  exit: row(3, "EXIT", 1, ["LOCAL"], "IGC003", "ends the task; register 15 becomes its completion code"),
  load: row(8, "LOAD", 2, ["LOCAL", "CMS"], "CSVLOAD", "brings a module into storage"),
  time: row(11, "TIME", 3, [], "IEAVRT01", "tells the time"),
  command: row(34, "MGCR", 4, [], undefined, "hands an operator command to the system: START", "recalled"),
  writeToOperator: row(35, "WTO", 4, ["LOCAL", "CMS"], "IEAVM600", "writes a message to the operator"),
  attach: row(42, "ATTACH", 2, ["LOCAL"], "IEAVEAT0", "makes a subtask: a new TCB and its first RB"),
} as const satisfies Record<string, SvcRow>;

function row(
  number: number,
  macro: string,
  type: SvcRow["type"],
  locks: SvcRow["locks"],
  module: string | undefined,
  does: string,
  evidence: Evidence = "verified",
): SvcRow {
  return { number, macro, type, locks, module, does, evidence };
}
