/** Clocks of the container's own: how far they are from ours. time_namespaces(7). */
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciLinux } from "../oci/config.ts";
import { OFFSET_CLOCKS } from "../oci/kernel-names.ts";

/**
 * As /proc/PID/timens_offsets takes it: before the first process is in the namespace, and never after.
 * @param phase the launcher does it for a process with users of its own
 */
export function timeOffsetSteps(offsets: OciLinux["timeOffsets"], phase: "host" | "child"): PlanStep[] {
  const lines = Object.entries(offsets ?? {}).flatMap(([name, offset]) => {
    const clock = Object.entries(OFFSET_CLOCKS).find(([known]) => known === name)?.[1];
    return offset === undefined || clock === undefined ? [] : `${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n`;
  });
  if (lines.length === 0) return [];
  return [
    {
      phase,
      stage: "clone",
      why: "How far its clocks are from ours; once a process lives by them, nobody can change it.",
      op: "setTimeOffsets",
      text: lines.join(""),
    },
  ];
}
