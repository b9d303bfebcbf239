/** The simulator's table for people. */

import { formatRows } from "../speed/report.ts";
import type { SimulatorReport } from "./schema.ts";

/** The report as text, ending in a newline. */
export function formatSimulatorSpeed({
  startedAt,
  machine,
  protocol,
  interrupted,
  rows,
  notes,
}: SimulatorReport): string {
  const head = [
    `${startedAt.slice(0, 10)}, ${machine.kernel}, ${machine.cpu}, ${machine.cores} cores`,
    `${protocol.runs} rounds after ${protocol.warmup} for warm-up, seed ${protocol.seed}, ${protocol.order}; ${protocol.workload}`,
    ...(interrupted ? ["Interrupted: what had been measured until then."] : []),
  ];
  return formatRows(head, rows, notes);
}
