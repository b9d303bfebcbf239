/**
 * The room server, put together: guards first, then the app's files, then the API. Each idea is in its own file; this
 * one says what there is and in which order it comes.
 */

import fastifyCookie from "@fastify/cookie";
import fastifyHelmet from "@fastify/helmet";
import fastifyRateLimit from "@fastify/rate-limit";
import fastifyWebsocket from "@fastify/websocket";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { MAX_FRAME_BYTES } from "../protocol/frame.ts";
import type { Backend } from "./backend.ts";
import { Benchmarks } from "./benchmarks.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { HELMET_OPTIONS } from "./guard/headers.ts";
import { allowedHosts } from "./guard/hosts.ts";
import { checkApiRequest, checkRequest } from "./guard/requests.ts";
import { Lab } from "./lab/lab.ts";
import { LIMITS, RATES } from "./limits.ts";
import { Measuring } from "./measuring.ts";
import { answerProblems, HttpProblem } from "./problem.ts";
import { addBenchmarkRoutes } from "./routes/benchmark.ts";
import { addDoctorRoute } from "./routes/doctor.ts";
import { addLabRoutes } from "./routes/lab.ts";
import { addLessonRoutes } from "./routes/lessons.ts";
import { addRaceRoute } from "./routes/race.ts";
import { sessionOf, signIn } from "./routes/sign-in.ts";
import { addTerminalRoutes } from "./routes/terminals.ts";
import type { Sessions } from "./sessions.ts";
import { addApp } from "./static.ts";
import { closeSocket } from "./terminal/connection.ts";
import { Tickets } from "./tickets.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 lets the kernel choose; the guards then follow what it chose. */
  readonly port: number;
  /** Names besides loopback and `host` under which it may be addressed, with or without a port. */
  readonly allowedHosts?: readonly string[];
  readonly sessions: Sessions;
  readonly backend: Backend;
  /** Where the app was built. */
  readonly appDirectory: string;
  readonly clock?: Clock;
  /** Takes the errors that are the server's own fault. */
  readonly report: (error: unknown) => void;
}

/** How long a browser may take to agree to the end of its WebSocket when the server stops. */
const GOODBYE_MS = 500;

/**
 * A server that is ready to listen. Closing it removes every machine of its lab and closes the backend.
 */
export function createServer(options: ServerOptions): FastifyInstance {
  const { sessions, backend, report, clock = SYSTEM_CLOCK } = options;
  const server = Fastify({
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: 30_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 128 },
  });
  server.server.maxConnections = LIMITS.sockets;
  const lab = new Lab(backend, clock);
  const measuring = new Measuring();
  const benchmarks = new Benchmarks(backend.benchmark, measuring, report);
  const port = (): number => {
    const address = server.server.address();
    return typeof address === "object" && address !== null ? address.port : options.port;
  };
  const hosts = rememberPerPort(port, () => allowedHosts({ host: options.host, port: port() }, options.allowedHosts));

  server.setErrorHandler(answerProblems(report));
  // Only JSON comes in: a form or plain text could be sent by any page without asking.
  server.removeContentTypeParser("text/plain");
  server.addHook("preClose", async () => lab.close());
  server.addHook("preClose", async () => benchmarks.stop());
  server.addHook("onClose", async () => backend.close());
  addPlugins(server, clock);
  // After the plugins: a refusal carries the security headers too, and a refused upgrade's connection is closed.
  server.after((error) => {
    if (error) throw error;
    server.addHook("onRequest", async (request) => checkRequest(request, hosts()));
  });

  const sendPage = addApp(server, options.appDirectory);
  server.get("/", (request, reply) => (signIn(request, reply, sessions, port()) ? reply : sendPage(reply)));

  server.register(
    async (api) => {
      api.addHook("onRequest", async (request, reply) => {
        checkApiRequest(request, sessionOf(request, sessions, port()));
        reply.header("cache-control", "no-store");
      });
      for (const path of ["/", "/*"]) api.all(path, answerNothing);
      addDoctorRoute(api, backend);
      addLabRoutes(api, lab);
      addTerminalRoutes(api, {
        lab,
        tickets: new Tickets(clock),
        clock,
        session: (request) => sessionOf(request, sessions, port()) ?? "",
        report,
      });
      addRaceRoute(api, backend, measuring, report);
      addBenchmarkRoutes(api, backend.benchmark, benchmarks);
      addLessonRoutes(api, lab);
    },
    { prefix: "/api" },
  );
  return server;
}

/** An address of the API that nobody has; without this the app's files would be asked, and in the end its page. */
function answerNothing(request: FastifyRequest): never {
  throw new HttpProblem(404, `there is nothing at ${request.method} ${request.url}`);
}

function addPlugins(server: FastifyInstance, clock: Clock): void {
  server.register(fastifyHelmet, HELMET_OPTIONS);
  server.register(fastifyCookie);
  server.register(fastifyRateLimit, {
    max: RATES.everything.max,
    timeWindow: RATES.everything.windowMs,
    errorResponseBuilder: (_request, { after }) =>
      new HttpProblem(429, "too many requests in a short time", `wait ${after} and try again`),
  });
  server.register(fastifyWebsocket, {
    options: { maxPayload: MAX_FRAME_BYTES },
    preClose(this: FastifyInstance, done: () => void) {
      const { clients } = this.websocketServer;
      for (const socket of clients) closeSocket(socket, "stopping");
      clock.after(GOODBYE_MS, () => {
        for (const socket of clients) socket.terminate();
      });
      this.websocketServer.close();
      done();
    },
  });
}

/** Computes again only when the port has changed, which it does once: when the server starts to listen on port 0. */
function rememberPerPort<Value>(port: () => number, compute: () => Value): () => Value {
  let known: { readonly port: number; readonly value: Value } | undefined;
  return () => {
    if (known?.port !== port()) known = { port: port(), value: compute() };
    return known.value;
  };
}
