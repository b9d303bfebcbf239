/**
 * Asking the server: every answer is parsed, every failure says what was asked, why it failed and what to do.
 */

import { signal } from "@preact/signals-core";
import * as z from "zod/mini";
import { problemSchema } from "../../protocol/problem.ts";

/** Why a request came to nothing. */
export type FailureKind = "offline" | "signed-out" | "refused";

export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly kind: FailureKind;
  readonly fix: string | undefined;

  constructor(kind: FailureKind, message: string, fix: string | undefined, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.fix = fix;
  }
}

/** What to do where nobody answers, or nobody knows us. */
const FIXES = {
  offline: "Start it with `ringside serve` (or `npm start`) and open the address that it prints.",
  "signed-out": "Open the address that `ringside serve` has printed: it carries a token that signs this browser in.",
} as const;

/** What the last request found: so that a page can say once that the server is gone, rather than at every button. */
export const lastFailure = signal<RequestError | undefined>(undefined);

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * A request of which only the answer's body is wanted, unread: for streams.
 *
 * @param what what is being done, for the error: "list the machines"
 * @throws RequestError
 */
export async function openRequest(what: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const response = await send(what, path, options);
  if (response.ok) {
    lastFailure.value = undefined;
    return response;
  }
  throw await refusal(what, response);
}

/**
 * A request with a JSON answer.
 *
 * @throws RequestError also where the answer is not what the schema says
 */
export async function request<Schema extends z.ZodMiniType>(
  what: string,
  path: string,
  schema: Schema,
  options: RequestOptions = {},
): Promise<z.output<Schema>> {
  const response = await openRequest(what, path, options);
  const parsed = z.safeParse(schema, await response.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  throw new RequestError(
    "refused",
    `could not ${what}: the server's answer is not understood`,
    "Reload the page: the server may be of another version.",
    {
      cause: parsed.error,
    },
  );
}

async function send(what: string, path: string, options: RequestOptions): Promise<Response> {
  const { method = "GET", body, signal: abort } = options;
  try {
    return await fetch(path, {
      method,
      credentials: "same-origin",
      ...(abort === undefined ? {} : { signal: abort }),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  } catch (cause) {
    if (abort?.aborted === true) throw cause;
    throw remember(
      new RequestError("offline", `could not ${what}: the server does not answer`, FIXES.offline, { cause }),
    );
  }
}

async function refusal(what: string, response: Response): Promise<RequestError> {
  const problem = z.safeParse(problemSchema, await response.json().catch(() => undefined));
  if (response.status === 401) {
    return remember(
      new RequestError("signed-out", `could not ${what}: this browser is not signed in`, FIXES["signed-out"]),
    );
  }
  if (!problem.success) {
    const gone = response.status === 404 || response.status >= 502;
    if (gone)
      return remember(
        new RequestError("offline", `could not ${what}: there is no Ringside server behind this page`, FIXES.offline),
      );
    return new RequestError("refused", `could not ${what}: the server answered ${response.status}`, undefined);
  }
  return new RequestError("refused", problem.data.error, problem.data.fix);
}

function remember(error: RequestError): RequestError {
  lastFailure.value = error;
  return error;
}
