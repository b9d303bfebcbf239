/**
 * What tracing costs, measured in the run that pays it: the cheapest call (getppid) some thousand times, once as it is
 * and once traced, both timed by the program itself (native/getppid-loop.c). What the tracer did between a stop and the
 * next move of the process is known for every call from its stamps; the rest of the difference is the switching from
 * the process to the tracer and back, twice a call.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { type Launcher, nativeProgram, openPipe } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import { PROGRAM_PAUSE, withProgramPause } from "../plan/pauses.ts";
import { processPlan } from "../process/start.ts";
import type { CallRecord } from "./records.ts";
import { callName } from "./signature.ts";
import { type Watch, watchProcess } from "./watch.ts";

/** How many calls there were, and how long the tracer held the process for them. */
export interface CallTotals {
  readonly calls: number;
  readonly heldNs: number;
}

export interface TracingCost {
  /** Calls of the calibration; what one took as it is (the mean), and traced (the median). */
  readonly calibrationCalls: number;
  readonly untracedNs: number;
  readonly tracedNs: number;
  /** Of a traced call: switching to the tracer and back, twice. */
  readonly switchingNs: number;
  /** Of the time that is shown with each call: what is not the call's own. */
  readonly shownExtraNs: number;
}

const RESULT_BYTES = 16;

/** @returns how long the tracer held the process at the two stops of the call */
export function heldNs({ atNs, enterNs, exitNs, resumedNs }: CallRecord): number {
  return enterNs - atNs + (resumedNs - exitNs);
}

interface LoopRun {
  readonly calls: number;
  readonly totalNs: number;
}

async function runLoop(launcher: Launcher, path: string, onStart: (pid: number) => void): Promise<LoopRun> {
  const plan = withProgramPause(processPlan({ argv: [path] }));
  const nothing = openSync("/dev/null", "r+");
  const pipe = openPipe();
  try {
    const onPause = async (name: string, pid: number): Promise<void> => {
      if (name === PROGRAM_PAUSE) onStart(pid);
    };
    const process = await launcher.start(plan, [nothing, pipe.writeFd, nothing], { onPause });
    const { status } = await process.exited;
    if (status.kind !== "exited" || status.code !== 0) {
      const how = status.kind === "exited" ? `with exit code ${status.code}` : `by ${status.signal}`;
      throw new RingsideError(`the cost of tracing could not be measured: the loop that measures it ended ${how}`, {
        fix: "rm -r native/build && npm run build",
      });
    }
    const result = Buffer.alloc(RESULT_BYTES);
    readSync(pipe.readFd, result);
    return { calls: Number(result.readBigInt64LE(0)), totalNs: Number(result.readBigInt64LE(8)) };
  } finally {
    closeSync(nothing);
    closeSync(pipe.readFd);
    closeSync(pipe.writeFd);
  }
}

/** Not the mean: somebody else may want the processor too, and then a few calls take a hundred times as long. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/**
 * Measures what tracing a call costs here and now.
 * @throws RingsideError when the native part is not built
 */
export async function measureTracingCost(launcher: Launcher): Promise<TracingCost> {
  const path = nativeProgram("ringside-getppid-loop");
  if (path === undefined) {
    throw new RingsideError("the cost of tracing cannot be measured: native/getppid-loop.c has not been built", {
      fix: "npm run build",
    });
  }
  const untraced = await runLoop(launcher, path, () => {});
  const seen: CallRecord[] = [];
  let watch: Watch | undefined;
  const traced = await runLoop(launcher, path, (pid) => {
    watch = watchProcess({ pid, follow: false, fromExec: true, mostDataBytes: 0 }, (records) => {
      for (const record of records) {
        if (record.kind === "call" && callName(record.architecture, record.number) === "getppid") seen.push(record);
      }
    });
  });
  await watch?.ended;
  const untracedNs = untraced.totalNs / untraced.calls;
  const intervals = seen.slice(1).map(({ atNs }, index) => atNs - (seen[index]?.atNs ?? atNs));
  const tracedNs = median(intervals);
  const switchingNs = Math.max(0, tracedNs - untracedNs - median(seen.map(heldNs)));
  const shownExtraNs = Math.max(0, median(seen.map(({ enterNs, exitNs }) => exitNs - enterNs)) - untracedNs);
  return { calibrationCalls: traced.calls, untracedNs, tracedNs, switchingNs, shownExtraNs };
}

/** @returns how much longer the traced program took because it was traced */
export function overheadNs({ calls, heldNs: held }: CallTotals, cost: TracingCost): number {
  return calls * cost.switchingNs + held;
}
