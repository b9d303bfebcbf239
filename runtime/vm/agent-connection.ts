/**
 * A connection to the agent in a guest: one port of virtio-serial, which QEMU shows as a socket, claimed for this process
 * by a lock. unix(7), flock(2).
 *
 * QEMU speaks with one client of a socket at a time and lets the next one wait without a word, hence the lock. It takes
 * nothing from us before the guest has opened the port: who connects while the guest boots just waits for its `hello`.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "../../native/error-code.ts";
import { tryLockFile } from "../../native/kernel.ts";
import { RingsideError, reasonOf } from "../error.ts";
import { GuestFrameReader } from "./agent-frames.ts";
import { encodeFrame, type GuestFrame, type HostFrame, ProtocolError } from "./agent-protocol.ts";
import { AGENT_PORTS, type AgentPort, type VmDirectory } from "./directory.ts";

/** Where a machine's agent is reached: what `vmDirectory` gives. */
export type AgentPlace = Pick<VmDirectory, "id" | "path" | "ports">;

export interface AgentOptions {
  /** How long the guest's agent may take to answer; a guest that still boots answers late. 30 s unless given. */
  readonly timeoutMs?: number;
}

export const DEFAULT_AGENT_TIMEOUT_MS = 30_000;

const LOCK_RETRY_MS = 10;
/** An answer may be lost with the host that went before us: ask again, in a connection of its own, ever more patiently. */
const FIRST_HELLO_TIMEOUT_MS = 2000;
const SESSION_BYTES = 8;

interface Claim {
  readonly port: AgentPort;
  readonly lock: Disposable;
}

/** One session with the guest's agent. */
export class AgentConnection implements Disposable {
  readonly #socket: Socket;
  readonly #lock: Disposable;
  readonly #reader: GuestFrameReader;
  readonly #closed = Promise.withResolvers<Error | undefined>();
  #waiting: GuestFrame[];
  #onFrame: ((frame: GuestFrame) => void) | undefined;
  #isOver = false;

