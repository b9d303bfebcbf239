/** Writes what processors do into a trace: each stretch a span, each mark an instant. */
import type { Arguments, TraceRecorder } from "../trace/recorder.ts";
import { COUNT_ARG } from "../trace/timeline.ts";
import type { CpuObserver } from "./cpu-set.ts";
import type { Begun, Thread } from "./thread.ts";

/**
 * @param recorder where it is written down
 * @param trackOf the track of what a thread does on a processor: one a thread, one a processor, or one for all. A context
 *   switch is nobody's; undefined leaves it out
 */
export function trackObserver<T extends Thread>(
  recorder: TraceRecorder,
  trackOf: (thread: T | undefined, cpu: number) => string | undefined,
): Pick<CpuObserver<T>, "ran" | "marked"> {
  return {
    ran: ({ cpu, thread, activity, start, end }) => {
      const track = trackOf(thread, cpu);
      if (track === undefined || activity.kind === "open") return;
      const { name, mode, stage } = activity;
      const args = thread?.begun !== undefined && goesOn(thread.begun) ? withoutCount(activity.args) : activity.args;
      recorder.span({ track, name, start, end, mode, stage, ...(args === undefined ? {} : { args }) });
    },
    marked: (thread, { name, args }, at) => {
      const track = trackOf(thread, thread.cpu ?? 0);
      if (track !== undefined) recorder.instant({ track, name, at, ...(args === undefined ? {} : { args }) });
    },
  };
}

/** Whether a part of the burst has run before: what it counts for was counted with its first part. */
function goesOn({ activity, leftNs }: Begun): boolean {
  return activity.kind === "burst" && leftNs < activity.duration;
}

function withoutCount(args: Arguments | undefined): Arguments | undefined {
  if (args?.[COUNT_ARG] === undefined) return args;
  const { [COUNT_ARG]: _, ...rest } = args;
  return rest;
}
