/**
 * A server on a free loopback port, and a visitor who can say anything to it: any Host, any Origin, any cookie. node:http
 * and ws instead of fetch, since fetch forbids what these tests are about.
 */

import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { FastifyInstance } from "fastify";
import { WebSocket } from "ws";
import { ACK_EVERY_BYTES } from "../../../web/protocol/flow.ts";
import { decodeServerFrame, encodeFrame, type Frame, type ServerFrame } from "../../../web/protocol/frame.ts";
import type { Backend } from "../../../web/server/backend.ts";
import type { Clock } from "../../../web/server/clock.ts";
import { createServer } from "../../../web/server/server.ts";
import { Sessions } from "../../../web/server/sessions.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryBackend } from "./memory-backend.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

export class TestServer implements AsyncDisposable {
  readonly server: FastifyInstance;
  readonly sessions = new Sessions();
  readonly reports: unknown[] = [];
  port = 0;

  constructor(appDirectory: string, backend: Backend, clock: Clock) {
    const { sessions } = this;
    const report = (error: unknown): void => void this.reports.push(error);
    this.server = createServer({ host: "127.0.0.1", port: 0, sessions, backend, clock, appDirectory, report });
  }

  async listen(): Promise<this> {
    await this.server.listen({ host: "127.0.0.1", port: 0 });
    const address = this.server.server.address();
    if (address === null || typeof address === "string") throw new Error("the test's server does not listen on a port");
    this.port = address.port;
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Signs in and gives back the Cookie header. */
  async signIn(): Promise<string> {
    const answer = await this.ask(`/?token=${this.sessions.renewToken()}`);
    return (answer.headers["set-cookie"]?.[0] ?? "").split(";", 1)[0] ?? "";
  }

  /** One request, exactly as asked for. */
  async ask(path: string, { method = "GET", headers = {}, body }: RequestOptions = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const request = httpRequest({ host: "127.0.0.1", port: this.port, path, method, headers, agent: false });
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode = 0, headers: received } = response;
        resolve({ status: statusCode, headers: received, body: Buffer.concat(chunks).toString("utf8") });
      });
    });
    request.on("error", reject);
    request.end(body);
    return promise;
  }

  /** A request of the app itself: right Origin, JSON. */
  async call(cookie: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const headers: Record<string, string> = { cookie, origin: this.origin };
    if (body === undefined) return this.ask(path, { method, headers });
    headers["content-type"] = "application/json";
    return this.ask(path, { method, headers, body: JSON.stringify(body) });
  }

  /** Asks, and gives back how to leave before the answer has come. */
  leave(cookie: string, method: string, path: string, body: unknown): () => void {
    const headers = { cookie, origin: this.origin, "content-type": "application/json" };
    const request = httpRequest({ host: "127.0.0.1", port: this.port, path, method, headers, agent: false });
    request.on("error", () => {});
    request.on("response", (response) => response.on("error", () => {}).resume());
    request.end(JSON.stringify(body));
    return () => request.destroy();
  }

  /** The status that an attempt to open a WebSocket is answered with: 101 if it opens. */
  async upgradeStatus(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, { headers });
    socket.on("open", () => resolve(101));
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
    socket.on("error", () => resolve(0));
    const status = await promise;
    socket.terminate();
    return status;
  }

  /** An open WebSocket to the terminals' address. */
  async connect(cookie: string): Promise<TestViewer> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/api/terminal`, {
      headers: { cookie, origin: this.origin },
    });
    const viewer = new TestViewer(socket);
    await once(socket, "open");
    return viewer;
  }

  /** A viewer that has been let into a terminal and has got its snapshot. */
  async view(cookie: string, terminal: string): Promise<TestViewer> {
    const viewer = await this.connect(cookie);
    viewer.send({ kind: "hello", ticket: await this.ticket(cookie, terminal) });
    await viewer.until((frame) => frame.kind === "snapshot");
    return viewer;
  }

  async ticket(cookie: string, terminal: string): Promise<string> {
    const answer = await this.call(cookie, "POST", "/api/tickets", { terminal });
    const { ticket }: { ticket: string } = JSON.parse(answer.body);
    return ticket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** A server with machines of memory and a clock that the test moves. */
export class MemoryServer extends TestServer {
  readonly backend: MemoryBackend;
  readonly clock: ManualClock;

  constructor(appDirectory: string, backend = new MemoryBackend(), clock = new ManualClock()) {
    super(appDirectory, backend, clock);
    this.backend = backend;
    this.clock = clock;
  }

  static listen(appDirectory: string): Promise<MemoryServer> {
    return new MemoryServer(appDirectory).listen();
  }
}

/** A browser's end of a terminal: keeps what came, and lets a test wait for a frame instead of for a time. */
export class TestViewer {
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  #wake: () => void = () => {};
  #acknowledgeEvery = Number.POSITIVE_INFINITY;
  #unackedBytes = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
    this.closed = promise;
    socket.on("message", (message) => {
      if (!Buffer.isBuffer(message)) throw new Error("ws gave something else than a buffer");
      const frame = decodeServerFrame(message);
      this.frames.push(frame);
      if (frame.kind === "data") this.#parsed(frame.bytes.length);
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", (code, reason) => {
      resolve({ code, reason: reason.toString("utf8") });
      this.#wake();
    });
  }

  send(frame: Frame): void {
    this.#socket.send(encodeFrame(frame));
  }

  /** From now on acknowledges what it gets as a browser does, when a terminal has parsed it. */
  acknowledgeAll(everyBytes: number = ACK_EVERY_BYTES): void {
    this.#acknowledgeEvery = everyBytes;
  }

  sendRaw(message: string | Uint8Array): void {
    this.#socket.send(message);
  }

  type(text: string): void {
    this.send({ kind: "data", bytes: Buffer.from(text, "utf8") });
  }

  /** What the program has printed to this viewer, snapshots left out. */
  get output(): string {
    const chunks = this.frames.map((frame) => (frame.kind === "data" ? frame.bytes : new Uint8Array(0)));
    return Buffer.concat(chunks).toString("utf8");
  }

  /** The first frame that is as wanted, as soon as it has come. */
  async until<Wanted extends ServerFrame>(isWanted: (frame: ServerFrame) => frame is Wanted): Promise<Wanted>;
  async until(isWanted: (frame: ServerFrame) => boolean): Promise<ServerFrame>;
  async until(isWanted: (frame: ServerFrame) => boolean): Promise<ServerFrame> {
    for (;;) {
      const frame = this.frames.find(isWanted);
      if (frame !== undefined) return frame;
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("the connection closed before the frame came");
      await this.#next();
    }
  }

  /** Resolves when the output contains the text. */
  async shows(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error(`the connection closed before ${text} came`);
      await this.#next();
    }
  }

  close(): void {
    this.#socket.terminate();
  }

  #parsed(bytes: number): void {
    this.#unackedBytes += bytes;
    if (this.#unackedBytes < this.#acknowledgeEvery) return;
    this.send({ kind: "ack", parsedBytes: this.#unackedBytes });
    this.#unackedBytes = 0;
  }

  async #next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }
}
