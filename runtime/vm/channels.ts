/**
 * What runs between QEMU and the process that has started it. For a machine that belongs to that process it is pipes: no
 * file has a name that could stay behind, and each ends with whoever held the other end. For a detached machine it is
 * files and sockets in the state directory; its console belongs to the monitor that wraps it (monitored.ts).
 */
import { closeSync, openSync } from "node:fs";
import { connect } from "node:net";
import { monotonicNs, openPipe } from "../../native/kernel.ts";
import { openStream } from "../../native/stream.ts";
import { type Console, openConsole, openPipeIn, sendRequest } from "./console.ts";
import { type FileFollower, followFile } from "./follow-file.ts";
import type { RunFile } from "./run-file.ts";
import type { GuestRequest } from "./vmm.ts";

/** What arrives piece by piece, until it ends. */
export type Feed = (onData: (chunk: Uint8Array) => void) => Promise<void>;

export interface Channels {
  /** What QEMU gets as 0, 1, 2 and behind; to be closed here once it has it. */
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
  readonly milestones: number;
  readonly requests: number;
  /** Closes what QEMU has got, in this process. */
  closeHanded(): void;
  /** Closes our own ends, where QEMU was never started. */
  abandon(): void;
  /** From here on our ends belong to what these return. */
  readonly readMilestones: Feed;
  readonly readErrors: Feed;
  openConsole(ready: Promise<void>): Console;
  request(words: string): void;
  /** QEMU has gone. */
  over(): void;
}

export interface PipeRequest {
  readonly stdout: number | undefined;
  readonly run: Pick<RunFile, "hasTerminal">;
}

/** @returns pipes; the caller keeps owning `request.stdout` */
export function pipeChannels(request: PipeRequest): Channels {
  const opened: number[] = [];
  const note = <Ends extends { readFd: number; writeFd: number }>(ends: Ends): Ends => {
    opened.push(ends.readFd, ends.writeFd);
    return ends;
  };
  try {
    const input = note(openPipeIn());
    const requests = note(openPipeIn());
    const output = request.stdout === undefined ? note(openPipe()) : undefined;
    const milestones = note(openPipe());
    const errors = note(openPipe());
    const handed = [input.readFd, requests.readFd, output?.writeFd, milestones.writeFd, errors.writeFd];
    const ours = [input.writeFd, requests.writeFd, output?.readFd, milestones.readFd, errors.readFd];
    let requestsOpen = true;
    return {
      stdin: input.readFd,
      stdout: request.stdout ?? output?.writeFd ?? errors.writeFd,
      stderr: errors.writeFd,
      milestones: milestones.writeFd,
      requests: requests.readFd,
      closeHanded: () => closeAll(handed),
      abandon: () => closeAll(ours),
      readMilestones: (onData) => readAll(milestones.readFd, onData),
      readErrors: (onData) => readAll(errors.readFd, onData),
      openConsole: (ready) =>
        openConsole({
          inputFd: input.writeFd,
          outputFd: output?.readFd,
          requestsFd: requests.writeFd,
          isTerminal: request.run.hasTerminal,
          ready,
          monotonicNs,
        }),
      request(words) {
        if (requestsOpen) sendRequest(requests.writeFd, words);
      },
      over() {
        requestsOpen = false;
        closeSync(requests.writeFd);
      },
    };
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

const OWNER_ONLY = 0o600;

/** @returns files and sockets in the state directory */
export function namedChannels({ directory }: Pick<GuestRequest, "directory">): Channels {
  const nothing = openSync("/dev/null", "r+");
  const opened = [nothing];
  try {
    const errors = openSync(directory.monitorLog, "wx", OWNER_ONLY);
    opened.push(errors);
    closeSync(openSync(directory.milestones, "wx", OWNER_ONLY));
    const followers: FileFollower[] = [];
    const follow =
      (path: string): Feed =>
      (onData) => {
        const follower = followFile(path, onData);
        followers.push(follower);
        return follower.ended;
      };
    return {
      stdin: nothing,
      stdout: nothing,
      stderr: errors,
      milestones: nothing,
      requests: nothing,
      closeHanded: () => closeAll(opened),
      abandon() {},
      readMilestones: follow(directory.milestones),
      readErrors: follow(directory.monitorLog),
      openConsole: () => NO_CONSOLE,
      request(words) {
        const socket = connect(directory.requests);
        // QEMU has gone: there is nobody to ask any more.
        socket.on("error", () => undefined);
        socket.end(`${words}\n`);
      },
      over() {
        for (const follower of followers) follower.end();
      },
    };
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

/** A detached machine's console is looked at through its monitor. */
const NO_CONSOLE: Console = {
  onData() {},
  onEnd(listener) {
    listener();
  },
  pause() {},
  resume() {},
  write: async () => {},
  endInput() {},
  resize() {},
  close() {},
  firstByteNs: () => undefined,
};

/** Closes those that there are. */
export function closeAll(descriptors: readonly (number | undefined)[]): void {
  for (const fd of descriptors) if (fd !== undefined) closeSync(fd);
}

/** Reads to the end. Every copy of the writing end closes with QEMU. */
export function readAll(fd: number, onData: (chunk: Uint8Array) => void): Promise<void> {
  const stream = openStream(fd);
  return new Promise((resolve) => {
    stream.onData(onData);
    stream.onEnd(() => {
      stream.close();
      resolve();
    });
  });
}
