/** One who looks at a detached container while it runs, and may type: the log from now on, and the monitor's socket. */
import { join } from "node:path";
import { parseStatus } from "../../native/wait-status.ts";
import { RingsideError } from "../error.ts";
import { places } from "./directories.ts";
import { exitCodeOf } from "./exit-code.ts";
import { LogReader, type LogRecord } from "./log-files.ts";
import { followRecords } from "./log-follower.ts";
import { type LogPlaces, requireLog } from "./logs.ts";
import { MonitorConnection, type Writing } from "./monitor-socket.ts";
import type { TerminalSize } from "./running.ts";
import { type ContainerState, itIs } from "./state.ts";
import { recordedExitCode } from "./wait.ts";

export interface Viewer {
  /** Asks to type: one viewer at a time may. */
  requestWriting(): Promise<Writing>;
  /** @returns once more may be typed */
  write(data: Uint8Array): Promise<void>;
  resize(size: TerminalSize): void;
  /** What is printed from now on, to the end. */
  output(): AsyncGenerator<LogRecord>;
  /** Its exit code, once it has ended. @throws RingsideError when its monitor was killed */
  exitCode(): Promise<number>;
  close(): void;
}

/** @throws RingsideError when it does not run, or is nobody's to look at */
export async function openViewer(state: ContainerState): Promise<Viewer> {
  const { id, name } = state;
  const at = { log: requireLog(state), state: join(places().states, id) };
  const viewer = await openViewerAt(at, async (status) =>
    // A write that met the monitor's end may have hidden its last word.
    status === undefined ? await recordedExitCode(state) : exitCodeOf(parseStatus(status)),
  );
  if (viewer !== undefined) return viewer;
  throw new RingsideError(`cannot attach to ${name}: ${itIs(state.status)}`, {
    fix: `ringside logs ${name} shows what it has printed`,
  });
}

/**
 * The same of whatever has a monitor.
 * @param exitCode from how the monitored process ended, as wait4(2) gives it, where the monitor has told
 * @returns undefined where no monitor listens any more
 */
export async function openViewerAt(
  { log, state }: LogPlaces,
  exitCode: (waitStatus: number | undefined) => Promise<number>,
): Promise<Viewer | undefined> {
  const monitor = await MonitorConnection.open(state);
  if (monitor === undefined) return undefined;
  const reader = new LogReader(log);
  reader.skipToEnd();
  return {
    requestWriting: () => monitor.requestWriting(),
    write: (data) => monitor.write(data),
    resize(size) {
      monitor.resize(size);
    },
    output: () => followRecords(reader, monitor),
    exitCode: async () => await exitCode(await monitor.ended),
    close() {
      monitor.close();
      reader.close();
    },
  };
}
