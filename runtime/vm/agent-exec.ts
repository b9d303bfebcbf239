/**
 * Programs in a running guest, besides its own: started by the agent, with a terminal or three streams, and gone with
 * this side's connection. The frames are in agent-protocol.ts.
 */
import type { ExitStatus } from "../../native/kernel.ts";
import { parseStatus } from "../../native/wait-status.ts";
import type { Terminal, TerminalSize } from "../container/running.ts";
import { EXIT_CODES, RingsideError } from "../error.ts";
import { AgentConnection, type AgentOptions, type AgentPlace, lostAgent } from "./agent-connection.ts";
import type { GuestFrame } from "./agent-protocol.ts";
import { Input, Output, type OutputStream } from "./agent-streams.ts";
import { signalNumber } from "./signals.ts";

export interface GuestExecOptions extends AgentOptions {
  readonly command: readonly string[];
  /** `NAME=value`, on top of what the machine's own program was given. */
  readonly env?: readonly string[];
  /** Where the machine's own program started, unless given. */
  readonly cwd?: string;
  /** `user[:group]`, names or numbers, resolved in the guest; that of the machine's own program unless given. */
  readonly user?: string;
  /** A terminal of this size, else three streams. */
  readonly terminal?: TerminalSize;
  /** Without a terminal: the program reads what is written to `stdin`, else nothing. */
  readonly input?: boolean;
}

/** How a program in a guest went: its own end, or that nobody can know it any more. */
export type GuestExit =
  | ExitStatus
  /** The connection is gone, and with it the program: the machine has ended, or this side has closed it. */
  | { readonly kind: "lost"; readonly error: RingsideError };

/** A program that runs in a guest for as long as this side is connected. */
export interface GuestProgram {
  /** In the guest. */
  readonly pid: number;
  /** With a terminal: both ways, with its size; else undefined. */
  readonly terminal: Terminal | undefined;
  /** Without a terminal. Its output is kept until somebody listens, and the program waits when that is too much. */
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: {
    /** @returns once the data is on its way, or never will be */
    write(data: Uint8Array): Promise<void>;
    end(): void;
  };
  /** Never rejects. The streams may still have what has not been read. */
  readonly exited: Promise<GuestExit>;
  /** @param signal such as `SIGTERM`; to the program alone, as kill(2) */
  kill(signal: string): void;
  /** Disconnects: the guest kills the program and what it has started in its session. */
  close(): void;
}

/**
 * Runs a program in the guest, besides what runs there; it ends with this process at the latest.
 *
 * @returns once it has been exec'd
 * @throws RingsideError when it cannot be started (exit code 126 or 127), every session is taken, or nobody answers
 */
export async function execInGuest(place: AgentPlace, options: GuestExecOptions): Promise<GuestProgram> {
  const { command, env = [], cwd = "", user = "", terminal, input = false } = options;
  const connection = await AgentConnection.open(place, "session", options);
  try {
    await connection.send({ kind: "exec", command, env, cwd, user, terminal, input });
    return await programOf(connection, place, options);
  } catch (cause) {
    connection.close();
    if (cause instanceof RangeError) {
      throw new RingsideError(`cannot run a command in ${place.id}: ${cause.message}`, {
        cause,
        fix: "give it fewer or shorter arguments and variables, without zero bytes",
      });
    }
    throw cause;
  }
}

function programOf(connection: AgentConnection, place: AgentPlace, options: GuestExecOptions): Promise<GuestProgram> {
  const flow = (): void => {
    if (stdout.isFull || stderr.isFull) connection.pause();
    else connection.resume();
  };
  const stdout = new Output(flow);
  const stderr = new Output(flow);
  const input = new Input(connection);
  const started = Promise.withResolvers<number>();
  const exited = Promise.withResolvers<GuestExit>();
  const onFrame = (frame: GuestFrame): void => {
    switch (frame.kind) {
      case "started":
        started.resolve(frame.pid);
        break;
      case "stdout":
        stdout.push(frame.data);
        break;
      case "stderr":
        stderr.push(frame.data);
        break;
      case "taken":
        input.taken(frame.bytes);
        break;
      case "exited":
        exited.resolve(parseStatus(frame.signal === 0 ? frame.code << 8 : frame.signal));
        connection.close();
        break;
      case "failed":
        started.reject(startFailure(place, options.command, frame));
        connection.close();
        break;
      default:
        // Not an answer to what was asked: the guest is not to be believed.
        connection.close();
    }
  };
  connection.onFrame(onFrame);
  void connection.closed.then((reason) => {
    const error = lostAgent(place, reason);
    started.reject(error);
    exited.resolve({ kind: "lost", error });
    input.stop();
    stdout.end();
    stderr.end();
  });
  return started.promise.then((pid) => ({
    pid,
    terminal: options.terminal === undefined ? undefined : terminalOf(connection, stdout, input),
    stdout,
    stderr,
    stdin: {
      write: (data) => input.write(data),
      end: () => input.end(),
    },
    exited: exited.promise,
    kill(signal) {
      void connection.send({ kind: "signal", signal: signalNumber(signal) });
    },
    close: () => connection.close(),
  }));
}

function terminalOf(connection: AgentConnection, output: Output, input: Input): Terminal {
  return {
    onData: (listener) => output.onData(listener),
    onEnd: (listener) => output.onEnd(listener),
    pause: () => output.pause(),
    resume: () => output.resume(),
    write: (data) => input.write(data),
    resize({ columns, rows }) {
      void connection.send({ kind: "resize", columns, rows });
    },
    close: () => connection.close(),
  };
}

const START_FIXES: Readonly<Record<number, string>> = {
  [EXIT_CODES.notFound]: "check the spelling, or give the program's whole path",
  [EXIT_CODES.notExecutable]:
    "give a program of the guest's processor, or a script whose interpreter is there; chmod +x it",
};

function startFailure(
  { id }: AgentPlace,
  command: readonly string[],
  { code, reason }: Extract<GuestFrame, { kind: "failed" }>,
): RingsideError {
  const fix = START_FIXES[code];
  return new RingsideError(`cannot run ${JSON.stringify(command[0] ?? "")} in the virtual machine ${id}: ${reason}`, {
    exitCode: code,
    ...(fix !== undefined && { fix }),
  });
}
