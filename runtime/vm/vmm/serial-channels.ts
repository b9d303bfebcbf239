/**
 * What runs between this process and a monitor that has nothing but a serial line on its standard streams: pipes, with
 * the milestones taken out of what the line carries.
 */
import { writeSync } from "node:fs";
import { monotonicNs, openPipe } from "../../../native/kernel.ts";
import { type ByteStream, openStream } from "../../../native/stream.ts";
import { type Channels, closeAll, readAll } from "../channels.ts";
import { type Console, openConsole, openPipeIn } from "../console.ts";
import type { GuestRequest } from "../vmm.ts";
import { SerialSplitter } from "./serial-milestones.ts";

/** @returns pipes; the caller keeps owning `request.stdout` */
export function serialChannels(request: Pick<GuestRequest, "stdout" | "run" | "nonce">): Channels {
  const { stdout, nonce, run } = request;
  const input = openPipeIn();
  const output = openPipe();
  const errors = openPipe();
  const line = openStream(output.readFd);
  const printed = new Printed();
  const ended = Promise.withResolvers<void>();
  return {
    stdin: input.readFd,
    stdout: output.writeFd,
    stderr: errors.writeFd,
    milestones: output.writeFd,
    requests: input.readFd,
    closeHanded: () => closeAll([input.readFd, output.writeFd, errors.writeFd]),
    abandon() {
      line.close();
      closeAll([input.writeFd, errors.readFd]);
    },
    readMilestones(onData) {
      const print = stdout === undefined ? printed.tell : (chunk: Uint8Array) => writeWholly(stdout, chunk);
      const lastWords = Buffer.from(`${nonce} bye `);
      let isOver = false;
      const splitter = new SerialSplitter(
        nonce,
        // What the kernel says while it takes the machine down is not the program's.
        (chunk) => (isOver ? undefined : print(chunk)),
        (milestone) => {
          isOver ||= Buffer.from(milestone).subarray(0, lastWords.length).equals(lastWords);
          onData(milestone);
        },
      );
      line.onData((chunk) => splitter.push(chunk));
      line.onEnd(() => {
        splitter.end();
        line.close();
        ended.resolve();
      });
      return ended.promise;
    },
    readErrors: (onData) => readAll(errors.readFd, onData),
    openConsole(ready) {
      const { hasTerminal: isTerminal } = run;
      const console = openConsole({ inputFd: input.writeFd, outputFd: undefined, isTerminal, ready, monotonicNs });
      return stdout === undefined ? withOutput(console, printed, line, ended.promise) : console;
    },
    // The line carries the console alone: firecracker.ts refuses what would need more.
    request() {},
    over() {},
  };
}

function withOutput(console: Console, printed: Printed, line: ByteStream, ended: Promise<void>): Console {
  return {
    ...console,
    onData: printed.add,
    onEnd(listener) {
      void ended.then(listener);
    },
    pause: () => line.pause(),
    resume: () => line.resume(),
    firstByteNs: () => printed.firstByteNs,
  };
}

/** What is printed before anybody listens waits for the first who does. */
class Printed {
  readonly #listeners: ((chunk: Uint8Array) => void)[] = [];
  readonly #early: Uint8Array[] = [];
  firstByteNs: number | undefined;

  readonly add = (listener: (chunk: Uint8Array) => void): void => {
    this.#listeners.push(listener);
    for (const chunk of this.#early.splice(0)) listener(chunk);
  };

  readonly tell = (chunk: Uint8Array): void => {
    this.firstByteNs ??= monotonicNs();
    if (this.#listeners.length === 0) this.#early.push(Uint8Array.from(chunk));
    for (const listener of this.#listeners) listener(chunk);
  };
}

function writeWholly(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done);
}
