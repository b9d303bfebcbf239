/** Reading a detached container's log while it is written, to the container's end. */
import type { LogReader, LogRecord } from "./log-files.ts";
import type { MonitorConnection } from "./monitor-socket.ts";

/** Every record from where `reader` stands to the end of the container. */
export async function* followRecords(reader: LogReader, monitor: MonitorConnection): AsyncGenerator<LogRecord> {
  let { file } = reader.position;
  monitor.reportPosition(reader.position);
  for (let isLast = false; ; ) {
    for (const record of reader.records()) {
      if (reader.position.file !== file) {
        file = reader.position.file;
        monitor.reportPosition(reader.position);
      }
      yield record;
    }
    if (isLast) return;
    // What was written before the end is read once more after it.
    isLast = (await monitor.waitForMore(reader.position)) === "ended";
  }
}
