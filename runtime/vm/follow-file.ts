/** Reads a file that another process is writing, as it grows: inotify(7), by Node's fs.watch. */
import { closeSync, openSync, readSync, watch } from "node:fs";

export interface FileFollower {
  /** Settled once `end` has been called and everything has been read. */
  readonly ended: Promise<void>;
  /** The writer has gone: what is there by now is all. */
  end(): void;
}

const READ_BYTES = 64 * 1024;

/** @param onData gets what is there already, and what comes */
export function followFile(path: string, onData: (chunk: Uint8Array) => void): FileFollower {
  const fd = openSync(path, "r");
  const done = Promise.withResolvers<void>();
  const buffer = Buffer.alloc(READ_BYTES);
  let position = 0;
  const read = (): void => {
    for (;;) {
      const count = readSync(fd, buffer, 0, buffer.length, position);
      if (count === 0) return;
      position += count;
      onData(buffer.subarray(0, count));
    }
  };
  // Nobody is kept waiting by it: who waits for what is in the file waits for the one who writes it, too.
  const watcher = watch(path, { persistent: false }, read);
  let isOver = false;
  read();
  return {
    ended: done.promise,
    end() {
      if (isOver) return;
      isOver = true;
      watcher.close();
      read();
      closeSync(fd);
      done.resolve();
    },
  };
}