  private constructor(socket: Socket, lock: Disposable, reader: GuestFrameReader, early: GuestFrame[]) {
    this.#socket = socket;
    this.#lock = lock;
    this.#reader = reader;
    this.#waiting = early;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (cause) => this.#end(cause));
    socket.on("close", () => this.#end(undefined));
  }

  /**
   * Claims a port and greets the agent behind it.
   *
   * @param use `session` takes one of the ports for programs, `control` waits for the one for short requests
   * @throws RingsideError when every session is taken, there is no agent, or it does not answer in time
   */
  static async open(
    place: AgentPlace,
    use: "session" | "control",
    options: AgentOptions = {},
  ): Promise<AgentConnection> {
    const deadlineMs = performance.now() + (options.timeoutMs ?? DEFAULT_AGENT_TIMEOUT_MS);
    const { port, lock } = use === "session" ? claimSession(place) : await claimControl(place, deadlineMs);
    try {
      return await greet(
        place,
        port,
        deadlineMs,
        (...parts) => new AgentConnection(parts[0], lock, parts[1], parts[2]),
      );
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Settled when the connection is over: with what went wrong, or undefined when either side has just closed it. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /** Calls `listener` for each frame from now on, first for those that have already arrived. */
  onFrame(listener: (frame: GuestFrame) => void): void {
    this.#onFrame = listener;
    for (const frame of this.#waiting.splice(0)) listener(frame);
  }

  /** @returns once the kernel has taken it, or never will */
  send(frame: HostFrame): Promise<void> {
    const bytes = encodeFrame(frame);
    return new Promise((resolve) => {
      if (this.#isOver) resolve();
      else this.#socket.write(bytes, () => resolve());
    });
  }

  /** Stops reading: the guest's program waits when the port is full. Frames that are already here still come. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Disconnects: the guest ends what this session has started. */
  close(): void {
    this.#end(undefined);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#reader.read(chunk)) {
        if (this.#isOver) return;
        if (this.#onFrame === undefined) this.#waiting.push(frame);
        else this.#onFrame(frame);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(error);
    }
  }

  #end(reason: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#lock[Symbol.dispose]();
    this.#closed.resolve(reason);
  }
}

function claimSession({ id, ports }: AgentPlace): Claim {
  for (const port of ports.slice(0, AGENT_PORTS)) {
    const lock = tryLock(id, port);
    if (lock !== undefined) return { port, lock };
  }
  throw new RingsideError(
    `cannot start anything more in the virtual machine ${id}: all ${AGENT_PORTS} sessions with its agent are in use`,
    { fix: "end one of the programs or terminals that ringside vm exec has opened in it, and try again" },
  );
}

async function claimControl({ id, ports }: AgentPlace, deadlineMs: number): Promise<Claim> {
  const port = ports[AGENT_PORTS];
  if (port === undefined) throw noAgent(id);
  for (;;) {
    const lock = tryLock(id, port);
    if (lock !== undefined) return { port, lock };
    if (performance.now() >= deadlineMs) {
      throw new RingsideError(`another command has been speaking with the agent in ${id} all the time`, {
        fix: "try again; ringside vm kill ends the machine without asking it",
      });
    }
    await delay(LOCK_RETRY_MS);
  }
}

function tryLock(id: string, { lock }: AgentPort): Disposable | undefined {
  try {
    return tryLockFile(lock);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") throw gone(id, cause);
    throw new RingsideError(`cannot claim the agent's port in ${id}: ${reasonOf(cause)}`, { cause });
  }
}

function gone(id: string, cause: unknown): RingsideError {
  return new RingsideError(`there is no running virtual machine ${id}`, {
    cause,
    fix: "ringside vm ps lists those that run",
  });
}

function noAgent(id: string, cause?: unknown): RingsideError {
  return new RingsideError(`the virtual machine ${id} has no agent that could be asked`, {
    cause,
    fix: "ringside vm run -d starts a machine with one; ringside vm ps lists those that run",
  });
}

/** A socket's path may have 107 bytes only, a directory's any number: by the directory's descriptor. */
async function openSocket({ id, path }: AgentPlace, port: AgentPort): Promise<Socket> {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    throw gone(id, cause);
  }
  const socket = connect(`/proc/self/fd/${fd}/${basename(port.socket)}`);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    // What breaks before somebody listens is seen by its end.
    socket.on("error", () => undefined);
    return socket;
  } catch (cause) {
    socket.destroy();
    throw noAgent(id, cause);
  } finally {
    closeSync(fd);
  }
}

/**
 * @param reason what `closed` was settled with
 * @returns the error for a conversation that was not over
 */
export function lostAgent({ id }: AgentPlace, reason: Error | undefined): RingsideError {
  const why = reason === undefined ? "" : `: ${reason.message}`;
  return new RingsideError(`the connection to the agent in the virtual machine ${id} is gone${why}`, {
    cause: reason,
    fix: "ringside vm ps shows whether the machine still runs",
  });
}

async function greet(
  place: AgentPlace,
  port: AgentPort,
  deadlineMs: number,
  make: (socket: Socket, reader: GuestFrameReader, early: GuestFrame[]) => AgentConnection,
): Promise<AgentConnection> {
  for (let patienceMs = FIRST_HELLO_TIMEOUT_MS; ; patienceMs *= 2) {
    const leftMs = deadlineMs - performance.now();
    const socket = await openSocket(place, port);
    const answer = await hello(socket, Math.max(1, Math.min(patienceMs, leftMs)));
    if (answer.kind === "greeted") return make(socket, answer.reader, answer.early);
    socket.destroy();
    if (leftMs <= patienceMs) {
      throw new RingsideError(`the agent in the virtual machine ${place.id} does not answer${answer.why}`, {
        fix: "it may still be booting: ringside vm logs shows how far it is; ringside vm kill ends it",
      });
    }
  }
}

type Answer =
  | { readonly kind: "greeted"; readonly reader: GuestFrameReader; readonly early: GuestFrame[] }
  | { readonly kind: "silent"; readonly why: string };

/** Says hello, and passes over what the guest had still under way for whoever was here before. */
function hello(socket: Socket, timeoutMs: number): Promise<Answer> {
  const session = randomBytes(SESSION_BYTES).readBigUInt64LE();
  const reader = new GuestFrameReader();
  return new Promise((resolve) => {
    const finish = (answer: Answer): void => {
      clearTimeout(timer);
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
      resolve(answer);
    };
    const listeners = {
      data(chunk: Uint8Array): void {
        try {
          const frames = reader.read(chunk);
          const at = frames.findIndex((frame) => frame.kind === "hello" && frame.session === session);
          if (at >= 0) finish({ kind: "greeted", reader, early: frames.slice(at + 1) });
        } catch (error) {
          finish({ kind: "silent", why: `: ${reasonOf(error)}` });
        }
      },
      error: (error: Error) => finish({ kind: "silent", why: `: ${reasonOf(error)}` }),
      close: () => finish({ kind: "silent", why: ": its machine has ended" }),
    };
    const timer = setTimeout(() => finish({ kind: "silent", why: "" }), timeoutMs);
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
    socket.write(encodeFrame({ kind: "hello", session }));
  });
}
