/** One who looks at a detached container while it runs, and may type: the log from now on, and the monitor's socket. */
import { join } from "node:path";
import { parseStatus } from "../../native/wait-status.ts";
import { RingsideError } from "../error.ts";
import { places } from "./directories.ts";
import { exitCodeOf } from "./exit-code.ts";
import { LogReader, type LogRecord } from "./log-files.ts";
import { followRecords } from "./log-follower.ts";
import { requireLog } from "./logs.ts";
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
  const directory = requireLog(state);
  const monitor = await MonitorConnection.open(join(places().states, id));
  if (monitor === undefined) {
    throw new RingsideError(`cannot attach to ${name}: ${itIs(state.status)}`, {
      fix: `ringside logs ${name} shows what it has printed`,
    });
  }
  const reader = new LogReader(directory);
  reader.skipToEnd();
  return {
    requestWriting: () => monitor.requestWriting(),
    write: (data) => monitor.write(data),
    resize(size) {
      monitor.resize(size);
    },
    output: () => followRecords(reader, monitor),
    async exitCode() {
      const status = await monitor.ended;
      // A write that met the monitor's end may have hidden its last word.
      return status === undefined ? await recordedExitCode(state) : exitCodeOf(parseStatus(status));
    },
    close() {
      monitor.close();
      reader.close();
    },
  };
}
