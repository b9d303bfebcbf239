/**
 * What a request has to pass before a route sees it. Every request, upgrades to WebSocket included: an exact Host, and
 * an exact Origin where it changes something. Those of /api also: no other site behind them, and a session. The checks
 * of /api belong to its routes and not to the text of an address, since one address can be written in many ways.
 */

import type { FastifyRequest } from "fastify";
import { HttpProblem } from "../problem.ts";

/** RFC 9110 §9.2.1: these change nothing. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** What a browser says about pages of this very origin, and about addresses that a person typed (W3C Fetch Metadata). */
const OWN_SITES = new Set(["same-origin", "none"]);

/**
 * What holds for every request.
 *
 * @throws HttpProblem 403 for a foreign Host or Origin
 */
export function checkRequest(request: FastifyRequest, hosts: ReadonlySet<string>): void {
  checkHost(request, hosts);
  checkOrigin(request, hosts);
}

/**
 * What holds for the routes of /api on top of it.
 *
 * @param session the identity of the session that the request's cookie opens
 * @throws HttpProblem 403 for another site, 401 without a session
 */
export function checkApiRequest(request: FastifyRequest, session: string | undefined): void {
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && !OWN_SITES.has(String(site))) {
    throw new HttpProblem(403, "a page of another origin may not use this server");
  }
  if (session !== undefined) return;
  throw new HttpProblem(
    401,
    "this browser has no session with the server",
    "open the address that `ringside serve` printed; each address works once",
  );
}

function checkHost(request: FastifyRequest, hosts: ReadonlySet<string>): void {
  const values = headerValues(request, "host");
  const [host] = values;
  if (values.length === 1 && host !== undefined && hosts.has(host.toLowerCase())) return;
  throw new HttpProblem(
    403,
    `this server is not ${host === undefined ? "a host without a name" : JSON.stringify(host)}`,
    `open it under one of: ${[...hosts].map((name) => `http://${name}/`).join(" ")}`,
  );
}

function checkOrigin(request: FastifyRequest, hosts: ReadonlySet<string>): void {
  const [origin] = headerValues(request, "origin");
  if (origin === undefined) {
    if (SAFE_METHODS.has(request.method) && !isUpgrade(request)) return;
    throw new HttpProblem(403, "a request that changes something has to say where it comes from (Origin)");
  }
  // Host and Origin have to be the same server, not merely two of its names: a session belongs to one of them.
  const own = `http://${request.headers.host?.toLowerCase() ?? ""}`;
  if (headerValues(request, "origin").length === 1 && origin === own && hosts.has(own.slice("http://".length))) return;
  throw new HttpProblem(403, `a page of ${JSON.stringify(origin)} may not use this server`);
}

function isUpgrade(request: FastifyRequest): boolean {
  return request.headers.upgrade !== undefined;
}

/** Every occurrence of a header: Node joins or drops duplicates, and a check must not see less than a proxy did. */
function headerValues(request: FastifyRequest, name: string): string[] {
  const raw = request.raw.rawHeaders;
  return raw.filter((_value, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
}
