/**
 * A client of QEMU's machine protocol: docs/interop/qmp-spec.rst and the QMP reference manual of QEMU. JSON, one message
 * a line, over a unix socket: a greeting, the agreement on capabilities, then commands, each answered with its id, and
 * events at any time. QEMU speaks with one client at a time; the next one waits for its greeting.
 *
 * QEMU is the process of the host that a hostile guest would take over first, so nothing it sends is believed: a message
 * has a longest length, and is parsed before anybody sees it.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { errorCode } from "../../native/error-code.ts";
import { RingsideError, reasonOf } from "../error.ts";

export interface QmpEvent {
  /** Such as `STOP`, `SHUTDOWN`, `GUEST_PANICKED`, `MIGRATION`. */
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Wall clock, as QEMU stamped it; undefined where it could not. */
  readonly wallNs: number | undefined;
}

/** QEMU's answer to a command that it did not carry out. */
export class QmpError extends Error {
  override readonly name = "QmpError";
  readonly command: string;
  /** QEMU's `class`: `GenericError`, `CommandNotFound`, `DeviceNotFound` … */
  readonly kind: string;

  constructor(command: string, kind: string, description: string) {
    super(`QEMU did not carry out ${command}: ${description}`);
    this.command = command;
    this.kind = kind;
  }
}

export interface QmpOptions {
  /** How long to try until QEMU has greeted us: it may just be starting, or be speaking with somebody else. */
  readonly greetingTimeoutMs?: number;
  /** How long an answer may take. */
  readonly answerTimeoutMs?: number;
}

const GREETING_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 30_000;
/** The longest answer is that to query-qmp-schema, with some hundred KiB. */
const LONGEST_MESSAGE_BYTES = 4 * 1024 ** 2;
const RETRY_MS = 10;

/** What connect(2) says of a socket that is not there yet, or whose queue is full. */
const NOT_YET = new Set(["ENOENT", "ECONNREFUSED", "EAGAIN"]);

const greetingSchema = z.object({
  QMP: z.object({
    version: z.object({ qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }) }),
    capabilities: z.array(z.unknown()),
  }),
});
const stampSchema = z.object({ seconds: z.number(), microseconds: z.number() });
const messageSchema = z.union([
  z.object({ return: z.unknown(), id: z.int() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.int().optional() }),
  z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).default({}), timestamp: stampSchema }),
]);
type Message = z.infer<typeof messageSchema>;

const nothingSchema = z.object({});

interface Waiting {
  readonly command: string;
  settle(answer: unknown): void;
  fail(error: Error): void;
}

