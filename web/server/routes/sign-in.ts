/**
 * `GET /?token=…`: the one-time token for a session. The cookie is out of reach of scripts and is sent by nobody else's
 * pages; it carries the port in its name, since browsers do not keep the ports of one host apart (RFC 6265 §8.5).
 */

import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod/mini";
import { HttpProblem } from "../problem.ts";
import type { Sessions } from "../sessions.ts";

const querySchema = z.object({ token: z.string().check(z.minLength(1), z.maxLength(256)) });

/** The name of the session's cookie on a port. */
export function cookieName(port: number): string {
  return `ringside-${port}`;
}

/** The identity of the session behind a request, if there is one. */
export function sessionOf(request: FastifyRequest, sessions: Sessions, port: number): string | undefined {
  return sessions.find(request.cookies[cookieName(port)]);
}

/**
 * Answers a request that carries a token: sends a browser on to the app, with a session.
 *
 * @returns whether it carried one
 * @throws HttpProblem 403 where the token is not valid, or not any more
 */
export function signIn(request: FastifyRequest, reply: FastifyReply, sessions: Sessions, port: number): boolean {
  const query = z.safeParse(querySchema, request.query);
  // HEAD is how programs look at a link before a person follows it; that must not use it up.
  if (!query.success || request.method !== "GET") return false;
  const secret = sessions.exchange(query.data.token);
  if (secret !== undefined) {
    reply.setCookie(cookieName(port), secret, { httpOnly: true, sameSite: "strict", path: "/" });
  } else if (sessionOf(request, sessions, port) === undefined) {
    throw new HttpProblem(
      403,
      "this address has been used already, or belongs to an earlier start of the server",
      "go to where `ringside serve` runs: press Enter there for a new address, or start it again",
    );
  }
  // The token must not stay in the address bar; the answer must stay nowhere.
  void reply.header("cache-control", "no-store").redirect("/", 303);
  return true;
}
