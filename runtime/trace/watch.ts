/** A tracer at work: its descriptor waited for, its bytes taken and parsed, its end known. ptrace(2). */
import { errorCode } from "../../native/error-code.ts";
import { openTracer, pollDescriptor } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import { parseRecords, type TraceRecord } from "./records.ts";
import { captureRows } from "./signature.ts";

export interface WatchOptions {
  readonly pid: number;
  /** All threads of the process, and what they start. */
  readonly follow: boolean;
  /** Nothing before the program begins: for a process that has still to execute it. */
  readonly fromExec: boolean;
  /** How many bytes of data are kept of what a call reads or writes. */
  readonly mostDataBytes: number;
}

export interface Watch {
  /** Settled when everything watched has ended, or has been let go. */
  readonly ended: Promise<{ readonly lost: number }>;
  /** Watches a further process. @returns false when it has gone */
  attach(pid: number): boolean;
  /** Lets go; what was watched runs on. */
  detach(): void;
  /** Ends at once, though a process could not be let go yet (it is frozen): the kernel will do it. */
  abandon(): void;
}

const MOST_TEXT_BYTES = 4096;
const MOST_WAITING_BYTES = 16 << 20;
const GATHER_MS = 5;
/** An address of unix(7) has this length. */
const LEAST_DATA_BYTES = 110;

/** What the errors of ptrace mean: EPERM is given for several reasons. */
function explained(error: unknown, pid: number): unknown {
  const code = errorCode(error);
  if (code === "EPERM") {
    return new RingsideError(
      `cannot trace process ${pid}: the kernel refuses it, or something else traces it already`,
      {
        cause: error,
        fix: `see TracerPid in /proc/${pid}/status; trace as root; /proc/sys/kernel/yama/ptrace_scope must be below 3`,
      },
    );
  }
  if (code === "ESRCH") {
    return new RingsideError(`cannot trace process ${pid}: it has ended`, {
      cause: error,
      fix: "ringside ps lists what runs",
    });
  }
  return error;
}

/**
 * Begins to watch a process.
 * @param onRecords called with what has been seen, in the order in which it was
 * @throws RingsideError when the kernel refuses
 */
export function watchProcess(options: WatchOptions, onRecords: (records: readonly TraceRecord[]) => void): Watch {
  const { pid, follow, fromExec, mostDataBytes } = options;
  const tracer = (() => {
    try {
      return openTracer({
        pid,
        follow,
        fromExec,
        captures: captureRows(),
        mostTextBytes: MOST_TEXT_BYTES,
        mostDataBytes: Math.max(mostDataBytes, LEAST_DATA_BYTES),
        mostBytes: MOST_WAITING_BYTES,
      });
    } catch (error) {
      throw explained(error, pid);
    }
  })();
  let lost = 0;
  let stopListening = (): void => {};
  let settle = (_end: { readonly lost: number }): void => {};
  let fail = (_error: unknown): void => {};
  const ended = new Promise<{ readonly lost: number }>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  const end = (): void => {
    stopListening();
    tracer.close();
    settle({ lost });
  };
  const take = (): void => {
    try {
      for (let taken = tracer.take(); taken !== null; taken = tracer.take()) {
        lost += taken.lost;
        if (taken.data.length === 0) {
          listen();
          return;
        }
        onRecords(parseRecords(taken.data));
      }
      end();
    } catch (error) {
      fail(error);
      end();
    }
  };
  // What comes within a moment is taken together: waking up for each call would slow down the one who makes it.
  const listen = (): void => {
    const poll = pollDescriptor(tracer.descriptor, "readable", () => {
      poll.stop();
      const timer = setTimeout(take, GATHER_MS);
      stopListening = () => {
        clearTimeout(timer);
      };
    });
    stopListening = () => {
      poll.stop();
    };
  };
  listen();
  return {
    ended,
    abandon: end,
    attach: (more) => {
      try {
        return tracer.attach({ pid: more });
      } catch (error) {
        throw explained(error, more);
      }
    },
    detach: () => {
      tracer.detach();
    },
  };
}