/** One conversation with QEMU. */
export class Qmp {
  /** Of QEMU, such as `7.2.22`. */
  readonly version: string;
  /** Settled when the conversation is over, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #lines: Lines;
  readonly #answerTimeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #nextId = 1;
  #over: Error | undefined;

  private constructor(lines: Lines, version: string, answerTimeoutMs: number) {
    this.version = version;
    this.#lines = lines;
    this.#answerTimeoutMs = answerTimeoutMs;
    lines.onLine = (line) => this.#receive(line);
    this.closed = lines.closed.then((reason) => this.#end(reason));
  }

  /**
   * Connects, waits for the greeting, and agrees on no capability beyond the usual.
   *
   * @param path of the socket
   * @throws RingsideError where nobody greets in time
   */
  static async connect(path: string, options: QmpOptions = {}): Promise<Qmp> {
    const { greetingTimeoutMs = GREETING_TIMEOUT_MS, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
    const deadline = AbortSignal.timeout(greetingTimeoutMs);
    const lines = new Lines(await openSocket(path, deadline));
    try {
      const { QMP } = greetingSchema.parse(parseJson(await lines.first(deadline)));
      const { major, minor, micro } = QMP.version.qemu;
      const client = new Qmp(lines, `${major}.${minor}.${micro}`, answerTimeoutMs);
      await client.execute("qmp_capabilities");
      return client;
    } catch (cause) {
      lines.close();
      throw noConversation(path, cause, deadline);
    }
  }

  /**
   * Has QEMU carry out a command whose answer says nothing but that it was done.
   *
   * @throws QmpError when QEMU did not
   * @throws RingsideError when QEMU has gone, does not answer in time, or answers in another form
   */
  async execute(command: string, options?: Readonly<Record<string, unknown>>): Promise<void> {
    await this.query(command, nothingSchema, options);
  }

  /**
   * Has QEMU carry out a command.
   *
   * @param schema the form of the answer, in the QMP reference manual
   * @param options the command's `arguments`
   * @throws as `execute`
   */
  async query<Answer>(
    command: string,
    schema: z.ZodType<Answer>,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<Answer> {
    const answer = await this.#ask(command, options);
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new RingsideError(`QEMU answered ${command} in a form that is not known: ${z.prettifyError(parsed.error)}`, {
      fix: "use the QEMU of your distribution; ringside doctor names the one that is used",
    });
  }

  /** @returns stops it */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Waits for an event that fits; begin to wait before the command that causes it.
   *
   * @throws RingsideError when the conversation ends first, or the signal says so
   */
  async event(fits: (event: QmpEvent) => boolean, signal?: AbortSignal): Promise<QmpEvent> {
    const found = Promise.withResolvers<QmpEvent>();
    const stop = this.onEvent((event) => {
      if (fits(event)) found.resolve(event);
    });
    const abort = (): void => found.reject(new RingsideError("waiting for an event of QEMU took too long"));
    signal?.addEventListener("abort", abort, { once: true });
    void this.closed.then(() => found.reject(this.#over ?? gone()));
    try {
      return await found.promise;
    } finally {
      stop();
      signal?.removeEventListener("abort", abort);
    }
  }

  close(): void {
    this.#lines.close();
  }

  async #ask(command: string, options: Readonly<Record<string, unknown>> | undefined): Promise<unknown> {
    if (this.#over !== undefined) throw this.#over;
    const id = this.#nextId++;
    const answer = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => {
      answer.reject(new RingsideError(`QEMU has not answered ${command} within ${this.#answerTimeoutMs / 1000} s`));
    }, this.#answerTimeoutMs);
    this.#waiting.set(id, { command, settle: answer.resolve, fail: answer.reject });
    this.#lines.send(JSON.stringify({ execute: command, ...(options !== undefined && { arguments: options }), id }));
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #receive(line: string): void {
    const parsed = messageSchema.safeParse(parseJson(line));
    if (parsed.success) this.#take(parsed.data);
    else this.#lines.fail(new RingsideError("QEMU said something that is not of its protocol, and was left"));
  }

  #take(message: Message): void {
    if ("event" in message) {
      const { event: name, data, timestamp } = message;
      const { seconds, microseconds } = timestamp;
      const event = { name, data, wallNs: seconds < 0 ? undefined : seconds * 1e9 + microseconds * 1e3 };
      for (const listener of this.#listeners) listener(event);
      return;
    }
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (waiting === undefined) return;
    if ("error" in message) waiting.fail(new QmpError(waiting.command, message.error.class, message.error.desc));
    else waiting.settle(message.return);
  }

  #end(reason: Error | undefined): void {
    this.#over = reason ?? gone();
    for (const { fail } of this.#waiting.values()) fail(this.#over);
  }
}

/**
 * One conversation for one purpose, so that others come to speak.
 *
 * @throws what `Qmp.connect` and `use` throw
 */
export async function withQmp<Result>(
  path: string,
  use: (qmp: Qmp) => Promise<Result>,
  options: QmpOptions = {},
): Promise<Result> {
  const qmp = await Qmp.connect(path, options);
  try {
    return await use(qmp);
  } finally {
    qmp.close();
  }
}

function gone(): RingsideError {
  return new RingsideError("QEMU has ended the conversation: the virtual machine has gone", {
    fix: "ringside vm ps shows which machines there are",
  });
}

function noConversation(path: string, cause: unknown, deadline: AbortSignal): RingsideError {
  if (cause instanceof RingsideError) return cause;
  const why = deadline.aborted ? "it did not greet in time" : reasonOf(cause);
  return new RingsideError(`cannot speak with QEMU over ${path}: ${why}`, {
    cause,
    fix: "another command may be speaking with it: try again; else end it with ringside vm kill",
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** connect(2), again and again as long as there is nothing to connect to yet. */
async function openSocket(path: string, deadline: AbortSignal): Promise<Socket> {
  for (;;) {
    const outcome = Promise.withResolvers<Error | undefined>();
    const socket = connect({ path });
    socket.once("connect", () => outcome.resolve(undefined));
    socket.once("error", outcome.resolve);
    const error = await outcome.promise;
    if (error === undefined) return socket;
    if (!NOT_YET.has(errorCode(error) ?? "") || deadline.aborted) throw noConversation(path, error, deadline);
    await delay(RETRY_MS);
  }
}

/** A socket's bytes as lines of a limited length. */
class Lines {
  readonly #socket: Socket;
  readonly #early: string[] = [];
  #onLine: ((line: string) => void) | undefined;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #reason: Error | undefined;
  /** With the reason where it was ours to end it. */
  readonly closed: Promise<Error | undefined>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve(this.#reason)));
    // What was wrong shows in the close that follows.
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => this.#cut(chunk));
  }

  set onLine(listener: (line: string) => void) {
    this.#onLine = listener;
    for (const line of this.#early.splice(0)) listener(line);
  }

  /** The first line; those behind it stay for `onLine`. */
  async first(deadline: AbortSignal): Promise<string> {
    const line = Promise.withResolvers<string>();
    const late = (): void => line.reject(new Error("no greeting"));
    deadline.addEventListener("abort", late, { once: true });
    void this.closed.then((reason) => line.reject(reason ?? new Error("it hung up")));
    const [early] = this.#early.splice(0, 1);
    if (early !== undefined) line.resolve(early);
    else {
      this.#onLine = (text) => {
        this.#onLine = undefined;
        line.resolve(text);
      };
    }
    try {
      return await line.promise;
    } finally {
      deadline.removeEventListener("abort", late);
    }
  }

  send(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  fail(reason: Error): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  #cut(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      this.#keep(rest.subarray(0, end));
      const line = Buffer.concat(this.#pieces).toString("utf8").trim();
      this.#pieces = [];
      this.#pieceBytes = 0;
      if (line !== "") this.#pass(line);
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
    if (this.#pieceBytes > LONGEST_MESSAGE_BYTES) {
      this.fail(new RingsideError(`QEMU sent a message of more than ${LONGEST_MESSAGE_BYTES} bytes, and was left`));
      this.#pieces = [];
      this.#pieceBytes = 0;
    }
  }

  #pass(line: string): void {
    if (this.#onLine === undefined) this.#early.push(line);
    else this.#onLine(line);
  }
}
