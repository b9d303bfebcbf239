/**
 * The app's files from dist/web, as the set-up built them. An address of the app that is no file is the app's own
 * affair (its router reads it): such a request gets index.html.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { HttpProblem } from "./problem.ts";

const INDEX = "index.html";

/** Built files carry a hash in their names (vite.dev/guide/build): what has one never changes. */
const HASHED = /\/assets\//;

/**
 * Adds the app.
 *
 * @param directory where it was built; it need not exist: then every page says what to do
 * @returns answers a request with the app's one page
 */
export function addApp(server: FastifyInstance, directory: string): (reply: FastifyReply) => FastifyReply {
  const isBuilt = existsSync(join(directory, INDEX));
  if (isBuilt) {
    server.register(fastifyStatic, {
      root: directory,
      index: false,
      dotfiles: "ignore",
      cacheControl: false,
      setHeaders: (reply, path) => {
        reply.header("cache-control", HASHED.test(path) ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  }
  const sendPage = (reply: FastifyReply): FastifyReply => {
    if (isBuilt) return reply.sendFile(INDEX);
    throw new HttpProblem(503, "the app has not been built yet", "run `npm run build` and start the server again");
  };
  server.setNotFoundHandler((request, reply) => {
    if (isPage(request)) return sendPage(reply);
    throw new HttpProblem(404, `there is nothing at ${request.method} ${request.url}`);
  });
  return sendPage;
}

/** Whether a browser asks for a page, and not for a file that is missing. */
function isPage(request: FastifyRequest): boolean {
  const path = request.url.split("?", 1)[0] ?? "/";
  const last = path.split("/").at(-1) ?? "";
  const isReading = request.method === "GET" || request.method === "HEAD";
  return isReading && request.headers.upgrade === undefined && !last.includes(".");
}
